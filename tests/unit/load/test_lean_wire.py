"""What goes over the wire."""

import pytest

from tsprof.load.lean.wire import as_fields, encode


def test_a_request_of_all_parts() -> None:
    origin, data = encode(
        "POST",
        "https://[::1]:8443/a?b=c d",
        (("accept", "x"), ("X-B", "1"), ("X-B", "2")),
        b"body",
        (("Accept", "*/*"), ("User-Agent", "me")),
    )
    assert origin == ("https", "::1", 8443)
    assert data == (
        b"POST /a?b=c%20d HTTP/1.1\r\nHost: [::1]:8443\r\naccept: x\r\nUser-Agent: me\r\n"
        b"X-B: 1\r\nX-B: 2\r\nContent-Length: 4\r\n\r\nbody"
    )


@pytest.mark.parametrize(
    ("url", "host", "target"),
    [
        ("http://h", b"h", b"/"),
        ("http://H:80/x?y#z", b"h", b"/x?y"),
        ("https://h:80/x", b"h:80", b"/x"),
        ("http://me:secret@h/x", b"h", b"/x"),
    ],
)
def test_what_a_url_becomes(url: str, host: bytes, target: bytes) -> None:
    _, data = encode("GET", url, (), b"", ())
    assert data == b"GET %b HTTP/1.1\r\nHost: %b\r\n\r\n" % (target, host)


def test_a_chunked_body() -> None:
    chunked = (("Transfer-Encoding", "chunked"),)
    assert encode("PUT", "http://h/", chunked, b"x" * 16, ())[1].endswith(
        b"\r\n\r\n10\r\n" + b"x" * 16 + b"\r\n0\r\n\r\n"
    )
    assert encode("PUT", "http://h/", chunked, b"", ())[1].endswith(b"\r\n\r\n0\r\n\r\n")


def test_values_of_headers_become_text() -> None:
    assert as_fields({"A": 1, "B": ["x", "y"], "C": "z"}) == (("A", "1"), ("B", "x, y"), ("C", "z"))


@pytest.mark.parametrize(
    ("method", "url", "fields"),
    [
        ("GET", "http://h/", (("A", "x\r\nB: y"),)),
        ("GET", "http://h/", (("A:", "x"),)),
        ("GET", "http://h/", (("A", "\u4e00"),)),
        ("GET X", "http://h/", ()),
        ("GET", "/x", ()),
        ("GET", "ftp://h/", ()),
        ("GET", "http://", ()),
    ],
)
def test_what_http_does_not_allow(
    method: str, url: str, fields: tuple[tuple[str, str], ...]
) -> None:
    with pytest.raises(ValueError, match="HTTP"):
        encode(method, url, fields, b"", ())
