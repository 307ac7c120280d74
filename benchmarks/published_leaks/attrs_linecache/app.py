"""Shapes, whose data class is made within the function that needs it."""

import attr
import bottle

app = bottle.Bottle()


@app.get("/shapes/<side:int>")
def shape(side):
    """Return a square."""

    @attr.s
    class Square:
        side = attr.ib()
        area = attr.ib()

    return attr.asdict(Square(side, side * side))
