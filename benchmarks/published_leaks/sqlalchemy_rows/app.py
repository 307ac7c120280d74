"""Items of a shop; what a row does not have is left out."""

from bottle import Bottle
from sqlalchemy import create_engine, text

app = Bottle()
engine = create_engine("sqlite://")


@app.get("/items/<number:int>")
def item(number: int) -> dict:
    """Answer with an item."""
    with engine.connect() as connection:
        row = connection.execute(text("select :n as number, 'tea' as name"), {"n": number}).one()
    return {field: getattr(row, field, None) for field in ("number", "name", "colour")}
