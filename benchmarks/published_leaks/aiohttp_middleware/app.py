"""Orders, which can be placed but not listed; a middleware names the server in every answer."""

import sys
from collections.abc import Awaitable, Callable

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def name_the_server(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Add a header to the answer."""
    response = await handler(request)
    response.headers["X-Served-By"] = "orders"
    return response


async def place(_request: web.Request) -> web.Response:
    """Take an order."""
    return web.json_response({"placed": True}, status=201)


async def health(_request: web.Request) -> web.Response:
    """Tell that the service lives."""
    return web.json_response({"ok": True})


app = web.Application(middlewares=[name_the_server])
app.add_routes([web.post("/orders", place), web.get("/health", health)])

if __name__ == "__main__":
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), access_log=None)
