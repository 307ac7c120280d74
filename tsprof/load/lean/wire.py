"""Writes requests as bytes."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from geventhttpclient.header import Headers
from geventhttpclient.url import URL
from requests.utils import requote_uri

from tsprof.load.lean.pool import Origin

DEFAULT_PORTS = {"http": 80, "https": 443}
Fields = tuple[tuple[str, str], ...]

METHODS_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_PLAIN_URL = re.compile(
    r"(https?://[\w.\-]+(?::\d+)?)(/(?!/)[\w\-.~!$&'()*+,/:;=?@\[\]]*)", re.ASCII
)
"""URLs that can be sent as they are: origin and target."""


def split(url: str) -> tuple[Origin, str]:
    """Return a URL's server, and the target to ask it for, quoted.

    Raises:
        ValueError: It is no HTTP URL.
    """
    plain = _PLAIN_URL.fullmatch(url)
    if plain:
        base, target = plain.groups()
        return _origin(base), target
    return split_parsed(URL(url))


def split_parsed(url: URL) -> tuple[Origin, str]:
    """Do what ``split`` does with a URL that geventhttpclient parsed."""
    if url.scheme not in DEFAULT_PORTS or not url.host:
        raise ValueError(f"{str(url)!r} is not an HTTP URL")
    target = requote_uri(url.request_uri)
    return _origin(f"{url.scheme}://{url.netloc}"), target if target[:1] == "/" else f"/{target}"


def encode(
    method: str, origin: Origin, target: str, fields: Fields, payload: bytes, defaults: Fields = ()
) -> bytes:
    """Return a request as it is sent.

    Args:
        method: Its method in capitals.
        origin: The server.
        target: Path and query.
        fields: Its headers.
        payload: Its body.
        defaults: Headers that are sent where ``fields`` has none of that name.

    Raises:
        ValueError: The method or a header has characters that HTTP does not allow there.
    """
    before, after, framing = _head(method, origin, fields, defaults)
    if framing == "chunked":
        end = b"%x\r\n%b\r\n" % (len(payload), payload) if payload else b""
        return f"{before}{target}{after}\r\n".encode("latin-1") + end + b"0\r\n\r\n"
    if framing or not (payload or method in METHODS_WITH_BODY):
        return f"{before}{target}{after}\r\n".encode("latin-1") + payload
    length = f"Content-Length: {len(payload)}"
    return f"{before}{target}{after}{length}\r\n\r\n".encode("latin-1") + payload


def as_fields(headers: Mapping[str, Any]) -> Fields:
    """Return headers as text."""
    return tuple(
        [(name, value if type(value) is str else _text(value)) for name, value in headers.items()]
    )


def _text(value: Any) -> str:
    """Return a header's value as text; RFC 9110 joins several with commas."""
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


@lru_cache(maxsize=256)
def _origin(base: str) -> Origin:
    url = URL(base)
    return Origin(url.scheme, url.host, url.port or DEFAULT_PORTS[url.scheme])


@lru_cache(maxsize=1024)
def _head(method: str, origin: Origin, fields: Fields, defaults: Fields) -> tuple[str, str, str]:
    """Return what stands before and after the target, and how the body's end is told.

    Most requests of a test have the same few headers, and putting them together anew would cost
    a microsecond for each.
    """
    for name, value in (*defaults, *fields):
        if not (_TOKEN.fullmatch(name) and _VALUE.fullmatch(value)):
            raise ValueError(f"HTTP does not allow the header {name!r}: {value!r}")
    headers = Headers({"Host": _authority(origin)})
    headers.update(Headers(defaults))
    headers.update(Headers(fields))  # more than one of a name among them stay as they are
    if not _TOKEN.fullmatch(method):
        raise ValueError(f"HTTP does not allow the method {method!r}")
    framing = "length" if "content-length" in headers else ""
    if "chunked" in str(headers.get("transfer-encoding", "")).lower():
        framing = "chunked"
        headers.discard("content-length")
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"{method} ", f" HTTP/1.1\r\n{lines}", framing


def _authority(origin: Origin) -> str:
    host = f"[{origin.host}]" if ":" in origin.host else origin.host
    return host if origin.port == DEFAULT_PORTS[origin.scheme] else f"{host}:{origin.port}"
