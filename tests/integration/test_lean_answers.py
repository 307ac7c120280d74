"""Locust's FastHttpUser and the lean one read the same answers, right and wrong."""

import gzip
import zlib
from collections.abc import Sequence

import brotli
import pytest
from load_targets.lean import HEAD, OK, User, chunked, sized
from load_targets.scripted import CLOSE, RESET, ScriptedServer, Step

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
def test_answers_are_understood(what: str, any_user: User, scripted: ScriptedServer) -> None:
    script, text = ANSWERS[what]
    scripted.will(script, [OK])
    answer = any_user.send()
    assert (answer["status"], answer["ok"], answer["text"]) == (200, True, text)
    (event,) = answer["events"]
    assert (event["exception"], event["response_length"]) == (None, len(text.encode()) or 0) or (
        what == "charset"
    )
    assert any_user.send()["text"] == "ok"
    assert len(scripted.received) == 2
    assert scripted.connections == [1, 2 if CLOSE in script else 1]


BODILESS = {
    "HEAD": ("HEAD", sized(b"")[:-4] + b"5\r\n\r\n", 200),
    "HEAD, chunked": ("HEAD", HEAD + b"Transfer-Encoding: chunked\r\n\r\n", 200),
    "204": ("DELETE", b"HTTP/1.1 204 No Content\r\n\r\n", 204),
    "304": ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n", 304),
}


@pytest.mark.parametrize("what", BODILESS)
def test_answers_without_a_body(what: str, any_user: User, scripted: ScriptedServer) -> None:
    method, script, status = BODILESS[what]
    scripted.will([script], [OK])
    answer = any_user.send(method)
    assert (answer["status"], answer["text"], answer["events"][0]["exception"]) == (
        status,
        "",
        None,
    )
    assert any_user.send()["text"] == "ok"
    assert scripted.connections == [1, 1]


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
    what: str, method: str, any_user: User, scripted: ScriptedServer
) -> None:
    scripted.will(*[BROKEN[what]] * 12)
    answer = any_user.send(method)
    assert len(answer["events"]) == 1
    assert answer["events"][0]["exception"]
    if any_user.kind == "LeanHttpUser":
        assert len(scripted.received) == 1


@pytest.mark.parametrize("surplus", [b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged", b"H"])
def test_an_answer_that_nobody_asked_for_is_never_taken(
    surplus: bytes, user_processes: dict[str, User], scripted: ScriptedServer
) -> None:
    """The lean user's; Locust's own takes it."""
    user = user_processes["LeanHttpUser"]
    user.new(scripted.host)
    scripted.will([OK + surplus], [OK])
    assert user.send()["text"] == "ok"
    assert user.send()["text"] == "ok"
    assert scripted.connections == [1, 2]


@pytest.mark.parametrize("form", [sized(b"abcde"), HEAD + chunked(b"ab", b"cde")])
def test_streamed_bodies_are_read_piece_by_piece(
    form: bytes, any_user: User, scripted: ScriptedServer
) -> None:
    scripted.will([form[:-3], 0.05, form[-3:]], [OK])
    answer = any_user.send(stream=True, read=2)
    assert answer["pieces"] == ["ab", "cd", "e"]
    assert answer["events"][0]["response_length"] == (0 if b"chunked" in form else 5)
    assert any_user.send()["text"] == "ok"
    assert scripted.connections == [1, 1]
