"""A server that answers every request alike: ``python -m tsprof.capacity.stand_in``.

It says its port in one line, and ends when its standard input does.
"""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httptools

from tsprof.errors import LoadError
from tsprof.loopback import LOOPBACK

ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n"
    b'{"status":"ok"}'
)


class _Answering(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._parser = httptools.HttpRequestParser(self)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._transport.abort()

    def on_message_complete(self) -> None:
        self._transport.write(ANSWER)


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(_Answering, LOOPBACK, 0)
    over = asyncio.Event()
    loop.add_reader(sys.stdin, over.set)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201 - to who started it
    await over.wait()


@contextmanager
def stand_in() -> Iterator[str]:
    """Run the server in a process of its own while the with statement lasts; give its URL.

    Raises:
        LoadError: it does not start.
    """
    command = [sys.executable, "-m", "tsprof.capacity.stand_in"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            port = server.stdout.readline().decode().strip()
            if not port:
                raise LoadError("the server to calibrate with did not start")
            yield f"http://{LOOPBACK}:{port}"
        finally:
            server.stdin.close()


if __name__ == "__main__":
    asyncio.run(_serve())
