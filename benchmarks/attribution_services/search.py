"""A search whose tokens are counted by a compiled module."""

import tokens
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route


def cost(query: str) -> int:
    """Return what a query costs."""
    return 3 * int(tokens.count_tokens(query))


async def search(request: Request) -> PlainTextResponse:
    """Answer a search."""
    return PlainTextResponse(str(cost(str(request.url.query))))


app = Starlette(routes=[Route("/", search)])
