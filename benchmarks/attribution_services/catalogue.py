"""A shop's pages from a cache that is warm at the start; searches are noted for a report."""

import functools
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

PRODUCTS = 200_000
CACHED = 20_000

searches: list[str] = []


@functools.lru_cache(maxsize=CACHED)
def page(number: int) -> bytes:
    """Render the page of a product."""
    return f"<h1>Product {number}</h1>".encode() * 20


def note_search(number: int) -> None:
    """Note what was searched for; the weekly report was never written."""
    searches.append(f"product number {number}")


async def show(request: Request) -> Response:
    """Show a product."""
    number = int(request.query_params["id"])
    if number % 2:
        note_search(number)
    return Response(page(number % PRODUCTS))


@asynccontextmanager
async def warm(_: Starlette) -> AsyncIterator[None]:
    """Fill the cache before the first request."""
    for number in random.sample(range(PRODUCTS), CACHED):
        page(number)
    yield


app = Starlette(routes=[Route("/", show)], lifespan=warm)
