"""An interface whose functions are timed by a decorator, which keeps every single timing."""

import functools
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

Handler = Callable[[Request], Awaitable[JSONResponse]]


@dataclass
class Timing:
    """One call."""

    path: str
    seconds: float


def timed(handler: Handler) -> Handler:
    """Measure how long each call takes."""
    timings: list[Timing] = []

    @functools.wraps(handler)
    async def measured(request: Request) -> JSONResponse:
        began = time.perf_counter()
        response = await handler(request)
        timings.append(Timing(str(request.url), time.perf_counter() - began))
        response.headers["X-Slowest"] = f"{max(t.seconds for t in timings[-50:]):.6f}"
        return response

    return measured


@timed
async def quote(request: Request) -> JSONResponse:
    """Quote a price."""
    number = int(request.query_params["id"])
    return JSONResponse({"product": number, "price": number % 997})


app = Starlette(routes=[Route("/", quote)])
