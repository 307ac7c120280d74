"""The web application: routes, request bodies, start and stop."""

import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from truthsync.cache import LRUCache
from truthsync.errors import BadRequestError, SettingsError
from truthsync.faults.injector import FaultInjector
from truthsync.metrics import Metrics
from truthsync.observer import RequestObserver
from truthsync.service import Service, claim_of, claims_of
from truthsync.settings import Settings
from truthsync.verifier import Verdict, Verifier, load_evidence

START_UP_FAILED = 3
"""The status with which uvicorn and gunicorn say that an application cannot start.

gunicorn gives up on this one; after any other it would start workers for ever.
"""

Endpoint = Callable[[Request], Awaitable[Response]]


def create_app(settings: Settings) -> Starlette:
    """Return an application of its own: nothing is shared with another one."""
    cache: LRUCache[Verdict] = LRUCache(settings.cache_size)
    metrics = Metrics(cache)
    faults = FaultInjector(settings.faults, cache)
    service = Service(Verifier(load_evidence()), cache)

    async def verify(request: Request) -> Response:
        body = await _json_body(request, settings.max_body_bytes)
        return JSONResponse(service.verify(claim_of(body)))

    async def verify_batch(request: Request) -> Response:
        body = await _json_body(request, settings.max_body_bytes)
        claims = claims_of(body, settings.batch_size)
        return JSONResponse({"results": [service.verify(claim) for claim in claims]})

    async def health(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def stats(_: Request) -> Response:
        return JSONResponse(
            {
                "pid": os.getpid(),
                "requests": faults.requests,
                "batch_size": settings.batch_size,
                "cache": {
                    "size": len(cache),
                    "capacity": cache.maxsize,
                    "hits": cache.hits,
                    "misses": cache.misses,
                    "evictions": cache.evictions,
                    "hit_rate": cache.hit_rate,
                },
                "faults": faults.status(),
            }
        )

    async def prometheus(_: Request) -> Response:
        return Response(metrics.exposition(), media_type=CONTENT_TYPE_LATEST)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        faults.start()
        yield
        faults.stop()

    routes = [
        _route("/verify", verify, "POST"),
        _route("/verify/batch", verify_batch, "POST"),
        _route("/health", health, "GET"),
        _route("/stats", stats, "GET"),
        _route("/metrics", prometheus, "GET"),
    ]
    return Starlette(
        routes=routes,
        middleware=[
            Middleware(
                RequestObserver,
                metrics=metrics,
                faults=faults,
                endpoints=frozenset(route.path for route in routes),
            )
        ],
        exception_handlers={BadRequestError: _bad_request},
        lifespan=lifespan,
    )


def load_app() -> Starlette:
    """Return the application that the environment describes; end the process if it cannot be."""
    try:
        return create_app(Settings.from_environ(os.environ))
    except SettingsError as error:
        sys.stderr.write(f"truthsync: {error}\n")
        sys.exit(START_UP_FAILED)


def _route(path: str, endpoint: Endpoint, method: str) -> Route:
    return Route(path, endpoint, methods=[method])


async def _json_body(request: Request, most: int) -> Any:
    body = bytearray()
    try:
        async for part in request.stream():
            body += part
            if len(body) > most:
                raise BadRequestError(
                    HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body has more than {most} bytes"
                )
    except ClientDisconnect:
        raise BadRequestError(HTTPStatus.BAD_REQUEST, "the client went away") from None
    try:
        return json.loads(body)
    except RecursionError:
        raise BadRequestError(HTTPStatus.BAD_REQUEST, "the body is nested too deeply") from None
    except ValueError as error:
        raise BadRequestError(HTTPStatus.BAD_REQUEST, f"the body is not JSON: {error}") from None


async def _bad_request(_: Request, error: Exception) -> Response:
    if not isinstance(error, BadRequestError):
        raise error
    return JSONResponse({"error": str(error)}, status_code=error.status)


app = load_app()
