"""Comments by visitors, with the markup that is not allowed taken out."""

import nh3
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

COMMENT = (
    '<p class=a onclick=b>Well <b>said</b>!<script>c()</script> <a href="http://d.e">more</a></p>'
)


async def comment(request: Request) -> HTMLResponse:
    """Answer with one comment."""
    return HTMLResponse(nh3.clean(f"<h1>{request.path_params['number']}</h1>{COMMENT}"))


app = Starlette(routes=[Route("/comments/{number}", comment)])
