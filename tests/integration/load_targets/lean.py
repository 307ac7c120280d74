"""A Locust user in another process, and answers for it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

KINDS = ("FastHttpUser", "LeanHttpUser")


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


HEAD = b"HTTP/1.1 200 OK\r\n"


class User:
    """A user in another process."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).parent / "one_user.py")],
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


def chunked(*pieces: bytes, trailer: bytes = b"") -> bytes:
    body = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    return b"Transfer-Encoding: chunked\r\n\r\n" + body + b"0\r\n" + trailer + b"\r\n"


def sized(body: bytes, *headers: bytes) -> bytes:
    lines = b"".join(header + b"\r\n" for header in headers)
    return HEAD + lines + b"Content-Length: %d\r\n\r\n" % len(body) + body


def redirect(status: int, location: str, *headers: str) -> bytes:
    lines = "".join(f"{header}\r\n" for header in headers)
    return (
        f"HTTP/1.1 {status} R\r\nLocation: {location}\r\n{lines}Content-Length: 0\r\n\r\n".encode()
    )
