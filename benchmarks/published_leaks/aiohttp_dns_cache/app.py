"""Delivers to a host of its own for each customer, all of which are this service itself."""

import itertools
import socket
import sys
from collections.abc import AsyncIterator

from aiohttp import ClientSession, TCPConnector, web
from aiohttp.abc import AbstractResolver, ResolveResult

CLIENT = web.AppKey("client", ClientSession)
PORT = int(sys.argv[1])
customers = itertools.count()


class Loopback(AbstractResolver):
    """Answers that every host is this machine."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the loopback address."""
        return [
            ResolveResult(
                hostname=host, host="127.0.0.1", port=port, family=family, proto=0, flags=0
            )
        ]

    async def close(self) -> None:
        """Nothing is open."""


async def client(app: web.Application) -> AsyncIterator[None]:
    """Keep one client for the life of the service, as aiohttp advises."""
    connector = TCPConnector(resolver=Loopback(), force_close=True, family=socket.AF_INET)
    async with ClientSession(connector=connector) as app[CLIENT]:
        yield


async def deliver(request: web.Request) -> web.Response:
    """Deliver to the next customer's host."""
    url = f"http://customer{next(customers)}.example:{PORT}/inbox"
    async with request.app[CLIENT].get(url) as response:
        return web.json_response({"delivered": response.status == 204})


async def inbox(_request: web.Request) -> web.Response:
    """Accept a delivery."""
    return web.Response(status=204)


app = web.Application()
app.cleanup_ctx.append(client)
app.add_routes([web.get("/deliver", deliver), web.get("/inbox", inbox)])
web.run_app(app, host="127.0.0.1", port=PORT, access_log=None)
