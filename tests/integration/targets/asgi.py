"""An ASGI application for uvicorn and its gunicorn worker; keeps 300 bytes per request."""

from collections.abc import Awaitable, Callable
from typing import Any

KEPT: list[bytes] = []


async def application(
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[dict[str, Any]]],
    send: Callable[[dict[str, Any]], Awaitable[None]],
) -> None:
    if scope["type"] != "http":
        return
    await receive()
    KEPT.append(bytes(300))
    headers = [(b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"ok"})
