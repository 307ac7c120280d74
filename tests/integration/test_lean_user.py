"""Locust's FastHttpUser and the lean one against the same servers, well-behaved and not."""

import gzip
import json
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import brotli
import pytest
from load_targets.loading import wait_for
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
    assert (answer["status"], answer["text"], answer["events"][0]["exception"]) == (
        status,
        "",
        None,
    )
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


def test_a_kept_connection_that_was_closed_is_opened_anew(
    user: User, server: ScriptedServer
) -> None:
    server.will([OK, CLOSE], [OK])
    user.send()
    wait_for(lambda: user.send("POST", data="x")["status"] == 200)
    assert server.connections == [1, 2]


@pytest.mark.parametrize(("method", "sent_again"), [("GET", True), ("PUT", True), ("POST", False)])
def test_only_what_may_be_repeated_is_sent_again_on_a_new_connection(
    method: str, sent_again: bool, user: User, server: ScriptedServer
) -> None:
    server.will([OK], [RESET], [OK])
    user.send()
    answer = user.send(method)
    assert len(answer["events"]) == 1
    assert bool(answer["events"][0]["exception"]) != sent_again
    assert server.connections == ([1, 1, 2] if sent_again else [1, 1])


def test_what_was_answered_in_part_is_not_sent_again(user: User, server: ScriptedServer) -> None:
    server.will([OK], [OK[:10], RESET], [OK])
    user.send()
    assert user.send()["events"][0]["exception"]
    assert len(server.received) == 2


def test_it_is_sent_again_once(process: User, server: ScriptedServer) -> None:
    if process.kind == "FastHttpUser":
        pytest.skip("it sends up to eleven times")
    process.new(server.host)
    server.will([OK], [CLOSE], [CLOSE], [OK])
    process.send()
    assert process.send()["events"][0]["exception"]
    assert server.connections == [1, 1, 2]


