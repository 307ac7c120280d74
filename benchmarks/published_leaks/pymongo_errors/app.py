"""Encodes orders for MongoDB, and says which it cannot take."""

from decimal import Decimal

import bson
from flask import Flask

app = Flask(__name__)


def encoded(document: dict[str, object]) -> bytes | None:
    """Return a document as the database takes it; nothing when it cannot."""
    try:
        return bson.encode(document)
    except bson.errors.InvalidDocument:
        return None


@app.get("/orders/<kind>")
def order(kind: str) -> dict[str, bool]:
    """Answer whether an order can be stored."""
    price = 17.5 if kind == "good" else Decimal("17.5")
    return {"stored": encoded({"kind": kind, "price": price}) is not None}
