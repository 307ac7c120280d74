"""Events, written to a journal that takes no more than so many bytes each."""

import io

import ujson
from flask import Flask, request

app = Flask(__name__)


class TooLargeError(Exception):
    """An event that the journal does not take."""


class JournalEntry(io.StringIO):
    """One line of the journal."""

    def write(self, text: str) -> int:
        """Write, or refuse what is too large."""
        if len(text) > 100:
            raise TooLargeError
        return super().write(text)


def record(event: dict[str, str]) -> bool:
    """Write an event to the journal; tell whether it was taken."""
    try:
        ujson.dump(event, JournalEntry())
    except TooLargeError:
        return False
    return True


@app.get("/events")
def events() -> dict[str, bool]:
    """Record that somebody looked."""
    detail = "d" * (20 if request.args.get("size") == "small" else 200)
    return {"taken": record({"event": "look", "detail": detail})}