@pytest.mark.parametrize("surplus", [b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged", b"H"])
def test_an_answer_that_nobody_asked_for_is_never_taken(
    surplus: bytes, process: User, server: ScriptedServer
) -> None:
    if process.kind == "FastHttpUser":
        pytest.skip("it takes it")
    process.new(server.host)
    server.will([OK + surplus], [OK])
    assert process.send()["text"] == "ok"
    assert process.send()["text"] == "ok"
    assert server.connections == [1, 2]


def test_an_early_refusal_of_a_large_body_is_the_answer(user: User, server: ScriptedServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        user.new(f"http://127.0.0.1:{listening.getsockname()[1]}")
        refusal = b"HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

        def refuse() -> None:
            stream, _ = listening.accept()
            with stream:
                stream.recv(1000)
                stream.sendall(refusal)
                stream.shutdown(socket.SHUT_WR)
                while stream.recv(100_000):
                    pass

        thread = threading.Thread(target=refuse)
        thread.start()
        answer = user.send("POST", data="x" * 5_000_000)
        thread.join()
    assert answer["status"] == 413
    assert answer["events"][0]["exception"] == "LocustBadStatusCode(code=413)"


def redirect(status: int, location: str, *headers: str) -> bytes:
    lines = "".join(f"{header}\r\n" for header in headers)
    return (
        f"HTTP/1.1 {status} R\r\nLocation: {location}\r\n{lines}Content-Length: 0\r\n\r\n".encode()
    )


@pytest.mark.parametrize(
    ("location", "target"),
    [("/to?a=b", "/to?a=b"), ("to", "/from/to"), ("{host}/far", "/far"), ("?q", "/from/here?q")],
)
def test_redirects_are_one_request(
    location: str, target: str, user: User, server: ScriptedServer
) -> None:
    server.will([redirect(302, location.format(host=server.host))], [OK])
    answer = user.send(url="/from/here")
    assert (answer["status"], answer["text"]) == (200, "ok")
    assert answer["url"] == server.host + target
    assert server.targets == ["/from/here", target]
    (event,) = answer["events"]
    assert (event["name"], event["url"]) == ("/from/here", server.host + "/from/here")


@pytest.mark.parametrize(
    ("status", "method", "expected"),
    [
        (301, "POST", "GET"),
        (302, "POST", "GET"),
        (303, "PUT", "GET"),
        (302, "HEAD", "HEAD"),
        (307, "POST", "POST"),
        (308, "PUT", "PUT"),
    ],
)
def test_a_redirects_status_decides_what_is_sent(
    status: int, method: str, expected: str, user: User, server: ScriptedServer
) -> None:
    server.will([redirect(status, "/to")], [b"HTTP/1.1 204 N\r\n\r\n"])
    assert user.send(method, data="body")["status"] == 204
    assert [request.method for request in server.received] == [method, expected]
    assert server.received[1].body == (b"body" if expected == method != "HEAD" else b"")


def test_redirects_without_end_are_a_failure(user: User, server: ScriptedServer) -> None:
    user.new(server.host, max_redirects=3)
    server.will(*[[redirect(302, "/again")]] * 5)
    answer = user.send()
    assert answer["status"] == 0
    assert "RetriesExceeded" in answer["events"][0]["exception"]
    assert len(server.received) == 4


def test_redirects_can_be_left_alone(user: User, server: ScriptedServer) -> None:
    server.will([redirect(302, "/to")], [redirect(302, "/to")], [OK])
    answer = user.send(allow_redirects=False)
    assert (answer["status"], answer["events"][0]["exception"]) == (302, None)
    assert user.send()["status"] == 200


def test_another_host_gets_no_credentials(user: User, server: ScriptedServer) -> None:
    with ScriptedServer() as other:
        server.will([redirect(302, f"{other.host}/there")], [OK])
        other.will([OK])
        user.send(auth=["me", "secret"], headers={"X-Mine": "1"})
        user.send(auth=["me", "secret"])
    assert server.received[1].headers["authorization"] == "Basic bWU6c2VjcmV0"
    assert "authorization" not in other.received[0].headers
    assert other.received[0].headers["x-mine"] == "1"
    assert other.received[0].headers["host"] == f"127.0.0.1:{other.port}"


def test_a_redirect_to_no_http_is_a_failure(user: User, server: ScriptedServer) -> None:
    server.will([redirect(302, "ftp://127.0.0.1/x")])
    assert user.send()["events"][0]["exception"]


def test_cookies_are_kept_across_redirects(user: User, server: ScriptedServer) -> None:
    server.will(
        [redirect(302, "/in", "Set-Cookie: id=1; Path=/", "Set-Cookie: deep=2; Path=/in")],
        [OK],
        [sized(b"", b"Set-Cookie: id=; Max-Age=0; Path=/")],
        [OK],
    )
    user.send("POST", "/login", data="me")
    user.send(url="/out")
    user.send(url="/out")
    cookies = [request.headers.get("cookie") for request in server.received]
    assert cookies[0] is None
    assert cookies[1] is not None
    assert set(cookies[1].split("; ")) == {"id=1", "deep=2"}
    assert cookies[2:] == ["id=1", None]


REQUESTS: dict[str, dict[str, Any]] = {
    "json": {"method": "POST", "json": {"a": [1, "é"]}},
    "json and header": {"method": "PUT", "json": {}, "headers": {"content-type": "x/y"}},
    "falsy json": {"method": "POST", "json": 0},
    "text": {"method": "POST", "data": "é"},
    "text of a type": {"method": "PATCH", "data": "{}", "headers": {"Content-Type": "a/json"}},
    "form": {"method": "POST", "data": {"a": "1 2", "b": "é"}},
    "nothing": {"method": "POST"},
    "nothing, GET": {"method": "GET"},
    "body of a GET": {"method": "GET", "data": "x"},
    "lower case": {"method": "delete"},
    "options": {"method": "OPTIONS"},
    "params": {"method": "GET", "url": "/p?x=1", "params": {"a": [1, 2], "b": "c d"}},
    "quoting": {"method": "GET", "url": "/a b/é%20ü?q=ä&r=%zz#end"},
    "two slashes within": {"method": "GET", "url": "/a//b/../c;d?x=//"},
    "headers": {"method": "GET", "headers": {"User-Agent": "me", "accept-encoding": "br"}},
    "host": {"method": "GET", "headers": {"Host": "example.org"}},
    "list of values": {"method": "GET", "headers": {"X-Number": 5, "X-None": ""}},
    "length": {"method": "POST", "data": "abc", "headers": {"content-length": "3"}},
    "name": {"method": "GET", "name": "called"},
}


def test_both_users_send_the_same(user: User, server: ScriptedServer) -> None:
    """Compare with what FastHttpUser sent, which is the first parameter of the fixture."""
    user.new(server.host.replace("//", "//us%40er:pass@"), default_headers={"X-Default": "d"})
    server.will(*[[OK]] * len(REQUESTS))
    for what, options in REQUESTS.items():
        answer = user.send(**options)
        event = answer["events"][0]
        request = server.received[-1]
        headers = {k: v for k, v in request.headers.items() if k != "user-agent" or v == "me"}
        headers["host"] = headers["host"].replace(str(server.port), "PORT")
        observed = (
            (request.method, request.target, headers, request.body),
            (event["request_type"], event["name"], event["url"].partition(str(server.port))[2]),
            (event["exception"], event["response_length"], sorted(event)),
        )
        if user.kind == "FastHttpUser":
            SENT[what] = observed
        else:
            assert observed == SENT[what], what


SENT: dict[str, Any] = {}


@pytest.mark.parametrize("status", [200, 204, 226, 300, 304, 404, 500])
@pytest.mark.parametrize("judge", [None, "", "success", "wrong"])
def test_the_verdict_on_a_status(
    status: int, judge: str | None, user: User, server: ScriptedServer
) -> None:
    server.will([b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % status])
    answer = user.send(**({} if judge is None else {"judge": judge}))
    (event,) = answer["events"]
    expected = {
        None: f"LocustBadStatusCode(code={status})" if status in {300, 404, 500} else None,
        "success": None,
        "wrong": "CatchResponseError('wrong')",
    }
    assert event["exception"] == expected[judge or None]
    assert answer["ok"] == (status < 400)


def test_a_failed_request_can_be_judged(user: User, server: ScriptedServer) -> None:
    server.will([OK[:-1], CLOSE])
    answer = user.send("POST", judge="")
    assert len(answer["events"]) == 1
    assert answer["events"][0]["exception"]


@pytest.mark.parametrize("form", [sized(b"abcde"), HEAD + chunked(b"ab", b"cde")])
def test_streamed_bodies_are_read_piece_by_piece(
    form: bytes, user: User, server: ScriptedServer
) -> None:
    server.will([form[:-3], 0.05, form[-3:]], [OK])
    answer = user.send(stream=True, read=2)
    assert answer["pieces"] == ["ab", "cd", "e"]
    assert answer["events"][0]["response_length"] == (0 if b"chunked" in form else 5)
    assert user.send()["text"] == "ok"
    assert server.connections == [1, 1]


def test_a_refused_connection_and_a_name_that_does_not_exist(user: User) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    for host, error in {
        f"http://127.0.0.1:{port}": "ConnectionRefusedError",
        "http://no-such-name.invalid": "gaierror",
    }.items():
        user.new(host)
        answer = user.send("POST")
        assert (answer["status"], answer["text"], answer["headers"]) == (0, None, None)
        assert error in answer["events"][0]["exception"]


@pytest.mark.parametrize(
    "script", [[0.6], [OK[:30], 0.6], [OK[:-1], 0.6], [HEAD, 0.2, b"\r\n", 0.6]]
)
def test_a_server_that_does_not_answer_in_time(
    script: Sequence[Step], user: User, server: ScriptedServer
) -> None:
    user.new(server.host, network_timeout=0.3)
    server.will([OK], script, [OK])
    user.send()
    answer = user.send("POST")
    assert "timed out" in answer["events"][0]["exception"]
    assert 250 < answer["events"][0]["response_time"] < 10_000
    assert user.send("POST")["status"] == 200
    assert server.connections == [1, 1, 2]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"]
        + ["-keyout", str(path), "-out", str(path.with_suffix(".crt"))],
        check=True,
        capture_output=True,
    )
    path.write_bytes(path.read_bytes() + path.with_suffix(".crt").read_bytes())
    return path


@pytest.mark.parametrize("insecure", [True, False])
def test_tls(insecure: bool, process: User, certificate: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with ScriptedServer(context) as server:
        process.new(server.host, insecure=insecure)
        server.will([OK], [OK[:5], 0.05, OK[5:], CLOSE], [OK], [OK[:-1], CLOSE])
        if not insecure:
            assert "CERTIFICATE_VERIFY_FAILED" in process.send()["events"][0]["exception"]
            return
        assert [process.send("POST")["text"] for _ in range(3)] == ["ok"] * 3
        assert process.send("POST")["events"][0]["exception"]
        assert server.connections == [1, 1, 2, 2]


def test_what_a_lean_user_does_not_have_is_said(process: User, server: ScriptedServer) -> None:
    if process.kind == "FastHttpUser":
        pytest.skip("it has it")
    code = (
        "from locust.env import Environment\nfrom tsprof.load import LeanHttpUser\n"
        "class U(LeanHttpUser):\n    host = 'http://h'\n    max_retries = 1\nU(Environment())"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert "A LeanHttpUser has no max_retries" in result.stderr


def test_importing_the_package_imports_no_locust() -> None:
    code = "import sys, tsprof.load; print({'locust', 'gevent', 'httptools'} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "set()\n"
