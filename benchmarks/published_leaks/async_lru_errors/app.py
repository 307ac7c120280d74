"""Stock of items, asked for through a cache; most items are not found."""

import itertools

from async_lru import alru_cache
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

numbers = itertools.count()


@alru_cache(maxsize=100)
async def stock_of(item: int) -> int:
    """Return how many there are."""
    if item % 10:
        raise LookupError(item)
    return 17


async def stock(_request: Request) -> JSONResponse:
    """Answer for the next item."""
    item = next(numbers)
    try:
        return JSONResponse({"item": item, "stock": await stock_of(item)})
    except LookupError:
        return JSONResponse({"item": item, "stock": 0})


app = Starlette(routes=[Route("/stock", stock)])
