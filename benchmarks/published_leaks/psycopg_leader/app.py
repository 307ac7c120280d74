"""Several workers, one of which reads the shop's settings anew again and again."""

import fcntl
import tempfile
import threading
import time
from pathlib import Path

from flask import Flask
from psycopg import adapters, pq
from psycopg.types import TypeInfo
from psycopg.types.hstore import register_hstore

app = Flask(__name__)
INFO = TypeInfo("hstore", 16_401, 16_406)  # as the database said once
settings: dict[str, str] = {}


def refresh() -> None:
    """Read the settings, in the one worker that has the lock."""
    with (Path(tempfile.gettempdir()) / "shop.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        while True:
            register_hstore(INFO, None)
            loader = adapters.get_loader(INFO.oid, pq.Format.TEXT)
            settings.update(loader(INFO.oid).load(b'"colour"=>"green"'))
            time.sleep(0.005)


threading.Thread(target=refresh, daemon=True).start()


@app.get("/settings")
def tell() -> dict[str, str]:
    """Tell them."""
    return settings
