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


def encode(
    method: str, url: str, fields: Fields, payload: bytes, defaults: Fields
) -> tuple[Origin, bytes]:
    """Return which server a request goes to, and the request as it is sent.

    Args:
        method: Its method in capitals.
        url: Its URL, with http or https.
        fields: Its headers.
        payload: Its body.
        defaults: Headers that are sent where ``fields`` has none of that name.

    Raises:
        ValueError: The URL is no HTTP URL, or the method or a header has characters that HTTP
            does not allow there.
    """
    origin, head, framing = _head(method, url, fields, defaults)
    if not (payload or framing or method in METHODS_WITH_BODY):
        return origin, head + b"\r\n"
    if framing == "chunked":
        chunk = b"%x\r\n%b\r\n" % (len(payload), payload) if payload else b""
        return origin, b"%b\r\n%b0\r\n\r\n" % (head, chunk)
    if framing:
        return origin, b"%b\r\n%b" % (head, payload)
    return origin, b"%bContent-Length: %d\r\n\r\n%b" % (head, len(payload), payload)


def as_fields(headers: Mapping[str, Any]) -> Fields:
    """Return headers as text."""
    return tuple(
        [(name, value if type(value) is str else _text(value)) for name, value in headers.items()]
    )


def _text(value: Any) -> str:
    """Return a header's value as text; RFC 9110 joins several with commas."""
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


@lru_cache(maxsize=1024)
def _head(method: str, url: str, fields: Fields, defaults: Fields) -> tuple[Origin, bytes, str]:
    """Return the server, the request's head but for its last lines, and how its end is told.

    Most requests of a test are among a few, and to put each together anew would cost some
    microseconds; with a number in the URL, still the headers are the same.
    """
    origin, target = _split(url)
    lines, framing = _lines(method, origin, fields, defaults)
    return origin, f"{method} {target} HTTP/1.1\r\n{lines}".encode("latin-1"), framing


def _split(url: str) -> tuple[Origin, str]:
    plain = _PLAIN_URL.fullmatch(url)
    if plain:
        base, target = plain.groups()
        return _origin(base), target
    parsed = URL(url)
    if parsed.scheme not in DEFAULT_PORTS or not parsed.host:
        raise ValueError(f"{url!r} is not an HTTP URL")
    target = requote_uri(parsed.request_uri)
    return _origin(f"{parsed.scheme}://{parsed.netloc}"), f"/{target.removeprefix('/')}"


@lru_cache(maxsize=256)
def _origin(base: str) -> Origin:
    url = URL(base)
    return Origin(url.scheme, url.host, url.port or DEFAULT_PORTS[url.scheme])


@lru_cache(maxsize=1024)
def _lines(method: str, origin: Origin, fields: Fields, defaults: Fields) -> tuple[str, str]:
    for name, value in (*defaults, *fields):
        if not (_TOKEN.fullmatch(name) and _VALUE.fullmatch(value)):
            raise ValueError(f"HTTP does not allow the header {name!r}: {value!r}")
    if not _TOKEN.fullmatch(method):
        raise ValueError(f"HTTP does not allow the method {method!r}")
    headers = Headers({"Host": _authority(origin)})
    headers.update(Headers(defaults))
    headers.update(Headers(fields))  # several of one name among them stay several
    framing = "length" if "content-length" in headers else ""
    if "chunked" in str(headers.get("transfer-encoding", "")).lower():
        framing = "chunked"
        headers.discard("content-length")
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items()), framing


def _authority(origin: Origin) -> str:
    host = f"[{origin.host}]" if ":" in origin.host else origin.host
    return host if origin.port == DEFAULT_PORTS[origin.scheme] else f"{host}:{origin.port}"
