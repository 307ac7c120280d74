"""Answers are read the same however they arrive."""

import pytest
from geventhttpclient.response import HTTPParseError

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


def sized(head: bytes, body: bytes) -> bytes:
    return b"%b\r\nContent-Length: %d\r\n\r\n%b" % (head, len(body), body)


A = sized(b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1", b"abc")
B = sized(b"HTTP/1.1 500 Oh\r\nContent-Encoding: gz", b"\r\n\r\n")
CHUNK_LIKE_A_TAIL = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n0\r\n\r\n\r\n0\r\n\r\n"
)
ANSWERS = [
    A,
    A,
    A.replace(b"abc", b"xyz"),  # the same head and length
    A.replace(b"a=1", b"a=2"),  # the same length
    B,
    A,
    b"HTTP/1.1 204 N\r\n\r\n",
    b"HTTP/1.1 204 N\r\n\r\n",
    CHUNKED,
    CHUNKED,
    CHUNKED.replace(b"abc", b"xyz"),
    CHUNK_LIKE_A_TAIL,
    CHUNK_LIKE_A_TAIL,
    *[sized(b"HTTP/1.1 200 OK", b"x" * length) for length in (*range(20), *range(20))],
    B,
    b"HTTP/1.1 100 C\r\n\r\n" + A,
]


def answer(reader: AnswerReader, pieces: list[bytes]) -> tuple[object, ...]:
    reader.expect("GET")
    for piece in pieces:
        reader.feed(piece)
    return (
        reader.begun,
        reader.complete,
        reader.keep_alive,
        reader.status,
        reader.fields,
        reader.sets_cookies,
        reader.is_encoded,
        b"".join(reader.body),
    )


def test_remembered_heads_change_nothing() -> None:
    """Answers in two pieces are parsed each time; those in one, when they are new."""
    whole, parts = AnswerReader(), AnswerReader()
    for data in ANSWERS:
        assert answer(whole, [data]) == answer(parts, [data[:9], data[9:]])


def test_more_than_was_asked_for_after_a_known_head() -> None:
    reader = AnswerReader()
    answer(reader, [A])
    assert answer(reader, [A + A])[:4] == (True, True, False, 200)


def test_less_than_was_promised_by_a_known_head() -> None:
    reader = AnswerReader()
    answer(reader, [A])
    assert answer(reader, [A[:-1]])[1] is False
    with pytest.raises(HTTPParseError, match="within the body"):
        reader.feed(b"")


def test_a_known_head_has_a_body_no_more_when_head_is_asked_for() -> None:
    reader = AnswerReader()
    answer(reader, [A])
    reader.expect("HEAD")
    reader.feed(A[:-3])
    assert (reader.complete, reader.body) == (True, [])
    assert answer(reader, [A])[1:4] == (True, True, 200)


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
