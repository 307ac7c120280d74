"""Ticks as server-sent events, three to a client."""

from collections.abc import AsyncIterator

from sse_starlette.sse import EventSourceResponse
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route


async def ticks() -> AsyncIterator[dict[str, str]]:
    """Yield the events."""
    for tick in range(3):
        yield {"data": str(tick)}


async def stream(_request: Request) -> EventSourceResponse:
    """Answer with the events."""
    return EventSourceResponse(ticks())


app = Starlette(routes=[Route("/ticks", stream)])
