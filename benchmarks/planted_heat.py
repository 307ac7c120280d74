"""A service whose CPU time is known, for `flame_diff.py`: ``planted_heat.py PORT TIMES``.

Of a request's millisecond of CPU time 40 % is in ``hot``, which takes TIMES as long, and the rest
in ten functions as an application has them.
"""

import asyncio
import sys
import time
from typing import Any

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
REQUEST_SECONDS = 0.001
HOT = 0.4
OTHERS = ("authenticate", "parse", "validate", "load", "price", "rank", "render", "audit")
SPIN = """
def {name}(seconds):
    until = clock() + seconds
    while clock() < until:
        pass
"""


def functions() -> dict[str, Any]:
    """Return each function, compiled as source of its own."""
    made: dict[str, Any] = {"clock": time.thread_time}
    for name in ("hot", *OTHERS):
        exec(compile(SPIN.format(name=name), __file__, "exec"), made)
    return made


async def serve(port: int, times: float) -> None:
    """Answer every request after having burnt its time."""
    made = functions()
    each = (1 - HOT) * REQUEST_SECONDS / len(OTHERS)
    work = [(made["hot"], HOT * times * REQUEST_SECONDS), *((made[n], each) for n in OTHERS)]

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                for function, seconds in work:
                    function(seconds)
                writer.write(ANSWER)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async with await asyncio.start_server(handle, "127.0.0.1", port) as server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), float(sys.argv[2])))
