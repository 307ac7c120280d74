"""Orders behind a middleware that remembers request ids, so that no order is placed twice."""

import time
import uuid

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send


class Deduplication:
    """Refuses a request id that came before."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an application."""
        self.app = app
        self.seen: dict[str, float] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that is new."""
        if scope["type"] == "http":
            request_id = dict(scope["headers"]).get(b"x-request-id", uuid.uuid4().hex.encode())
            if request_id in self.seen:
                await PlainTextResponse("seen", status_code=409)(scope, receive, send)
                return
            self.seen[request_id.decode()] = time.time()
        await self.app(scope, receive, send)


async def place(request: Request) -> PlainTextResponse:
    """Place an order."""
    return PlainTextResponse(f"ordered {request.query_params['id']}")


app = Starlette(routes=[Route("/", place)], middleware=[Middleware(Deduplication)])
