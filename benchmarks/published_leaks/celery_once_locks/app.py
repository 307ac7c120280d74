"""Starts a report unless it is already under way; locks are files."""

import atexit
import itertools
import tempfile

from celery_once.backends.file import File
from flask import Flask

app = Flask(__name__)
folder = tempfile.TemporaryDirectory()
atexit.register(folder.cleanup)
locks = File({"location": folder.name})
numbers = itertools.count()


@app.get("/reports")
def report() -> dict:
    """Start a report."""
    key = f"report-{next(numbers)}"
    locks.raise_or_lock(key, timeout=60)
    locks.clear_lock(key)
    return {"started": key}
