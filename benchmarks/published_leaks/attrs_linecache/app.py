"""Shapes; for those that are looked at closely a data class is made where it is needed."""

import itertools

import attr
import bottle

CLOSELY = 10
app = bottle.Bottle()
requests = itertools.count()


@app.get("/shapes/<side:int>")
def shape(side: int) -> dict[str, int]:
    """Return a square; one in ten in detail, for each class makes the next one slower to make."""
    if next(requests) % CLOSELY:
        return {"side": side}

    @attr.s
    class Square:
        side = attr.ib()
        area = attr.ib()

    return attr.asdict(Square(side, side * side))
