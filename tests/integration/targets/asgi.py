"""An ASGI application for uvicorn and its gunicorn worker; keeps 300 bytes per request."""

KEPT = []


async def application(scope, receive, send):
    if scope["type"] != "http":
        return
    await receive()
    KEPT.append(bytes(300))
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})
