"""A service that burns so much CPU time over each request, and may end after some.

burning.py PORT MICROSECONDS [REQUESTS]
"""

import asyncio
import itertools
import os
import sys
import time

BURN = int(sys.argv[2]) / 1e6
LAST = int(sys.argv[3]) if len(sys.argv) > 3 else 0
served = itertools.count(1)


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while await reader.readuntil(b"\r\n\r\n"):
            until = time.thread_time() + BURN
            while time.thread_time() < until:
                pass
            if next(served) == LAST:
                os._exit(7)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def main() -> None:
    server = await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()


asyncio.run(main())
