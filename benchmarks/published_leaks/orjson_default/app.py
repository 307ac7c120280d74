"""Readings as JSON; those of an unknown type are told in the answer, not served."""

from collections.abc import Callable, Iterable
from decimal import Decimal

import orjson


def plain(value: object) -> str:
    """Return what JSON has no word for."""
    raise TypeError(f"no reading: {value}")


def encode(reading: dict) -> bytes:
    """Return a reading as JSON, or why not."""
    try:
        return orjson.dumps(reading, default=plain)
    except orjson.JSONEncodeError as error:
        return orjson.dumps({"error": str(error)})


def app(_environ: dict, start_response: Callable) -> Iterable[bytes]:
    """Answer with a reading."""
    start_response("200 OK", [("Content-Type", "application/json")])
    return [encode({"sensor": 7, "celsius": Decimal("21.5")})]
