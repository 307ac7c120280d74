"""Asks a partner's service, each time by a channel of its own."""

import sys

import grpc
from aiohttp import web

CREDENTIALS = grpc.ssl_channel_credentials()


async def state(_request: web.Request) -> web.Response:
    """Tell how the channel is."""
    async with grpc.aio.secure_channel("localhost:1", CREDENTIALS) as channel:
        return web.json_response({"state": channel.get_state().name})


app = web.Application()
app.add_routes([web.get("/state", state)])
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), access_log=None)
