"""Tells how large a message of a schema is."""

from flask import Flask
from google.protobuf.type_pb2 import Type

app = Flask(__name__)
kind = Type(name="order")


@app.get("/schema")
def schema() -> dict[str, int]:
    """Answer with the sizes of a message and its parts."""
    return {"message": kind.ByteSize(), "context": kind.source_context.ByteSize()}
