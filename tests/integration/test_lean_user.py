"""Locust's FastHttpUser and the lean one against the same servers, well-behaved and not."""

import gzip
import json
import os
import socket
import ssl
import subprocess
import sys
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import brotli
import pytest
from load_targets.scripted import CLOSE, RESET, ScriptedServer, Step

KINDS = ("FastHttpUser", "LeanHttpUser")
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
HEAD = b"HTTP/1.1 200 OK\r\n"


class User:
    """A user in another process."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).parent / "load_targets/one_user.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def new(self, host: str, **settings: Any) -> None:
        """Become a new user, without cookies and connections."""
        settings = {"host": host, "network_timeout": 20.0, **settings}
        self._say({"user": self.kind, "settings": settings})

    def send(self, method: str = "GET", url: str = "/", **options: Any) -> dict[str, Any]:
        self._say({"method": method, "url": url, **options})
        assert self._process.stdout
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def end(self) -> None:
        self._process.communicate(timeout=20)

    def _say(self, order: dict[str, Any]) -> None:
        assert self._process.stdin
        print(json.dumps(order), file=self._process.stdin, flush=True)


@pytest.fixture(scope="module", params=KINDS)
def process(request: pytest.FixtureRequest) -> Iterator[User]:
    user = User(request.param)
    yield user
    user.end()


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        yield server


@pytest.fixture
def user(process: User, server: ScriptedServer) -> User:
    process.new(server.host)
    return process


def chunked(*pieces: bytes, trailer: bytes = b"") -> bytes:
    body = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    return b"Transfer-Encoding: chunked\r\n\r\n" + body + b"0\r\n" + trailer + b"\r\n"


def sized(body: bytes, *headers: bytes) -> bytes:
    lines = b"".join(header + b"\r\n" for header in headers)
    return HEAD + lines + b"Content-Length: %d\r\n\r\n" % len(body) + body


DEFLATE = zlib.compressobj(wbits=-15)
ANSWERS: dict[str, tuple[Sequence[Step], str]] = {
    "whole": ([OK], "ok"),
    "byte by byte": ([bytes([byte]) for byte in OK], "ok"),
    "slow headers": ([OK[:20], 0.1, OK[20:30], 0.1, OK[30:]], "ok"),
    "empty": ([sized(b"")], ""),
    "huge": ([sized(b"x" * 3_000_000)], "x" * 3_000_000),
    "chunked": ([HEAD + chunked(b"a", b"bc" * 500, b"d")], "a" + "bc" * 500 + "d"),
    "chunked, in bits": ([HEAD, chunked(b"abc")[:33], 0.05, chunked(b"abc")[33:]], "abc"),
    "trailers": ([HEAD + chunked(b"abc", trailer=b"X-Sum: 1\r\nSet-Cookie: a=b\r\n")], "abc"),
    "100-continue": ([b"HTTP/1.1 100 Continue\r\n\r\n", 0.05, OK], "ok"),
    "early hints": ([b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + OK], "ok"),
    "HTTP/1.0": ([b"HTTP/1.0 200 OK\r\n\r\nold", CLOSE], "old"),
    "until the end": ([HEAD + b"\r\n", 0.05, b"unsized", CLOSE], "unsized"),
    "gzip": ([sized(gzip.compress(b"zip"), b"Content-Encoding: gzip")], "zip"),
    "deflate": ([sized(zlib.compress(b"zip"), b"Content-Encoding: deflate")], "zip"),
    "raw deflate": (
        [sized(DEFLATE.compress(b"zip") + DEFLATE.flush(), b"Content-Encoding: DEFLATE")],
        "zip",
    ),
    "brotli": ([sized(brotli.compress(b"zip"), b"Content-Encoding: br")], "zip"),
    "gzip in chunks": (
        [HEAD + b"Content-Encoding: gzip\r\n" + chunked(gzip.compress(b"zip"))],
        "zip",
    ),
    "charset": ([sized(b"\xe9", b"Content-Type: text/plain; charset=latin-1")], "é"),
    "upgrade offered": ([sized(b"ok", b"Upgrade: h2c", b"Connection: Upgrade")], "ok"),
}  # fmt: skip


@pytest.mark.parametrize("what", ANSWERS)
def test_answers_are_understood(what: str, user: User, server: ScriptedServer) -> None:
    script, text = ANSWERS[what]
    server.will(script, [OK])
    answer = user.send()
    assert (answer["status"], answer["ok"], answer["text"]) == (200, True, text)
    (event,) = answer["events"]
    assert (event["exception"], event["response_length"]) == (None, len(text.encode()) or 0) or (
        what == "charset"
    )
    assert user.send()["text"] == "ok"
    assert len(server.received) == 2
    assert server.connections == [1, 2 if CLOSE in script else 1]


BODILESS = {
    "HEAD": ("HEAD", sized(b"")[:-4] + b"5\r\n\r\n", 200),
    "HEAD, chunked": ("HEAD", HEAD + b"Transfer-Encoding: chunked\r\n\r\n", 200),
    "204": ("DELETE", b"HTTP/1.1 204 No Content\r\n\r\n", 204),
    "304": ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n", 304),
}


@pytest.mark.parametrize("what", BODILESS)
def test_answers_without_a_body(what: str, user: User, server: ScriptedServer) -> None:
    method, script, status = BODILESS[what]
    server.will([script], [OK])
    answer = user.send(method)
    assert (answer["status"], answer["text"], answer["events"][0]["exception"]) == (status, "", None)
    assert user.send()["text"] == "ok"
    assert server.connections == [1, 1]


BROKEN: dict[str, Sequence[Step]] = {
    "no answer": [CLOSE],
    "reset": [RESET],
    "cut in the headers": [OK[:25], CLOSE],
    "cut in the body": [OK[:-1], CLOSE],
    "reset in the body": [OK[:-1], 0.05, RESET],
    "cut in a chunk": [HEAD + chunked(b"abc")[:-8], CLOSE],
    "cut before the last chunk": [HEAD + chunked(b"abc")[:-5], CLOSE],
    "no HTTP": [b"SSH-2.0-OpenSSH_9.9\r\n", CLOSE],
    "no status": [b"HTTP/1.1 OK\r\n\r\n", CLOSE],
    "two lengths": [HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nokk", CLOSE],
    "a chunk's length": [HEAD + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n", CLOSE],
    "no gzip": [sized(b"no", b"Content-Encoding: gzip"), CLOSE],
    "cut after 100": [b"HTTP/1.1 100 Continue\r\n\r\n", CLOSE],
}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("what", BROKEN)
def test_broken_answers_are_one_failure(
    what: str, method: str, user: User, server: ScriptedServer
) -> None:
    server.will(*[BROKEN[what]] * 12)
    answer = user.send(method)
    assert len(answer["events"]) == 1
    assert answer["events"][0]["exception"]
    if user.kind == "LeanHttpUser":
        assert len(server.received) == 1
