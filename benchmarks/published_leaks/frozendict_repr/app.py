"""Feature flags, which are frozen and told as text."""

from flask import Flask
from frozendict import frozendict

app = Flask(__name__)
DEFAULTS = frozendict({"checkout": True, "search": False, "limits": (10, 20, 50)})


@app.get("/flags/<tenant>")
def flags(tenant: str) -> str:
    """Answer with a tenant's flags."""
    return repr(DEFAULTS.set("tenant", tenant))
