"""The settings of a shop, kept in PostgreSQL as hstore; each reader registers the type."""

from fastapi import FastAPI
from psycopg import adapters, pq
from psycopg.types import TypeInfo
from psycopg.types.hstore import register_hstore

app = FastAPI()
INFO = TypeInfo("hstore", 16_401, 16_406)  # as the database said once


def read(value: bytes) -> dict[str, str]:
    """Parse what the database sent."""
    register_hstore(INFO, None)
    loader = adapters.get_loader(INFO.oid, pq.Format.TEXT)
    return loader(INFO.oid).load(value)


@app.get("/settings")
def settings() -> dict[str, str]:
    """Tell them."""
    return read(b'"colour"=>"green", "size"=>"9"')
