"""Interest on a sum, reckoned as IEEE 754 says."""

import bottle
import gmpy2

app = bottle.Bottle()


@app.get("/interest")
def interest() -> dict[str, float]:
    """Reckon in double precision."""
    with gmpy2.ieee(64):
        return {"interest": float(gmpy2.mpfr("1000") * gmpy2.mpfr("0.035"))}
