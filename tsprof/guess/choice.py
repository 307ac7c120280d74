"""Choose the routes to load with a plain GET, and say why the others are left out."""

import re
from collections.abc import Sequence

from tsprof.guess.routes import NEEDS_A_VALUE, Route

_HEALTH = re.compile(
    r"health|ready|readiness|live|liveness|ping|status|metrics|version|docs|openapi|static|favicon"
    r"|robots|login|signin|auth",
    re.IGNORECASE,
)
"""Routes that do not do the service's work."""
_DANGEROUS = re.compile(
    r"logout|signout|delete|remove|shutdown|kill|crash|reset|restart|exit|quit|stop|purge|admin",
    re.IGNORECASE,
)
"""Routes that must not be requested ten thousand times."""
_PARAMETER = re.compile(r"[{<*(\[$^?\\]")


def simple_routes(found: Sequence[Route]) -> list[Route]:
    """Return the GET routes that are best to load, all as good as each other; nothing for none.

    Those that do the service's work and need nothing but their path are best; the start page comes
    next, then routes with dependencies, and health checks last.
    """
    usable: dict[str, Route] = {}
    for route in found:
        if _is_requested(route.path) and not _obstacle(route):
            usable.setdefault(route.path, route)
    best = min(map(_rank, usable.values()), default=None)
    return [route for route in usable.values() if _rank(route) == best]


def left_out(found: Sequence[Route]) -> list[str]:
    """Say of each route that does the service's work why a plain GET cannot load it."""
    simple = {route.path for route in simple_routes(found)}
    told: dict[str, None] = {}
    for route in found:
        doubtful = route.hindered and route.path not in simple
        reason = _obstacle(route) or ("may need a login" if doubtful else "")
        if reason and _is_requested(route.path) and not _HEALTH.search(route.path):
            told[f"{route.path} {reason}"] = None
    return list(told)


def _is_requested(path: str) -> bool:
    return (
        path.startswith("/")
        and path.isprintable()
        and " " not in path
        and "#" not in path
        and not _DANGEROUS.search(path)
    )


def _obstacle(route: Route) -> str:
    return route.obstacle or (NEEDS_A_VALUE if _PARAMETER.search(route.path) else "")


def _rank(route: Route) -> tuple[bool, bool, bool]:
    return bool(_HEALTH.search(route.path)), route.hindered, route.path == "/"
