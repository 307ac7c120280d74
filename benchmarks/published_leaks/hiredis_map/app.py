"""Sessions from Redis in its third protocol; the reply is canned, so that no server is needed."""

import json
from collections.abc import Callable, Iterable

import hiredis

FIELDS = {"user": "u-" + "7" * 30, "role": "editor", "theme": "dark", "token": "t" * 64}


def encoded_map(fields: dict[str, str]) -> bytes:
    """Return what the server sends for HGETALL."""
    words = [word for pair in fields.items() for word in pair]
    bulk = "".join(f"${len(word)}\r\n{word}\r\n" for word in words)
    return f"%{len(fields)}\r\n{bulk}".encode()


REPLY = encoded_map(FIELDS)


def read_session() -> dict[str, str]:
    """Return the session's fields."""
    reader = hiredis.Reader(encoding="utf-8")
    reader.feed(REPLY)
    return reader.gets()


def app(environ: dict, start_response: Callable) -> Iterable[bytes]:
    """Answer with the session of the caller."""
    session = read_session()
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps({"path": environ["PATH_INFO"], "role": session["role"]}).encode()]
