"""A WSGI application for gunicorn; ``LEAK=1`` makes each worker keep 300 bytes per request."""

import os
from collections.abc import Callable
from typing import Any

KEPT: list[bytes] = []


def application(_environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    if os.environ.get("LEAK"):
        KEPT.append(bytes(300))
    start_response("200 OK", [("content-length", "2")])
    return [b"ok"]
