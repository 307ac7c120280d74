"""Times of trains; some are written wrong."""

import pendulum
from bottle import Bottle

app = Bottle()


@app.get("/trains/<text>")
def train(text: str) -> dict:
    """Answer with the time of a train, or why there is none."""
    try:
        return {"time": pendulum.parse(text).isoformat()}
    except ValueError as error:
        return {"error": str(error)}
