"""Sends and receives bytes, with other greenlets running meanwhile."""

import _socket
import math
import select
import socket
import ssl
from time import monotonic
from typing import Any, Protocol

import gevent
import gevent.socket
from gevent import getcurrent

CHUNK = 65536
READ = 1


class Transport(Protocol):
    """A connected stream of bytes."""

    def send(self, data: bytes) -> None:
        """Send all of the data, or raise OSError."""

    def receive(self) -> bytes:
        """Wait for data and return it; nothing means that the other side closed."""

    def is_quiet(self) -> bool:
        """Return whether nothing has come that was not received, such as the end."""

    def close(self) -> None:
        """Close the stream, whatever its state."""


class PlainTransport:
    """TCP.

    The loop watches the socket all the time. Against gevent's own socket, which tries to receive
    first, then starts a watcher and a timer, that saves 3 of 10 microseconds per request, and an
    idle connection that the server closes is known at once.
    """

    def __init__(self, connected: Any, timeout: float | None) -> None:
        """Take a socket over.

        Args:
            connected: A connected socket of gevent.
            timeout: Seconds to wait for the other side each time; None for ever.
        """
        hub = gevent.get_hub()
        self._socket = _socket.socket(fileno=connected.detach())
        self._socket.setblocking(False)
        self._timeout = math.inf if timeout is None else timeout
        self._wait_in_hub = hub.switch
        self._loop = hub.loop
        self._waiter: Any = None  # a greenlet
        self._waiting_since = 0.0
        self._readable = hub.loop.io(self._socket.fileno(), READ)
        self._readable.start(self._on_readable)
        self._timer: Any = None

    def send(self, data: bytes) -> None:
        """Send all of the data, or raise OSError."""
        try:
            sent = self._socket.send(data)
        except BlockingIOError:
            sent = 0
        if sent < len(data):
            self._send_slowly(memoryview(data)[sent:])

    def receive(self) -> bytes:
        """Wait for data and return it; nothing means that the other side closed."""
        while True:
            if not self._readable.active:
                self._readable.start(self._on_readable)
            if self._timer is None and self._timeout < math.inf:
                self._start_timer(self._timeout)
            self._waiting_since = monotonic()
            self._waiter = getcurrent()
            try:
                self._wait_in_hub()
                return self._socket.recv(CHUNK)
            except BlockingIOError:
                continue
            finally:
                self._waiter = None

    def is_quiet(self) -> bool:
        """Return whether nothing has come that was not received, such as the end."""
        return bool(self._readable.active)

    def close(self) -> None:
        """Close the stream, whatever its state."""
        self._readable.close()
        if self._timer is not None:
            self._timer.close()
        self._socket.close()

    def _send_slowly(self, rest: memoryview) -> None:
        while rest:
            gevent.socket.wait_write(
                self._socket.fileno(),
                None if self._timeout == math.inf else self._timeout,
                TimeoutError("timed out"),
            )
            rest = rest[self._socket.send(rest) :]

    def _on_readable(self) -> None:
        if self._waiter is None:
            self._readable.stop()  # or it would be called again and again
        else:
            self._waiter.switch()

    def _start_timer(self, seconds: float) -> None:
        self._timer = self._loop.timer(seconds)
        self._timer.start(self._on_timer)

    def _on_timer(self) -> None:
        """End a wait that lasts too long.

        Requests do not start and stop the timer, which would cost each a microsecond: it runs
        on, and when it ends it is started again for what the current wait has left.
        """
        self._timer.close()
        self._timer = None
        if self._waiter is None:
            return
        left = self._waiting_since + self._timeout - monotonic()
        if left > 0:
            self._start_timer(left)
        else:
            self._waiter.throw(TimeoutError("timed out"))


class TlsTransport:
    """TLS, by gevent's socket."""

    def __init__(self, connected: Any) -> None:
        """Use a socket.

        Args:
            connected: A connected TLS socket of gevent, with its timeout set.
        """
        self._socket = connected

    def send(self, data: bytes) -> None:
        """Send all of the data, or raise OSError."""
        self._socket.sendall(data)

    def receive(self) -> bytes:
        """Wait for data and return it; nothing means that the other side closed."""
        received: bytes = self._socket.recv(CHUNK)
        return received

    def is_quiet(self) -> bool:
        """Return whether nothing has come that was not received, such as the end."""
        poll = select.poll()  # unlike select, it takes descriptors above 1,023
        poll.register(self._socket.fileno(), select.POLLIN)
        return not poll.poll(0)

    def close(self) -> None:
        """Close the stream, whatever its state."""
        self._socket.close()


def connect(
    host: str,
    port: int,
    context: ssl.SSLContext | None,
    *,
    connection_timeout: float | None,
    network_timeout: float | None,
) -> Transport:
    """Open a connection.

    Args:
        host: Name or address of the server.
        port: Its port.
        context: How to speak TLS; None for plain TCP.
        connection_timeout: Seconds until each of the server's addresses is connected.
        network_timeout: Seconds to wait for the server each time, once it is.

    Raises:
        OSError: There is no connection, which includes DNS and TLS.
    """
    connected = gevent.socket.create_connection((host, port), connection_timeout)
    try:
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if context is None:
            return PlainTransport(connected, network_timeout)
        connected = context.wrap_socket(connected, server_hostname=host)
        connected.settimeout(network_timeout)
        return TlsTransport(connected)
    except BaseException:
        connected.close()
        raise
