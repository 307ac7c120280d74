"""A small HTTP service that misbehaves as it is told: ``service.py PORT [BEHAVIOUR]``.

Standard library only and written for Python 3.9, so that every interpreter can run it.
"""

import asyncio
import gc
import os
import signal
import socket
import sys
import threading
import time
from contextlib import suppress

DIES_AFTER = 500
"""Requests; fewer than the calibration sends."""
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
FAILURE = b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 2\r\n\r\nno"


class Service:
    """What happens at each request; a behaviour replaces ``answer``."""

    def __init__(self):
        self.requests = 0
        self.kept = []

    def answer(self):
        return ANSWER

    def leaks(self):
        self.kept.append(bytes(300))
        return ANSWER

    def fails(self):
        return FAILURE

    def closes(self):
        return None

    def exits(self):
        if self.requests > DIES_AFTER:
            print("giving up: the queue is gone", flush=True)
            os._exit(7)
        return ANSWER

    def exits_at_once(self):
        os._exit(7)

    def is_killed(self):
        if self.requests > DIES_AFTER:
            os.kill(os.getpid(), signal.SIGKILL)
        return ANSWER

    def crashes(self):
        if self.requests > DIES_AFTER:
            signal.signal(signal.SIGSEGV, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGSEGV)
        return ANSWER

    def hangs(self):
        if self.requests > DIES_AFTER:
            time.sleep(600)
        return ANSWER

    def leaks_descriptors(self):
        if self.requests % 20 == 0:
            self.kept.append(socket.socket())
        return ANSWER

    def leaks_threads(self):
        if self.requests % 50 == 0:
            threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
        return ANSWER

    def leaks_tasks(self):
        if self.requests % 10 == 0:
            self.kept.append(asyncio.ensure_future(asyncio.sleep(600)))
        return ANSWER

    def leaks_processes(self):
        if self.requests % 200 == 0 and os.fork() == 0:
            signal.pause()
        return ANSWER

    def makes_cycles(self):
        gc.disable()
        cycle = [bytes(300)]
        cycle.append(cycle)
        return ANSWER

    def eats_memory(self):
        self.kept.append(b"x" * 100_000)
        return ANSWER


class Connection(asyncio.Protocol):
    """Pipelined GET requests without a body."""

    def __init__(self, service, answer):
        self.service = service
        self.answer = answer
        self.received = b""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.received += data
        while b"\r\n\r\n" in self.received:
            _, _, self.received = self.received.partition(b"\r\n\r\n")
            self.service.requests += 1
            answer = self.answer()
            if answer is None:
                self.transport.abort()
            else:
                self.transport.write(answer)


async def serve(port, name):
    service = Service()
    answer = getattr(service, name)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(service, answer), "127.0.0.1", port)
    async with server:
        await server.serve_forever()


# What a program does before it serves; the behaviours above come with a request.


def ignores_sigterm():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


def prints_much():
    """Print 100 MB in the background, while it serves."""

    def flood():
        line = b"x" * 999 + b"\n"
        for _ in range(100):
            os.write(1, line * 1000)
        os.write(1, b"the last line\n")

    threading.Thread(target=flood, daemon=True).start()


def prints_bytes():
    os.write(1, b"caf\xe9 \xff\xfe\x00 \x1b[31mred\x1b[0m\n")


def closes_descriptors():
    os.closerange(3, 4096)


def becomes_a_daemon():
    """Fork twice, as a service that puts itself into the background does."""
    if os.fork():
        os._exit(0)
    os.setsid()
    if os.fork():
        os._exit(0)


def has_a_daemon():
    """Stay in the foreground, and leave a process behind that no longer is a child."""
    if os.fork() == 0:
        os.setsid()
        if os.fork():
            os._exit(0)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        while True:
            signal.pause()
    os.wait()


def runs_subinterpreters():
    try:
        import _interpreters as interpreters
    except ImportError:
        import _xxsubinterpreters as interpreters
    for _ in range(3):
        interpreters.run_string(interpreters.create(), "import json; json.dumps({})")


def main():
    port, *names = sys.argv[1:]
    answers = [name for name in names if hasattr(Service, name)]
    for name in names:
        if name not in answers:
            globals()[name]()
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(int(port), answers[0] if answers else "answer"))


if __name__ == "__main__":
    main()
