"""Answers are read the same however they arrive."""

import pytest

from tsprof.load.lean.answer import AnswerReader

CHUNKED = (
    b"HTTP/1.1 103 Early Hints\r\nSet-Cookie: early=1\r\n\r\n"
    b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\nX-A: 1\r\nX-A: 2\r\n\r\n"
    b"3\r\nabc\r\n1\r\nd\r\n0\r\nSet-Cookie: late=1\r\n\r\n"
)


@pytest.mark.parametrize("at", range(1, len(CHUNKED)))
def test_an_answer_in_two_parts(at: int) -> None:
    reader = AnswerReader()
    for _ in range(2):  # the second on the same connection
        reader.expect("GET")
        reader.feed(CHUNKED[:at])
        assert reader.begun
        assert not reader.complete
        reader.feed(CHUNKED[at:])
        assert (reader.status, b"".join(reader.body)) == (201, b"abcd")
        assert reader.fields == [
            (b"Transfer-Encoding", b"chunked"),
            (b"X-A", b"1"),
            (b"X-A", b"2"),
        ]
        assert (reader.complete, reader.keep_alive, reader.sets_cookies) == (True, True, False)


def test_switching_protocols_is_the_end() -> None:
    reader = AnswerReader()
    reader.feed(b"HTTP/1.1 101 S\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\nbytes of x")
    assert (reader.status, reader.complete, reader.keep_alive) == (101, True, False)


@pytest.mark.parametrize(
    ("headers", "keep_alive"),
    [(b"", True), (b"Content-Length: 9\r\n", True), (b"connection: Close\r\n", False)],
)
def test_connections_are_kept_after_answers_to_head(headers: bytes, *, keep_alive: bool) -> None:
    reader = AnswerReader()
    reader.expect("HEAD")
    reader.feed(b"HTTP/1.1 200 OK\r\n" + headers + b"\r\n")
    assert (reader.complete, reader.keep_alive) == (True, keep_alive)
