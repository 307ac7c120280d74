"""Tell whether a launched target is ready: by its port, its answer, or its output."""

import os
import re
import select
import socket
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tsprof.supervisor.launch import LOG_LIMIT, LONGEST_LINE, connect, is_listening

MOST_READ = 65536
"""Bytes of a first answer; the rest is not waited for."""


def readiness(
    ready: str | None, host: str, paths: Sequence[str], log: Path
) -> tuple[Callable[[], bool], str]:
    """Return a check that tells whether the target is ready.

    Args:
        ready: ``tcp`` (the port accepts), ``log:REGEX`` (a line of its output matches), or a URL or
            path that answers with a status below 500; None for a first reaction to a request.
        host: the URL under which the target serves.
        paths: that the load requests with GET; where there are none, None means ``tcp``.
        log: the target's log file.

    Returns:
        The check, and what it waits for in words.
    """
    if ready == "tcp" or (ready is None and not paths):
        return (lambda: is_listening(host)), f"{host} to accept connections"
    if ready is None:
        return _reacts(host, paths[0]), f"{host.rstrip('/')}{paths[0]} to be answered"
    if ready.startswith("log:"):
        return _appears_in(log, re.compile(ready.removeprefix("log:"))), ready
    url = ready if "://" in ready else host.rstrip("/") + "/" + ready.lstrip("/")
    return (lambda: _answers(url)), url


def _reacts(host: str, path: str) -> Callable[[], bool]:
    """Return a check that sends one request, and tells whether anything has come back.

    A server may listen before its application is loaded: gunicorn's master does, and the import
    would be measured. Whatever comes counts, also an error, or the end of the connection: what a
    target answers is for the load to judge.
    """
    netloc = urlsplit(host).netloc.rpartition("@")[2]
    request = f"GET {path} HTTP/1.1\r\nHost: {netloc}\r\nConnection: close\r\n\r\n"
    connection: socket.socket | None = None

    def check() -> bool:
        nonlocal connection
        if connection is None:
            try:
                connection = connect(host)
            except OSError:
                return False
            with suppress(OSError):  # a connection that breaks has an end to be read
                connection.sendall(request.encode())
        arrived, _, _ = select.select([connection], [], [], 0)
        if not arrived:
            return False
        with connection, suppress(OSError):  # a reset is the end of the connection, too
            connection.recv(MOST_READ)
        connection = None
        return True

    return check


def _appears_in(log: Path, pattern: re.Pattern[str]) -> Callable[[], bool]:
    """Return a check that looks at what a log has gained since the last look."""
    position = 0
    unfinished = b""

    def check() -> bool:
        nonlocal position, unfinished
        try:
            with log.open("rb") as file:
                if file.seek(0, os.SEEK_END) < position:  # at its limit it begins anew
                    position = 0
                file.seek(position)
                text = unfinished + file.read(LOG_LIMIT)
                position = file.tell()
        except OSError:
            return False
        unfinished = text.rpartition(b"\n")[2][-LONGEST_LINE:]
        lines = text.decode(errors="replace").splitlines()
        return any(pattern.search(line[:LONGEST_LINE]) for line in lines)

    return check


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer, too, and may lead to another machine."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Follow none."""


def opener() -> urllib.request.OpenerDirector:
    """Return what opens a URL itself, without a proxy, and not what it is redirected to."""
    return urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirects)


def _answers(url: str) -> bool:
    try:
        with opener().open(url, timeout=2):
            return True
    except urllib.error.HTTPError as error:
        with error:
            return error.code < 500  # noqa: PLR2004 - the server errors begin at 500
    except (OSError, ValueError, HTTPException):
        return False
