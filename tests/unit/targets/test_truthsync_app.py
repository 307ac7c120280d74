import asyncio
import json
import sys
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from truthsync.app import create_app
from truthsync.cache import LRUCache
from truthsync.faults.injector import FaultInjector
from truthsync.faults.specification import parse_faults
from truthsync.metrics import Metrics
from truthsync.observer import RequestObserver
from truthsync.settings import Settings

TOO_DEEP = "nested" if sys.version_info < (3, 14) else "not JSON"
"""What is wrong with 50,000 brackets: from Python 3.14 on the stack has room for some 80,000."""


def call(app: ASGIApp, method: str, path: str, *body_parts: bytes) -> tuple[int, bytes]:
    """Send one request to the application, without a server; return status and body."""
    parts = list(body_parts) or [b""]
    sent: list[Message] = []

    async def receive() -> Message:
        if not parts:
            return {"type": "http.disconnect"}
        body = parts.pop(0)
        return {"type": "http.request", "body": body, "more_body": bool(parts)}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "scheme": "http",
        "root_path": "",
    }
    asyncio.run(_serve(app, scope, receive, send))
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])


async def _serve(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    await app(scope, receive, send)


def post(app: Starlette, path: str, body: Any) -> tuple[int, Any]:
    status, reply = call(app, "POST", path, json.dumps(body).encode())
    return status, json.loads(reply)


def stats(app: Starlette) -> Any:
    return json.loads(call(app, "GET", "/stats")[1])


@pytest.fixture
def app() -> Starlette:
    return create_app(Settings(cache_size=2, batch_size=3))


def test_a_claim_is_verified_and_remembered(app: Starlette) -> None:
    status, first = post(app, "/verify", {"claim": "The moon is made of cheese"})
    _, again = post(app, "/verify", {"claim": " the MOON is made  of cheese"})

    assert status == 200
    assert set(first) == {"verdict", "confidence", "cached"}
    assert (first["cached"], again["cached"]) == (False, True)
    assert {**first, "cached": True} == again


def test_a_lone_surrogate_is_a_claim_like_any_other(app: Starlette) -> None:
    status, _ = call(app, "POST", "/verify", b'{"claim": "\\ud800 x"}')

    assert status == 200


def test_a_batch_is_verified_in_order(app: Starlette) -> None:
    status, reply = post(app, "/verify/batch", {"claims": ["one", "two", "one"]})

    assert status == 200
    assert [result["cached"] for result in reply["results"]] == [False, False, True]


def test_health_is_answered(app: Starlette) -> None:
    assert call(app, "GET", "/health") == (200, b'{"status":"ok"}')


@pytest.mark.parametrize(
    ("path", "body", "status", "told"),
    [
        ("/verify", b"", 400, "not JSON"),
        ("/verify", b"{", 400, "not JSON"),
        ("/verify", b'{"claim": "\xff"}', 400, "not JSON"),
        ("/verify", b"[" * 50_000, 400, TOO_DEEP),
        ("/verify", b"[]", 400, "JSON object"),
        ("/verify", b"null", 400, "JSON object"),
        ("/verify", b"1" * 5_000, 400, "not JSON"),
        ("/verify", b"{}", 422, '"claim" is missing'),
        ("/verify", b'{"claim": 3}', 422, "must be text"),
        ("/verify", b'{"claim": null}', 422, "must be text"),
        ("/verify", b'{"claim": " \\n"}', 422, "is empty"),
        ("/verify", b'{"claim": "%b"}' % (b"x" * 2_001), 422, "at most 2000"),
        ("/verify", b'{"claim": "%b"}' % (b"x" * 90_000), 413, "bytes"),
        ("/verify/batch", b'{"claim": "x"}', 422, '"claims" is missing'),
        ("/verify/batch", b'{"claims": "x"}', 422, "must be a list"),
        ("/verify/batch", b'{"claims": []}', 422, "is empty"),
        ("/verify/batch", b'{"claims": ["a", 1]}', 422, "claims[1]"),
        ("/verify/batch", b'{"claims": ["a", "b", "c", "d"]}', 413, "at most 3"),
    ],
)
def test_bad_input_is_the_clients_error(
    app: Starlette, path: str, body: bytes, status: int, told: str
) -> None:
    answered, reply = call(app, "POST", path, body)

    assert answered == status
    assert told in json.loads(reply)["error"]
    assert stats(app)["cache"]["size"] == 0
    assert b'truthsync_errors_total{kind="4xx"} 1.0' in call(app, "GET", "/metrics")[1]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/verify", 405), ("POST", "/health", 405), ("GET", "/nothing", 404)],
)
def test_unknown_routes_are_refused(app: Starlette, method: str, path: str, status: int) -> None:
    assert call(app, method, path)[0] == status


