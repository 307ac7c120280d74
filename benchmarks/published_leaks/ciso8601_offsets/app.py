"""Departures, told in the time of the place from which they leave."""

from datetime import UTC, datetime

import ciso8601
from sanic import Request, Sanic
from sanic.response import HTTPResponse, json

app = Sanic("departures")


@app.get("/departures/<number:int>")
async def departure(_request: Request, number: int) -> HTTPResponse:
    """Answer with a time of departure in its own zone."""
    planned = ciso8601.parse_datetime("2025-03-07T10:20:30+05:30")
    delayed = datetime(2025, 3, 7, 5, number % 60, tzinfo=UTC)
    return json({"departs": delayed.astimezone(planned.tzinfo).isoformat()})
