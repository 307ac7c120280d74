"""Reports whose progress is announced to whoever subscribed, and nobody ever unsubscribes."""

from collections.abc import Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

Callback = Callable[[int], str]


class Announcements:
    """Those who want to hear."""

    def __init__(self) -> None:
        """Start with nobody."""
        self.subscribers: list[Callback] = []

    def subscribe(self, callback: Callback) -> None:
        """Add one."""
        self.subscribers.append(callback)

    def announce(self, percent: int) -> list[str]:
        """Tell the last ones."""
        return [callback(percent) for callback in self.subscribers[-3:]]


def progress_of(number: int) -> Callback:
    """Return a callback that says how far a report is."""
    rows = list(range(number, number + 12))

    def progress(percent: int) -> str:
        return f"{percent} % of {len(rows)} rows"

    return progress


announcements = Announcements()


async def start(request: Request) -> PlainTextResponse:
    """Start a report."""
    announcements.subscribe(progress_of(int(request.query_params["id"])))
    return PlainTextResponse(" ".join(announcements.announce(50)))


app = Starlette(routes=[Route("/", start)])
