"""Reads what the App Store tells of purchases."""

from appstoreserverlibrary.models.JWSTransactionDecodedPayload import JWSTransactionDecodedPayload
from appstoreserverlibrary.models.LibraryUtility import _get_cattrs_converter
from flask import Flask

app = Flask(__name__)


@app.get("/purchases/<number>")
def purchase(number: str) -> dict:
    """Answer with a purchase."""
    told = {"originalTransactionId": number, "productId": "coffee", "quantity": 1}
    read = _get_cattrs_converter(JWSTransactionDecodedPayload).structure(
        told, JWSTransactionDecodedPayload
    )
    return {"product": read.productId, "quantity": read.quantity}
