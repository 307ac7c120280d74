"""A target that stalls once a second, as one does whose garbage collector stops it."""

import asyncio
import threading
import time
from types import TracebackType
from typing import Self

STALL_SECONDS = 0.2
EVERY_SECONDS = 1.0
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class StallingServer:
    """Answers at once, but for the first 0.2 s of every second, in which it does nothing at all."""

    def __init__(self) -> None:
        self.host = ""
        self._loop = asyncio.new_event_loop()
        self._serving = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._serving.wait(10)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self) -> None:
        server = self._loop.run_until_complete(asyncio.start_server(_answer, "127.0.0.1", 0))
        self.host = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._stall(time.monotonic())
        self._serving.set()
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(server.wait_closed())
        self._loop.close()

    def _stall(self, began: float) -> None:
        """Stall to a fixed time, so that a late start makes it no longer."""
        time.sleep(max(0.0, began + STALL_SECONDS - time.monotonic()))
        again = began + EVERY_SECONDS
        self._loop.call_later(again - time.monotonic(), self._stall, again)


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while await reader.readuntil(b"\r\n\r\n"):
            writer.write(ANSWER)
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()
