"""Prices, with a span for each request."""

from flask import Flask
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

trace.set_tracer_provider(TracerProvider())
app = Flask(__name__)


@app.get("/prices/<int:item>")
def price(item: int) -> dict[str, int]:
    """Return the price of an item."""
    with trace.get_tracer("prices").start_as_current_span("price") as span:
        span.set_attribute("item", item)
        return {"item": item, "price": 17 * item}
