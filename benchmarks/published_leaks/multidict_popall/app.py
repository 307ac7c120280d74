"""A gateway that sorts the query of a request into fields of its own."""

import sys

from aiohttp import web
from multidict import MultiDict


def sorted_fields(request: web.Request) -> dict[str, list[str]]:
    """Return the values by name; each is taken out of the query, so that none is left over."""
    left = MultiDict(request.query)
    return {name: left.popall(name) for name in sorted(set(left))}


async def order(request: web.Request) -> web.Response:
    """Answer with the fields of one order."""
    return web.json_response({"fields": sorted_fields(request)})


if __name__ == "__main__":
    app = web.Application()
    app.router.add_get("/order", order)
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), access_log=None)
