"""A table of prices as JSON."""

import numpy as np
import pandas as pd
from flask import Flask, Response

app = Flask(__name__)


@app.get("/prices")
def prices() -> Response:
    """Answer with the prices of a day."""
    table = pd.DataFrame({"open": np.arange(200.0), "close": np.arange(200.0) + 0.5})
    return Response(table.to_json(orient="split"), mimetype="application/json")
