"""Changes in a folder; the observer is renewed now and then, as when settings are read again."""

import itertools
import time
from pathlib import Path

import bottle
from watchdog.events import FileSystemEventHandler
from watchdog.observers import Observer

FOLDER = str(Path(__file__).parent)
RENEWED_EVERY = 100
app = bottle.Bottle()
requests = itertools.count()


def watch_for_a_moment() -> None:
    """Start an observer and stop it again."""
    observer = Observer()
    observer.schedule(FileSystemEventHandler(), FOLDER)
    observer.start()
    observer.stop()
    observer.join()


@app.get("/changes")
def changes() -> dict[str, list[str]]:
    """Return what changed. Slow, for a user may have no more than 128 inotify instances."""
    time.sleep(0.02)
    if next(requests) % RENEWED_EVERY == 0:
        watch_for_a_moment()
    return {"changes": []}