def test_a_body_may_come_in_parts(app: Starlette) -> None:
    status, _ = call(app, "POST", "/verify", b'{"cla', b'im": "x', b'"}')

    assert status == 200


def test_a_full_batch_of_the_longest_claims_fits(app: Starlette) -> None:
    status, _ = post(app, "/verify/batch", {"claims": ["\U0001f600" * 2_000] * 3})

    assert status == 200


def test_a_client_that_goes_away_leaves_the_service_well(app: Starlette) -> None:
    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(_: Message) -> None:
        pass

    scope = {"type": "http", "method": "POST", "path": "/verify", "headers": []}
    asyncio.run(_serve(app, scope, receive, send))

    assert call(app, "GET", "/health")[0] == 200
    assert b"truthsync_connections 1.0" in call(app, "GET", "/metrics")[1]


def test_stats_tell_cache_and_settings(app: Starlette) -> None:
    for claim in ("a", "b", "c", "c"):
        post(app, "/verify", {"claim": claim})

    reply = stats(app)

    assert reply["cache"] == {
        "size": 2,
        "capacity": 2,
        "hits": 1,
        "misses": 3,
        "evictions": 1,
        "hit_rate": 0.25,
    }
    assert (reply["requests"], reply["batch_size"], reply["faults"]) == (5, 3, {})
    assert reply["pid"] > 0


def test_metrics_have_the_agreed_names(app: Starlette) -> None:
    post(app, "/verify", {"claim": "a"})
    call(app, "GET", "/some/path/a/client/made/up")

    text = call(app, "GET", "/metrics")[1].decode()

    for line in (
        'truthsync_requests_total{endpoint="/verify"} 1.0',
        'truthsync_requests_total{endpoint="other"} 1.0',
        'truthsync_errors_total{kind="4xx"} 1.0',
        'truthsync_errors_total{kind="5xx"} 0.0',
        "truthsync_processing_seconds_count 2.0",
        "truthsync_cache_hit_rate 0.0",
        "truthsync_cache_size 1.0",
        "truthsync_cache_evictions_total 0.0",
        "truthsync_connections 1.0",
    ):
        assert f"\n{line}\n" in text
    assert "made/up" not in text


def test_an_unexpected_error_is_counted_as_the_services() -> None:
    async def broken(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise RuntimeError("broken")

    metrics = Metrics(LRUCache(1))
    observer = RequestObserver(
        broken, metrics=metrics, faults=FaultInjector((), LRUCache(100)), endpoints=frozenset()
    )

    with pytest.raises(RuntimeError, match="broken"):
        call(observer, "GET", "/health")

    assert b'truthsync_errors_total{kind="5xx"} 1.0' in metrics.exposition()
    assert b"truthsync_connections 0.0" in metrics.exposition()


def test_applications_share_nothing(app: Starlette) -> None:
    other = create_app(Settings())
    post(app, "/verify", {"claim": "a"})

    assert stats(other)["requests"] == 1
    assert stats(other)["cache"]["size"] == 0


def test_every_request_counts_for_faults() -> None:
    app = create_app(Settings(faults=parse_faults("dict:0.5:100")))
    for _ in range(9):
        call(app, "GET", "/health")

    reply = stats(app)

    assert reply["requests"] == 10
    assert reply["faults"]["dict"]["planted"] == 5
    assert reply["faults"]["dict"]["bytes"] > 500
