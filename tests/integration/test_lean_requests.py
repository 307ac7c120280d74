"""Locust's FastHttpUser and the lean one send and report the same requests."""

from typing import Any

import pytest
from load_targets.lean import KINDS, OK, User, redirect, sized
from load_targets.scripted import CLOSE, ScriptedServer


@pytest.mark.parametrize(
    ("location", "target"),
    [("/to?a=b", "/to?a=b"), ("to", "/from/to"), ("{host}/far", "/far"), ("?q", "/from/here?q")],
)
def test_redirects_are_one_request(
    location: str, target: str, any_user: User, scripted: ScriptedServer
) -> None:
    scripted.will([redirect(302, location.format(host=scripted.host))], [OK])
    answer = any_user.send(url="/from/here")
    assert (answer["status"], answer["text"]) == (200, "ok")
    assert answer["url"] == scripted.host + target
    assert scripted.targets == ["/from/here", target]
    (event,) = answer["events"]
    assert (event["name"], event["url"]) == ("/from/here", scripted.host + "/from/here")


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
    status: int, method: str, expected: str, any_user: User, scripted: ScriptedServer
) -> None:
    scripted.will([redirect(status, "/to")], [b"HTTP/1.1 204 N\r\n\r\n"])
    assert any_user.send(method, data="body")["status"] == 204
    assert [request.method for request in scripted.received] == [method, expected]
    assert scripted.received[1].body == (b"body" if expected == method != "HEAD" else b"")


def test_redirects_without_end_are_a_failure(any_user: User, scripted: ScriptedServer) -> None:
    any_user.new(scripted.host, max_redirects=3)
    scripted.will(*[[redirect(302, "/again")]] * 5)
    answer = any_user.send()
    assert answer["status"] == 0
    assert "RetriesExceeded" in answer["events"][0]["exception"]
    assert len(scripted.received) == 4


def test_redirects_can_be_left_alone(any_user: User, scripted: ScriptedServer) -> None:
    scripted.will([redirect(302, "/to")], [redirect(302, "/to")], [OK])
    answer = any_user.send(allow_redirects=False)
    assert (answer["status"], answer["events"][0]["exception"]) == (302, None)
    assert any_user.send()["status"] == 200


def test_another_host_gets_no_credentials(any_user: User, scripted: ScriptedServer) -> None:
    with ScriptedServer() as other:
        scripted.will([redirect(302, f"{other.host}/there")], [OK])
        other.will([OK])
        any_user.send(auth=["me", "secret"], headers={"X-Mine": "1"})
        any_user.send(auth=["me", "secret"])
    assert scripted.received[1].headers["authorization"] == "Basic bWU6c2VjcmV0"
    assert "authorization" not in other.received[0].headers
    assert other.received[0].headers["x-mine"] == "1"
    assert other.received[0].headers["host"] == f"127.0.0.1:{other.port}"


def test_a_redirect_to_no_http_is_a_failure(any_user: User, scripted: ScriptedServer) -> None:
    scripted.will([redirect(302, "ftp://127.0.0.1/x")])
    assert any_user.send()["events"][0]["exception"]


def test_cookies_are_kept_across_redirects(any_user: User, scripted: ScriptedServer) -> None:
    scripted.will(
        [redirect(302, "/in", "Set-Cookie: id=1; Path=/", "Set-Cookie: deep=2; Path=/in")],
        [OK],
        [sized(b"", b"Set-Cookie: id=; Max-Age=0; Path=/")],
        [OK],
    )
    any_user.send("POST", "/login", data="me")
    any_user.send(url="/out")
    any_user.send(url="/out")
    cookies = [request.headers.get("cookie") for request in scripted.received]
    assert cookies[0] is None
    assert cookies[1] is not None
    assert set(cookies[1].split("; ")) == {"id=1", "deep=2"}
    assert cookies[2:] == ["id=1", None]


def test_cookies_expire_and_can_be_replaced(any_user: User, scripted: ScriptedServer) -> None:
    scripted.will(
        [sized(b"", b"Set-Cookie: a=1; Max-Age=2", b"Set-Cookie: b=1")],
        [sized(b"", b"Set-Cookie: b=2; Path=/")],
        [OK],
        [2.1, OK],
        [OK],
        [OK],
    )
    for _ in range(5):
        any_user.send(url="/x")
    any_user.send(url="/x", headers={"Cookie": "mine"})
    cookies = [request.headers.get("cookie") for request in scripted.received]
    assert cookies == [None, "a=1; b=1", "a=1; b=2", "a=1; b=2", "b=2", "mine"]


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


def test_both_users_send_the_same(
    user_processes: dict[str, User], scripted: ScriptedServer
) -> None:
    scripted.will(*[[OK]] * len(KINDS) * len(REQUESTS))
    for user in user_processes.values():
        user.new(scripted.host.replace("//", "//us%40er:pass@"), default_headers={"X-Default": "d"})
    for what, options in REQUESTS.items():
        first, second = (observed(user, options, scripted) for user in user_processes.values())
        assert first == second, what


def observed(user: User, options: dict[str, Any], scripted: ScriptedServer) -> tuple[Any, ...]:
    event = user.send(**options)["events"][0]
    request = scripted.received[-1]
    headers = {k: v for k, v in request.headers.items() if k != "user-agent" or v == "me"}
    return (
        (request.method, request.target, headers, request.body),
        (event["request_type"], event["name"], event["url"]),
        (event["exception"], event["response_length"], sorted(event)),
    )


@pytest.mark.parametrize("status", [200, 204, 226, 300, 304, 404, 500])
@pytest.mark.parametrize("judge", [None, "", "success", "wrong"])
def test_the_verdict_on_a_status(
    status: int, judge: str | None, any_user: User, scripted: ScriptedServer
) -> None:
    scripted.will([b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % status])
    answer = any_user.send(**({} if judge is None else {"judge": judge}))
    (event,) = answer["events"]
    expected = {
        None: f"LocustBadStatusCode(code={status})" if status in {300, 404, 500} else None,
        "success": None,
        "wrong": "CatchResponseError('wrong')",
    }
    assert event["exception"] == expected[judge or None]
    assert answer["ok"] == (status < 400)


def test_a_failed_request_can_be_judged(any_user: User, scripted: ScriptedServer) -> None:
    scripted.will([OK[:-1], CLOSE])
    answer = any_user.send("POST", judge="")
    assert len(answer["events"]) == 1
    assert answer["events"][0]["exception"]
