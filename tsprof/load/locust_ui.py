"""Locust's own web page, to look at only: what load there is, the run decides and counts."""

import json
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

import gevent
from gevent.pywsgi import WSGIServer
from locust.env import Environment

from tsprof.errors import UsageError
from tsprof.loopback import LOOPBACK, host_names

READABLE = frozenset({
    "/", "/stats/requests", "/stats/requests/csv", "/stats/failures/csv", "/stats/report",
    "/exceptions", "/exceptions/csv", "/tasks", "/logs", "/worker-count",
})  # fmt: skip
"""What changes nothing; ``/assets/`` besides."""
REFUSAL = "This load is tsprof's: it can be looked at here, but not started, changed or stopped."
_BANNER = (
    # Its buttons, which would wait for ever for what is refused.
    "<body><style>header .MuiButton-contained{display:none}</style>"
    '<div style="position:fixed;bottom:0;left:0;right:0;z-index:9999;padding:6px 16px;'
    f'background:#8a5a00;color:#fff;font:14px sans-serif">{REFUSAL}</div>'
)

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def serve(environment: Environment, port: int) -> int:
    """Serve Locust's web page on loopback for as long as this process lives.

    Args:
        environment: Locust's, with its runner.
        port: To listen at; 0 for a free one.

    Returns:
        The port.

    Raises:
        UsageError: The port is taken.
    """
    web = environment.create_web_ui(LOOPBACK, port, delayed_start=True)
    server = WSGIServer((LOOPBACK, port), log=None, error_log=logging.getLogger(__name__))
    try:
        server.init_socket()
    except OSError as error:
        raise UsageError(
            f"--locust-ui: port {port} cannot be listened at: {error.strerror}",
            hint="name another, or 0 for one that is free",
        ) from error
    bound: int = server.address[1]
    server.application = read_only(web.app, host_names(bound))
    server.start()
    gevent.spawn(_remember_latencies, environment)
    return bound


def read_only(app: Any, hosts: frozenset[str]) -> Application:
    """Return a WSGI application that answers what changes nothing, and refuses the rest.

    Args:
        app: Locust's.
        hosts: Host headers of requests that are meant for it.
    """

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if environ.get("HTTP_HOST") not in hosts:
            return _said(start_response, HTTPStatus.MISDIRECTED_REQUEST, "not a name of this page")
        reads = environ["REQUEST_METHOD"] in {"GET", "HEAD"}
        if not (reads and (path in READABLE or path.startswith("/assets/"))):
            # Locust's page shows the message of a start that did not succeed.
            refused = HTTPStatus.OK if path == "/swarm" else HTTPStatus.FORBIDDEN
            return _said(start_response, refused, REFUSAL)

        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            # Locust lets pages of any origin read; no other page has any business here.
            kept = [header for header in headers if not header[0].startswith("Access-Control-")]
            if path == "/":  # it gets longer
                kept = [header for header in kept if header[0] != "Content-Length"]
            return start_response(status, kept, *more)

        body: Iterable[bytes] = app(environ, start)
        return [b"".join(body).replace(b"<body>", _BANNER.encode(), 1)] if path == "/" else body

    return answer


def _said(start_response: Callable[..., Any], status: HTTPStatus, text: str) -> list[bytes]:
    start_response(f"{status.value} {status.phrase}", [("Content-Type", "application/json")])
    return [json.dumps({"success": False, "message": text}).encode()]


def _remember_latencies(environment: Environment) -> None:
    """Keep the copies of the last 20 seconds from which the page's current percentiles come."""
    while True:
        total = environment.stats.total
        if not total.use_response_times_cache:  # at first, and once they were reset
            total.use_response_times_cache = True
            total.response_times_cache = OrderedDict()
        total._cache_response_times(int(time.time()))  # noqa: SLF001
        gevent.sleep(1)
