"""The weather as a program on this machine tells it; the program wants a terminal."""

from flask import Flask
from invoke import Context

app = Flask(__name__)


@app.get("/weather")
def weather() -> dict[str, str]:
    """Run the program in a terminal of its own."""
    result = Context().run("echo sunny", pty=True, hide=True)
    return {"weather": result.stdout.strip()}
