"""A service whose CPU time is known: ``hot_service.py PORT [WORKERS [TIMES [DIES_AFTER]]]``.

40 % of the CPU time of a request is in ``hot``, which takes TIMES as long where that is given; of
several workers one exits after so many seconds, and for good. Standard library only.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import threading
import time

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
REQUEST_SECONDS = 0.001


def spin(seconds: float) -> None:
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


def hot(times: float) -> None:
    until = time.thread_time() + 0.4 * times * REQUEST_SECONDS
    while time.thread_time() < until:
        pass


def cold() -> None:
    spin(0.6 * REQUEST_SECONDS)


async def serve(listener: socket.socket, times: float) -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                hot(times)
                cold()
                writer.write(ANSWER)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(handle, sock=listener)
    await server.serve_forever()


def main() -> None:
    given = [float(word) for word in sys.argv[1:]]
    port, workers, times, dies_after = (given + [1.0, 1.0, 0.0][len(given) - 1 :])[:4]
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those that die
    for number in range(int(workers) - 1):
        if not os.fork():
            if dies_after and not number:
                threading.Timer(dies_after, os._exit, [1]).start()
            break
    # A listener of its own for each, among which the kernel divides the connections.
    asyncio.run(serve(socket.create_server(("127.0.0.1", int(port)), reuse_port=True), times))


if __name__ == "__main__":
    main()
