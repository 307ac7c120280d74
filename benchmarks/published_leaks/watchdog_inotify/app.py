"""Changes in a folder, watched for the time of a request."""

from pathlib import Path

import bottle
from watchdog.events import FileSystemEventHandler
from watchdog.observers import Observer

FOLDER = str(Path(__file__).parent)
app = bottle.Bottle()


@app.get("/changes")
def changes():
    """Watch for a moment; return what changed."""
    observer = Observer()
    observer.schedule(FileSystemEventHandler(), FOLDER)
    observer.start()
    observer.stop()
    observer.join()
    return {"changes": []}
