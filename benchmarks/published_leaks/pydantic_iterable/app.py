"""Takes series of measurements."""

from collections.abc import Iterable

from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class Series(BaseModel):
    """One sensor's values."""

    sensor: str
    values: Iterable[int]


@app.get("/series/{sensor}")
async def series(sensor: str) -> dict:
    """Answer with the sum of a sensor's values."""
    checked = Series(sensor=sensor, values=[3, 1, 4, 1, 5])
    return {"sensor": sensor, "sum": sum(checked.values)}
