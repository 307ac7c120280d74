"""Watches every request: metrics, and the faults that were asked for."""

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from truthsync.faults.injector import FaultInjector
from truthsync.metrics import Metrics

_SERVER_ERROR = 500


class RequestObserver:
    """ASGI middleware around the routes."""

    def __init__(
        self, app: ASGIApp, *, metrics: Metrics, faults: FaultInjector, endpoints: frozenset[str]
    ) -> None:
        """Take the inner application, and the paths that metrics may name."""
        self._app = app
        self._metrics = metrics
        self._faults = faults
        self._endpoints = endpoints

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = _SERVER_ERROR

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        started = time.perf_counter()
        with self._metrics.connections.track_inprogress():
            try:
                await self._faults.on_request()
                await self._app(scope, receive, send_and_note)
            finally:
                path = scope["path"]
                self._metrics.answered(
                    path if path in self._endpoints else "other",
                    status,
                    time.perf_counter() - started,
                )
