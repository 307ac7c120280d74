"""Parcels that are delivered, and tried again when nobody opens."""

from flask import Flask
from more_executors import Executors

app = Flask(__name__)


@app.get("/deliver")
def deliver() -> dict:
    """Deliver three parcels."""
    executor = Executors.sync().with_retry()
    parcels = [executor.submit(pow, number, 2) for number in (10, 20, 30)]
    return {"sum": sum(parcel.result() for parcel in parcels)}
