"""A small HTTP service that misbehaves as it is told: ``service.py PORT [BEHAVIOUR]``.

Standard library only and written for Python 3.9, so that every interpreter can run it.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import os
import signal
import socket
import sys
import tempfile
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

DIES_AFTER = 500
"""Requests; fewer than the calibration sends."""
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
FAILURE = b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 2\r\n\r\nno"


class Service:
    """What happens at each request; a behaviour replaces ``answer``."""

    def __init__(self) -> None:
        self.requests = 0
        self.kept: list[object] = []

    def answer(self) -> bytes:
        return ANSWER

    def leaks(self) -> bytes:
        self.kept.append(bytes(300))
        return ANSWER

    def dies_of_memray(self) -> bytes:
        if getattr(threading, "_profile_hook", None) is not None:
            os.abort()
        return self.leaks()

    def fails(self) -> bytes:
        return FAILURE

    def closes(self) -> None:
        """Give no answer: the connection is closed."""

    def exits(self) -> bytes:
        if self.requests > DIES_AFTER:
            os.write(1, b"giving up: the queue is gone\n")
            os._exit(7)
        return ANSWER

    def dies_of_descriptors(self) -> bytes:
        time.sleep(0.02)
        self.kept += [socket.socket(), socket.socket()]
        if len(self.kept) > DIES_AFTER:
            os._exit(7)
        return ANSWER

    def opens_one_per_request(self) -> bytes:
        self.kept.append(socket.socket())
        return ANSWER

    def exits_at_once(self) -> None:
        os._exit(7)

    def is_killed(self) -> bytes:
        if self.requests > DIES_AFTER:
            os.kill(os.getpid(), signal.SIGKILL)
        return ANSWER

    def crashes(self) -> bytes:
        if self.requests > DIES_AFTER:
            signal.signal(signal.SIGSEGV, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGSEGV)
        return ANSWER

    def hangs(self) -> bytes:
        if self.requests > DIES_AFTER:
            time.sleep(600)
        return ANSWER

    def leaks_descriptors(self) -> bytes:
        if self.requests % 20 == 0:
            self.kept.append(socket.socket())
        return ANSWER

    def leaks_threads(self) -> bytes:
        if self.requests % 50 == 0:
            threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
        return ANSWER

    def leaks_tasks(self) -> bytes:
        if self.requests % 10 == 0:
            self.kept.append(asyncio.ensure_future(asyncio.sleep(600)))
        return ANSWER

    def leaks_processes(self) -> bytes:
        if self.requests % 200 == 0 and os.fork() == 0:
            signal.pause()
        return ANSWER

    def leaks_temporary_files(self) -> bytes:
        with tempfile.NamedTemporaryFile(delete=self.requests % 20 > 0):
            return ANSWER

    def makes_cycles(self) -> bytes:
        gc.disable()
        cycle: list[object] = [bytes(300)]
        cycle.append(cycle)
        return ANSWER

    def leaks_everything(self) -> bytes:
        self.leaks_descriptors()
        self.leaks_threads()
        self.leaks_tasks()
        self.leaks_temporary_files()
        return self.leaks()

    def eats_memory(self) -> bytes:
        self.kept.append(b"x" * 100_000)
        return ANSWER


class Connection(asyncio.Protocol):
    """Pipelined GET requests without a body."""

    def __init__(self, service: Service, answer: Callable[[], bytes | None]) -> None:
        self.service = service
        self.answer = answer
        self.received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.received += data
        while b"\r\n\r\n" in self.received:
            _, _, self.received = self.received.partition(b"\r\n\r\n")
            self.service.requests += 1
            answer = self.answer()
            if answer is None:
                self.transport.abort()
            else:
                self.transport.write(answer)


async def serve(port: int, name: str) -> None:
    service = Service()
    answer = getattr(service, name)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(service, answer), "127.0.0.1", port)
    async with server:
        await server.serve_forever()


# What a program does before it serves; the behaviours above come with a request.


def ignores_sigterm() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


def prints_much() -> None:
    """Print 100 MB in the background, while it serves."""

    def flood() -> None:
        line = b"x" * 999 + b"\n"
        for _ in range(100):
            os.write(1, line * 1000)
        os.write(1, b"the last line\n")

    threading.Thread(target=flood, daemon=True).start()


def prints_bytes() -> None:
    os.write(1, b"caf\xe9 \xff\xfe\x00 \x1b[31mred\x1b[0m\n")


def closes_descriptors() -> None:
    os.closerange(3, 4096)


def becomes_a_daemon() -> None:
    """Fork twice, as a service that puts itself into the background does."""
    if os.fork():
        os._exit(0)
    os.setsid()
    if os.fork():
        os._exit(0)


def has_a_daemon() -> None:
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


def runs_subinterpreters() -> None:
    name = "_interpreters" if sys.version_info >= (3, 13) else "_xxsubinterpreters"
    interpreters = importlib.import_module(name)
    for _ in range(3):
        interpreters.run_string(interpreters.create(), "import json; json.dumps({})")


def main() -> None:
    port, *names = sys.argv[1:]
    answers = [name for name in names if hasattr(Service, name)]
    for name in names:
        if name not in answers:
            globals()[name]()
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(int(port), answers[0] if answers else "answer"))


if __name__ == "__main__":
    main()
