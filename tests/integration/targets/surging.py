"""A service that bears a sudden load, or that drops requests and stays slow for a while after it.

    surging.py PORT [SLOW_SECONDS]

Above 300 requests in a second, with SLOW_SECONDS, it answers some with 503, and from then on takes
60 ms for each request until that many seconds have passed without such a second.
"""

import asyncio
import sys
import time

BUSY = 300
SLOW = 0.06


class Service:
    """Counts the requests of each second."""

    def __init__(self, slow_seconds: float) -> None:
        self._slow_seconds = slow_seconds
        self._slow_until = 0.0
        self._second, self._count = 0, 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(await self._answer())
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self) -> bytes:
        now = time.monotonic()
        if int(now) != self._second:
            self._second, self._count = int(now), 0
        self._count += 1
        if self._slow_seconds and self._count > BUSY:
            self._slow_until = now + self._slow_seconds
            if self._count % 10 == 0:
                return b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"
        await asyncio.sleep(SLOW if now < self._slow_until else 0.001)
        return b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def main() -> None:
    slow = float(sys.argv[2]) if len(sys.argv) > 2 else 0.0
    server = await asyncio.start_server(Service(slow).serve, "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()


asyncio.run(main())
