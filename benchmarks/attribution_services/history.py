"""A history of edits, each linked to the one before and after, to step back and forth."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route


class Edit:
    """One edit."""

    def __init__(self, text: str, previous: "Edit | None") -> None:
        """Follow the edit before."""
        self.text = text
        self.previous = previous
        self.next: Edit | None = None


class History:
    """All edits since the start."""

    def __init__(self) -> None:
        """Start with an empty document."""
        self.first = self.last = Edit("", None)

    def add(self, text: str) -> Edit:
        """Add an edit at the end."""
        edit = Edit(text, self.last)
        self.last.next = edit
        self.last = edit
        return edit


history = History()


async def change(request: Request) -> PlainTextResponse:
    """Make an edit."""
    edit = history.add(f"insert {request.query_params['id']}")
    return PlainTextResponse(edit.text)


app = Starlette(routes=[Route("/", change)])
