"""Messages over a socket to a child process. Imports neither Locust nor gevent."""

import socket

from tsprof.load.messages import Message, decode, encode

CHUNK = 1 << 18
MAX_LINE = 64_000_000
"""Bytes. The longest message, totals of 201 endpoints with full histograms, has some 5 MB."""
SEND_SECONDS = 2.0
"""A process that has left 200 kB of commands unread for so long does not work any more."""


class MessageSocket:
    """The parent's end of the socket."""

    def __init__(self, connected: socket.socket) -> None:
        """Take over a socket."""
        self._socket = connected
        self._socket.settimeout(SEND_SECONDS)
        self._buffer = bytearray()

    def fileno(self) -> int:
        """Return the file descriptor, which is readable when ``read`` has something to return."""
        return self._socket.fileno()

    def send(self, message: Message) -> None:
        """Send a message.

        Raises:
            TimeoutError: The process does not read.
            OSError: The process has ended.
        """
        self._socket.sendall(encode(message))

    def read(self) -> list[Message]:
        """Return the messages that have arrived, perhaps none as yet.

        Raises:
            EOFError: The process has ended, and all of its messages have been returned.
            ValueError: What arrived is not a message.
        """
        try:
            data = self._socket.recv(CHUNK)
        except ConnectionResetError:  # it ended with commands unread
            data = b""
        if not data:
            raise EOFError
        *lines, rest = (self._buffer + data).split(b"\n")
        self._buffer = rest
        if len(rest) > MAX_LINE:
            raise ValueError("a message without end")
        return [decode(bytes(line)) for line in lines]

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()
