"""Offers of several suppliers, asked for at the same time."""

import gevent
from flask import Flask

app = Flask(__name__)
SUPPLIERS = ("north", "south")


def price(supplier: str, number: int) -> float:
    """Ask a supplier."""
    gevent.sleep(0)
    return number + len(supplier) / 10


@app.get("/offers/<int:number>")
def offers(number: int) -> dict[str, float]:
    """Answer with the best offer."""
    asked = [gevent.spawn(price, supplier, number) for supplier in SUPPLIERS]
    gevent.joinall(asked)
    return {"price": min(one.value for one in asked)}
