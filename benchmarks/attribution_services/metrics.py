"""Figures about visits, folded together by a task that keeps what it has folded."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

visits: asyncio.Queue[dict[str, Any]] = asyncio.Queue()


async def fold() -> None:
    """Take visits from the queue and fold them into a total."""
    folded = []
    total = 0
    while True:
        visit = await visits.get()
        total += visit["bytes"]
        folded.append({"visitor": visit["visitor"], "total": float(total)})


async def visit(request: Request) -> PlainTextResponse:
    """Note a visit."""
    visits.put_nowait({"visitor": request.query_params["id"], "bytes": 512})
    return PlainTextResponse("welcome")


@asynccontextmanager
async def folding(_: Starlette) -> AsyncIterator[None]:
    """Run the task while the service runs."""
    task = asyncio.create_task(fold())
    yield
    task.cancel()


app = Starlette(routes=[Route("/", visit)], lifespan=folding)
