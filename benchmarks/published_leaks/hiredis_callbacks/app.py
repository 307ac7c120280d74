"""Stock levels from Redis, a connection per request, as the asyncio client of redis-py has it."""

import hiredis
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route


class StockConnection:
    """A connection with its parser; the server's reply is canned, so that no server is needed."""

    def __init__(self) -> None:
        """Open the connection."""
        self.received = bytearray(b"$2\r\n42\r\n")
        self.reader = hiredis.Reader(protocolError=self.failed, replyError=self.failed)

    def failed(self, message: str) -> Exception:
        """Return the error for a reply that tells of one."""
        return RuntimeError(message)

    def level(self) -> int:
        """Return how many there are."""
        self.reader.feed(bytes(self.received))
        return int(self.reader.gets())


async def stock(request: Request) -> JSONResponse:
    """Answer with the level of one item."""
    return JSONResponse({"item": request.path_params["item"], "level": StockConnection().level()})


app = Starlette(routes=[Route("/stock/{item}", stock)])
