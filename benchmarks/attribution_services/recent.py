"""No leak: the last requests and failures, in containers of a fixed size that are full."""

import functools
import traceback
from collections import deque

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

MOST_FAILURES = 500

recent: deque[str] = deque((f"/start?{number}" for number in range(5_000)), maxlen=5_000)
failures: dict[int, str] = {}


@functools.lru_cache(maxsize=1_000)
def describe(number: int) -> str:
    """Describe a thing."""
    return f"thing {number} " * 10


def check(number: int) -> None:
    """Check a number, and remember the last failures."""
    try:
        if number % 3 == 0:
            raise ValueError(f"{number} is not allowed")  # noqa: TRY301 - as people write it
    except ValueError:
        failures[number] = traceback.format_exc()
        while len(failures) > MOST_FAILURES:
            del failures[next(iter(failures))]


async def show(request: Request) -> PlainTextResponse:
    """Answer a request."""
    number = int(request.query_params["id"])
    recent.append(str(request.url))
    check(number)
    return PlainTextResponse(describe(number))


app = Starlette(routes=[Route("/", show)])
