"""A server that does with each connection what a test tells it, wrong or right."""

import socket
import ssl
import struct
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

Step = bytes | float
CLOSE = b"close"
RESET = b"reset"
"""Steps; others are bytes to send and seconds to wait."""


@dataclass(frozen=True)
class Received:
    """A request, and the number of the connection that it came on."""

    connection: int
    method: str
    target: str
    headers: dict[str, str]
    body: bytes


class ScriptedServer:
    """Takes requests, and answers the first by the first script, and so on."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.received: list[Received] = []
        self.ended: list[int] = []
        self._scripts: list[Sequence[Step]] = []
        self._context = context
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]

    @property
    def host(self) -> str:
        return f"{'https' if self._context else 'http'}://127.0.0.1:{self.port}"

    @property
    def targets(self) -> list[str]:
        return [request.target for request in self.received]

    @property
    def connections(self) -> list[int]:
        return [request.connection for request in self.received]

    def will(self, *scripts: Sequence[Step]) -> None:
        self._scripts += scripts

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._listening.close()

    def _accept(self) -> None:
        number = 0
        while True:
            try:
                stream, _ = self._listening.accept()
            except OSError:
                return
            number += 1
            threading.Thread(target=self._serve, args=(stream, number), daemon=True).start()

    def _serve(self, stream: socket.socket, number: int) -> None:
        try:
            stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._context:
                stream = self._context.wrap_socket(stream, server_side=True)
            with stream, stream.makefile("rb") as lines:
                while self._take(lines, number) and self._play(stream):
                    pass
        except OSError:
            pass
        self.ended.append(number)

    def _take(self, lines: "socket.SocketIO", number: int) -> bool:
        first = lines.readline().split()
        if not first:
            return False
        headers = {}
        while (line := lines.readline().strip()) != b"":
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        body = lines.read(int(headers.get("content-length", 0))) or b""
        method, target = (word.decode("latin-1") for word in first[:2])
        self.received.append(Received(number, method, target, headers, body))
        return True

    def _play(self, stream: socket.socket) -> bool:
        """Follow the next script; False when that ended the connection."""
        for step in self._scripts.pop(0):
            if isinstance(step, float):
                time.sleep(step)
            elif step is CLOSE:
                stream.shutdown(socket.SHUT_RDWR)
                return False
            elif step is RESET:
                stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return False
            else:
                stream.sendall(step)
        return True
