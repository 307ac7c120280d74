"""A WSGI application for gunicorn; ``LEAK=1`` makes each worker keep 300 bytes per request."""

import os

KEPT = []


def application(_environ, start_response):
    if os.environ.get("LEAK"):
        KEPT.append(bytes(300))
    start_response("200 OK", [("content-length", "2")])
    return [b"ok"]
