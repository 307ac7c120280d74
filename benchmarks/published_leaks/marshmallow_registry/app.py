"""Items, in the fields that the client asks for: a schema is made for each request."""

from flask import Flask, Response, jsonify, request
from marshmallow import Schema, fields

ITEM = {"name": "kettle", "price": 1990, "colour": "red"}
KINDS = {"name": fields.String, "price": fields.Integer, "colour": fields.String}
app = Flask(__name__)


@app.get("/items")
def items() -> Response:
    """Return the items."""
    names = request.args["fields"].split(",")
    schema = type("ItemSchema", (Schema,), {name: KINDS[name]() for name in names})
    return jsonify(schema(many=True).dump([ITEM] * 3).data)
