"""Locust's FastHttpUser and the lean one on connections that break, hang and are kept."""

import shutil
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from load_targets.lean import HEAD, OK, User
from load_targets.scripted import CLOSE, RESET, ScriptedServer, Step
from waiting import wait_until


def test_a_kept_connection_that_was_closed_is_opened_anew(
    any_user: User, scripted: ScriptedServer
) -> None:
    scripted.will([OK, CLOSE], [OK])
    any_user.send()
    wait_until(lambda: any_user.send("POST", data="x")["status"] == 200)
    assert scripted.connections == [1, 2]


@pytest.mark.parametrize(("method", "sent_again"), [("GET", True), ("PUT", True), ("POST", False)])
def test_only_what_may_be_repeated_is_sent_again_on_a_new_connection(
    method: str, *, sent_again: bool, any_user: User, scripted: ScriptedServer
) -> None:
    scripted.will([OK], [RESET], [OK])
    any_user.send()
    answer = any_user.send(method)
    assert len(answer["events"]) == 1
    assert bool(answer["events"][0]["exception"]) != sent_again
    assert scripted.connections == ([1, 1, 2] if sent_again else [1, 1])


def test_what_was_answered_in_part_is_not_sent_again(
    any_user: User, scripted: ScriptedServer
) -> None:
    scripted.will([OK], [OK[:10], RESET], [OK])
    any_user.send()
    assert any_user.send()["events"][0]["exception"]
    assert len(scripted.received) == 2


def test_it_is_sent_again_once(user_processes: dict[str, User], scripted: ScriptedServer) -> None:
    """By the lean user; Locust's own sends it up to eleven times."""
    user = user_processes["LeanHttpUser"]
    user.new(scripted.host)
    scripted.will([OK], [CLOSE], [CLOSE], [OK])
    user.send()
    assert user.send()["events"][0]["exception"]
    assert scripted.connections == [1, 1, 2]


def test_an_early_refusal_of_a_large_body_is_the_answer(any_user: User) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        any_user.new(f"http://127.0.0.1:{listening.getsockname()[1]}")
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
        answer = any_user.send("POST", data="x" * 5_000_000)
        thread.join()
    assert answer["status"] == 413
    assert answer["events"][0]["exception"] == "LocustBadStatusCode(code=413)"


def test_a_refused_connection_and_a_name_that_does_not_exist(any_user: User) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    for host, error in {
        f"http://127.0.0.1:{port}": "ConnectionRefusedError",
        "http://no-such-name.invalid": "gaierror",
    }.items():
        any_user.new(host)
        answer = any_user.send("POST")
        assert (answer["status"], answer["text"], answer["headers"]) == (0, None, None)
        assert error in answer["events"][0]["exception"]


@pytest.mark.parametrize(
    "script", [[0.6], [OK[:30], 0.6], [OK[:-1], 0.6], [HEAD, 0.2, b"\r\n", 0.6]]
)
def test_a_server_that_does_not_answer_in_time(
    script: Sequence[Step], any_user: User, scripted: ScriptedServer
) -> None:
    any_user.new(scripted.host, network_timeout=0.3)
    scripted.will([OK], script, [OK])
    any_user.send()
    answer = any_user.send("POST")
    assert "timed out" in answer["events"][0]["exception"]
    assert 250 < answer["events"][0]["response_time"] < 10_000
    assert any_user.send("POST")["status"] == 200
    assert scripted.connections == [1, 1, 2]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed")
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-subj",
            "/CN=localhost",
            "-keyout",
            str(path),
            "-out",
            str(path.with_suffix(".crt")),
        ],
        check=True,
        capture_output=True,
    )
    path.write_bytes(path.read_bytes() + path.with_suffix(".crt").read_bytes())
    return path


@pytest.mark.parametrize("insecure", [True, False])
def test_tls(*, insecure: bool, any_user: User, certificate: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with ScriptedServer(context) as scripted:
        any_user.new(scripted.host, insecure=insecure)
        scripted.will([OK], [OK[:5], 0.05, OK[5:], CLOSE], [OK], [OK[:-1], CLOSE])
        if not insecure:
            assert "CERTIFICATE_VERIFY_FAILED" in any_user.send()["events"][0]["exception"]
            return
        assert [any_user.send("POST")["text"] for _ in range(2)] == ["ok"] * 2
        wait_until(lambda: scripted.ended == [1])
        assert any_user.send("POST")["text"] == "ok"
        assert any_user.send("POST")["events"][0]["exception"]
        assert scripted.connections == [1, 1, 2, 2]


def test_importing_the_package_imports_no_locust() -> None:
    code = "import sys, tsprof.load; print({'locust', 'gevent', 'httptools'} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "set()\n"


def test_what_a_lean_user_does_not_have_is_said() -> None:
    code = (
        "from locust.env import Environment\nfrom tsprof.load import LeanHttpUser\n"
        "class U(LeanHttpUser):\n    host = 'http://h'\n    max_retries = 1\nU(Environment())"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert "A LeanHttpUser has no max_retries" in result.stderr


def test_connections_end_with_their_user(any_user: User, scripted: ScriptedServer) -> None:
    scripted.will([OK], [OK])
    any_user.send()
    any_user.new(scripted.host)
    any_user.send()
    wait_until(lambda: scripted.ended == [1])
