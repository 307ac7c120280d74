"""Serves a page on this machine that shows a run while it lasts, and how it ended."""

import json
import sys
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import BoundedSemaphore, Condition, Thread
from time import monotonic
from types import TracebackType
from typing import Any, Self

import tsprof
from tsprof.errors import TsprofError, UsageError
from tsprof.loopback import LOOPBACK, host_names
from tsprof.monitor.page_state import State, state_of, with_report, without_report
from tsprof.monitor.watch import RunWatch
from tsprof.report.model import Report
from tsprof.report.pages import asset, security_policy, template

EVERY = 1.0
"""Seconds between two states that are sent: a run is stored once a second."""
MOST_CONNECTIONS = 16
"""Each has a thread. A browser's tab keeps one, and opens a second for a moment."""
STUCK = 10.0
"""Seconds after which a client that sends no request, or takes no answer, is given up."""
FAREWELL = 2.0
"""Seconds at most that the end of the run waits for its pages to have heard of it."""


class LivePage:
    """A run's page; a context manager, which ends it with the reason where the run fails."""

    def __init__(self, folder: Path, port: int) -> None:
        """Serve the page of the run in a folder from now on.

        Args:
            folder: the run's; it must have begun.
            port: to listen at; 0 for a free one.

        Raises:
            UsageError: the port is taken.
        """
        self._name = folder.name
        self._watch = RunWatch(folder)
        self._changed = Condition()
        self._state: State = state_of(self._name, *self._watch.look())
        self._asked = monotonic()
        self._watching = 0
        try:
            self._server = _Server((LOOPBACK, port), partial(_Handler, self))
        except OSError as error:
            raise UsageError(
                f"--web: port {port} cannot be listened at: {error.strerror}",
                hint="name another, or 0 for one that is free",
            ) from error
        self.port: int = self._server.server_port
        self._thread = Thread(target=self._server.serve_forever, name="page", daemon=True)
        self._thread.start()

    def state(self) -> State:
        """Return what the page shows now."""
        with self._changed:
            return self._look()

    def next_state(self) -> State:
        """Return what it shows in a second, or at once when the run is over."""
        with self._changed:
            self._changed.wait_for(lambda: self._state["over"], EVERY)
            return self._look()

    def _look(self) -> State:
        now = monotonic()
        if not self._state["over"] and now - self._asked >= EVERY / 2:  # for all who ask, once
            self._asked = now
            self._state = state_of(self._name, *self._watch.look())
        return self._state

    def watching(self, change: int) -> None:
        """Count a page that is kept up to date, or that is not any more."""
        with self._changed:
            self._watching += change
            self._changed.notify_all()

    def end(self, report: Report, path: str) -> None:
        """Show the report of the run.

        Args:
            report: of the run.
            path: of its HTML page; empty where there is none.
        """
        self._finish(lambda state: with_report(state, report, path))

    def _finish(self, ending: Callable[[State], State]) -> None:
        with self._changed:
            if self._state["over"]:
                return
            self._state = ending(state_of(self._name, *self._watch.look()))
            self._changed.notify_all()

    def __enter__(self) -> Self:
        """Serve."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Tell the pages how the run ended, and serve no more."""
        why = str(error) if isinstance(error, TsprofError) else "the run was ended"
        self._finish(lambda state: without_report(state, why))
        with self._changed:
            self._changed.wait_for(lambda: not self._watching, FAREWELL)
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    """Answers on threads of which there are not too many."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], handler: Any) -> None:
        self._free = BoundedSemaphore(MOST_CONNECTIONS)
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Turn away whoever is one too many."""
        if self._free.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer, and make room."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a browser that goes away."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    timeout = STUCK
    server_version = "tsprof"
    sys_version = ""

    def __init__(self, page: LivePage, *connection: Any) -> None:
        self._page = page
        super().__init__(*connection)

    def do_GET(self) -> None:
        """Send the page, or its states one after the other."""
        if self.headers.get("Host") not in host_names(self._page.port):
            self._answer(HTTPStatus.MISDIRECTED_REQUEST, "text/plain", b"not a name of this page\n")
        elif self.path == "/":
            self._answer(HTTPStatus.OK, "text/html; charset=utf-8", _html(self._page.state()))
        elif self.path == "/events":
            self._send_states()
        else:
            self._answer(HTTPStatus.NOT_FOUND, "text/plain", b"there is only one page: /\n")

    def _answer(self, status: HTTPStatus, kind: str, body: bytes) -> None:
        self._head(status, kind)
        self.wfile.write(body)

    def _head(self, status: HTTPStatus, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Content-Security-Policy", "frame-ancestors 'none'")
        self.end_headers()

    def _send_states(self) -> None:
        self._page.watching(1)
        try:
            self._head(HTTPStatus.OK, "text/event-stream")
            state: State = {"over": False}
            while not state["over"]:
                state = self._page.next_state()
                self.wfile.write(b"data: " + json.dumps(state).encode() + b"\n\n")
        finally:
            self._page.watching(-1)

    def log_message(self, *_: Any) -> None:
        """Say nothing: the terminal is the run's."""


def _html(state: State) -> bytes:
    own = partial(asset, package="tsprof.monitor")
    scripts = [asset("uPlot.iife.min.js"), asset("numbers.js"), asset("charts.js"), own("live.js")]
    styles = [asset("uPlot.min.css"), asset("report.css"), own("live.css")]
    text = template("tsprof.monitor", "live.html.j2").render(
        state=state,
        scripts=scripts,
        styles=styles,
        security_policy=security_policy(scripts, styles),
        chart_licence=asset("LICENSE.uPlot"),
        version=tsprof.__version__,
    )
    return text.encode()
