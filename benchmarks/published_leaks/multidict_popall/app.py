"""A gateway that strips the headers that concern one hop only before it passes a request on."""

import sys

from aiohttp import web
from multidict import CIMultiDict

HOP_BY_HOP = ("Connection", "Keep-Alive", "TE", "Trailer", "Transfer-Encoding", "Upgrade")


def end_to_end_headers(request: web.Request) -> CIMultiDict[str]:
    """Return the headers that the next hop may see."""
    headers = CIMultiDict(request.headers)
    headers.update(dict.fromkeys(HOP_BY_HOP, "from this hop"))
    for name in HOP_BY_HOP:
        headers.popall(name, None)
    return headers


async def order(request: web.Request) -> web.Response:
    """Answer with one order."""
    headers = end_to_end_headers(request)
    return web.json_response({"order": request.match_info["number"], "headers": len(headers)})


if __name__ == "__main__":
    app = web.Application()
    app.router.add_get("/orders/{number}", order)
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), access_log=None)
