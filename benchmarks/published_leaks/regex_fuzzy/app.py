"""Finds products by a word that may be misspelt."""

import regex
from flask import Flask

app = Flask(__name__)
WORD = regex.compile(r"(hella){s<=1,i<=5,d<=0}", regex.BESTMATCH | regex.IGNORECASE)
PRODUCTS = ["helloworld", "Hello kitty", "A shell", "Umbrella"]


@app.get("/products")
def products() -> dict:
    """Answer with what is about the same."""
    return {"found": [name for name in PRODUCTS if WORD.search(name)]}


@app.get("/health")
def health() -> dict:
    """Tell that the service lives."""
    return {"ok": True}
