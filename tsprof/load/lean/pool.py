"""The connections of one user, kept open from request to request."""

import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import gevent.lock
from geventhttpclient.response import HTTPConnectionClosed

from tsprof.load.lean.answer import AnswerReader
from tsprof.load.lean.transport import Transport, connect

IDEMPOTENT_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})


class Origin(NamedTuple):
    """A server."""

    scheme: str
    host: str
    port: int


class Connection:
    """A stream of bytes, and the reader of the answers on it."""

    def __init__(self, transport: Transport, line: "Line") -> None:
        """Use a connected transport.

        Args:
            transport: The stream.
            line: Where the connection belongs to.
        """
        self.transport = transport
        self.reader = AnswerReader()
        self._line = line

    def exchange(self, method: str, data: bytes, *, whole: bool) -> None:
        """Send a request, and read the answer into ``reader``.

        Args:
            method: The request's method.
            data: The request.
            whole: Whether to read the body as well.

        Raises:
            OSError: The connection broke, or the time is over.
            HTTPParseError: The answer is not HTTP, or its end is missing.
        """
        reader = self.reader
        reader.expect(method)
        # A server may answer before it stops to read; if it did not, reading fails as well.
        try:  # noqa: SIM105 - contextlib.suppress would cost 0.2 microseconds
            self.transport.send(data)
        except (BrokenPipeError, ConnectionResetError):
            pass
        receive = self.transport.receive
        while not (reader.complete or (reader.status and not whole)):
            reader.feed(receive())

    def read(self) -> bytes:
        """Return a further piece of the body; nothing at its end."""
        reader = self.reader
        while not reader.body and not reader.complete:
            reader.feed(self.transport.receive())
        piece = b"".join(reader.body)
        reader.body = []
        return piece

    def release(self) -> None:
        """Keep the connection for the next request if that is possible, or close it."""
        if self.reader.complete and self.reader.keep_alive:
            self._line.idle.append(self)
        else:
            self.transport.close()
        self._line.free.release()


@dataclass
class Line:
    """The connections to one server."""

    free: gevent.lock.BoundedSemaphore
    """Counts how many more may be in use at the same time."""
    idle: list[Connection] = field(default_factory=list)


class ConnectionPool:
    """Opens connections, reuses them, and closes them with itself."""

    def __init__(
        self,
        *,
        concurrency: int,
        connection_timeout: float | None,
        network_timeout: float | None,
        context_factory: Callable[[], ssl.SSLContext],
    ) -> None:
        """Open nothing yet.

        Args:
            concurrency: How many connections to one server may be in use at the same time.
            connection_timeout: Seconds to wait for a connection.
            network_timeout: Seconds to wait for the server each time, once it is connected.
            context_factory: Makes the TLS context, when the first one is needed.
        """
        self._concurrency = concurrency
        self._connection_timeout = connection_timeout
        self._network_timeout = network_timeout
        self._context_factory = context_factory
        self._context: ssl.SSLContext | None = None
        self._lines: dict[Origin, Line] = {}

    def exchange(self, origin: Origin, method: str, data: bytes, *, whole: bool) -> Connection:
        """Send a request, and read the answer.

        A request is sent a second time only if it is idempotent and went out on a connection
        that had been used before and that the server closed without a byte of an answer, as it
        may at any time.

        Args:
            origin: The server.
            method: The request's method in capitals.
            data: The request.
            whole: Whether to read the body as well.

        Returns:
            The connection, with the answer in its reader; to be released.

        Raises:
            OSError: The connection failed, or the time is over.
            HTTPParseError: The answer is not HTTP, or its end is missing.
        """
        line = self._lines.get(origin) or self._line(origin)
        line.free.acquire()
        connection = None
        try:
            connection = _idle(line)
            if connection is not None:
                try:
                    connection.exchange(method, data, whole=whole)
                except (ConnectionError, HTTPConnectionClosed):
                    if connection.reader.begun or method not in IDEMPOTENT_METHODS:
                        raise
                    connection.transport.close()
                    connection = None
                else:
                    return connection
            connection = Connection(self._connect(origin), line)
            connection.exchange(method, data, whole=whole)
        except BaseException:
            if connection is not None:
                connection.transport.close()
            line.free.release()
            raise
        return connection

    def close(self) -> None:
        """Close the connections that are not in use; the next request opens another."""
        for line in self._lines.values():
            while line.idle:
                line.idle.pop().transport.close()

    # The loop keeps what it watches alive, and Locust drops its users without closing them.
    __del__ = close

    def _line(self, origin: Origin) -> Line:
        line = Line(gevent.lock.BoundedSemaphore(self._concurrency))
        return self._lines.setdefault(origin, line)

    def _connect(self, origin: Origin) -> Transport:
        if origin.scheme == "https" and self._context is None:
            self._context = self._context_factory()
        return connect(
            origin.host,
            origin.port,
            self._context if origin.scheme == "https" else None,
            connection_timeout=self._connection_timeout,
            network_timeout=self._network_timeout,
        )


def _idle(line: Line) -> Connection | None:
    """Return a connection that seems to be open still."""
    while line.idle:
        connection = line.idle.pop()
        if connection.transport.is_quiet():
            return connection
        connection.transport.close()
    return None
