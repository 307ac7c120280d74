"""Asks the target what it says of itself: ``/metrics``, ``/stats`` and the like."""

import socket
import ssl
import threading
import time
from contextlib import closing, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from tsprof.probes.exposition import Told, UnreadableError, read

PATIENCE = 2.0
"""Seconds that a reply may take from the first byte sent to the last one received."""
LARGEST_REPLY = 2_000_000
"""Bytes: some 20,000 series. Parsing them takes 0.5 s of a processor that the target shares."""
CHUNK = 65536
GOOD = range(200, 300)


@dataclass
class GaugeAddress:
    """One address at which the target tells of itself."""

    source: str
    """As the user gave it."""
    url: str
    keep: frozenset[str] = frozenset()
    """Names that the user named."""
    failures: int = 0
    """In a row."""
    noted: set[str] = field(default_factory=set)


class NoGaugesError(Exception):
    """The gauges could not be read; the message says why, to follow "/metrics: "."""


def ask(url: str, keep: frozenset[str] = frozenset()) -> Told:
    """Ask once, over a connection of its own, straight to that address.

    Args:
        url: a complete address; redirects and proxies are not followed.
        keep: see ``exposition.read``.

    Raises:
        NoGaugesError: no answer, a wrong one, a late or a too large one.
    """
    body = _fetch(url)
    try:
        told = read(body, keep)
    except UnreadableError as error:
        raise NoGaugesError(str(error)) from None
    if not told.levels and not told.totals:
        raise NoGaugesError("there is no number in it")
    return told


def _fetch(url: str) -> bytes:
    parts = urlsplit(url)
    connection = _connection(parts.scheme, parts.hostname or "", parts.port)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    began = time.monotonic()
    late = NoGaugesError(f"no complete answer within {PATIENCE:g} s")
    try:
        connection.connect()
        # A time limit of the socket's own begins anew with each byte.
        deadline = threading.Timer(PATIENCE, _hang_up, [connection.sock])
        deadline.daemon = True
        deadline.start()
        try:
            body = _answer(connection, path)
        finally:
            deadline.cancel()
    except (OSError, HTTPException, ValueError) as error:
        if time.monotonic() - began >= PATIENCE:
            raise late from None
        raise NoGaugesError(f"no answer ({_in_words(error)})") from None
    finally:
        connection.close()
    if time.monotonic() - began >= PATIENCE:  # what was hung up on looks like an end
        raise late
    return body


def _answer(connection: HTTPConnection, path: str) -> bytes:
    connection.request("GET", path, headers={"Accept": "text/plain, application/json"})
    with closing(connection.getresponse()) as response:
        if response.status not in GOOD:
            raise NoGaugesError(f"it answered with status {response.status}")
        body = bytearray()
        while chunk := response.read(CHUNK):
            body += chunk
            if len(body) > LARGEST_REPLY:
                raise NoGaugesError(f"it has more than {LARGEST_REPLY:,} bytes")
        if response.length:
            raise NoGaugesError("the answer was cut short")
    return bytes(body)


def _connection(scheme: str, host: str, port: int | None) -> HTTPConnection:
    if scheme != "https":
        return HTTPConnection(host, port, timeout=PATIENCE)
    # The load does not check the certificate of a target that was started here, either.
    trusting = ssl.create_default_context()
    trusting.check_hostname = False
    trusting.verify_mode = ssl.CERT_NONE
    return HTTPSConnection(host, port, timeout=PATIENCE, context=trusting)


def _hang_up(sock: socket.socket) -> None:
    with suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)


def _in_words(error: Exception) -> str:
    text = (error.strerror if isinstance(error, OSError) else str(error)) or str(error)
    return text.splitlines()[0][:100] if text else type(error).__name__
