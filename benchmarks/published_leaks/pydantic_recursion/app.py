"""A tree of folders, validated as it comes from the storage."""

from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel, TypeAdapter

app = FastAPI()


class Owner(BaseModel):
    """Whose folder it is."""

    name: str = "nobody"


class Folder(BaseModel):
    """A folder and those in it."""

    children: list["Folder"]
    owner: Owner


def stored() -> list[dict[str, Any]]:
    """Return what the storage has."""
    return [{"children": [{"children": [], "owner": Owner()}], "owner": Owner()}]


@app.get("/folders")
async def folders() -> dict[str, int]:
    """Answer with the number of folders at the top."""
    return {"folders": len(TypeAdapter(list[Folder]).validate_python(stored()))}
