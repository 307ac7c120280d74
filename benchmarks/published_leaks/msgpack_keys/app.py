"""Readings of sensors; the old ones number their fields, which is refused."""

import msgpack
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

OLD = msgpack.packb({"serial": "s" * 120, 7: 21.5})
NEW = msgpack.packb({"serial": "s" * 120, "celsius": 21.5})


def decode(message: bytes) -> float | None:
    """Return the temperature; nothing for a message in the old form."""
    try:
        return msgpack.unpackb(message)["celsius"]
    except ValueError:
        return None


async def reading(request: Request) -> JSONResponse:
    """Answer with the temperature of one sensor."""
    old = request.path_params["sensor"] == "old"
    return JSONResponse({"celsius": decode(OLD if old else NEW)})


app = Starlette(routes=[Route("/readings/{sensor}", reading)])
