"""Quotes from a supplier; the headers of its request are kept case-insensitively."""

from multidict import CIMultiDict
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route


def supplier_headers(number: str) -> CIMultiDict[str]:
    """Return the headers that the supplier wants."""
    return CIMultiDict({"User-Agent": "quotes/1.0", "Accept": "application/json", "X-Item": number})


async def quote(request: Request) -> JSONResponse:
    """Answer with one quote."""
    headers = supplier_headers(request.path_params["number"])
    return JSONResponse({"item": headers["x-item"], "price": 17})


app = Starlette(routes=[Route("/quotes/{number}", quote)])
