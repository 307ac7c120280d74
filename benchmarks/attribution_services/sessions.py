"""Sessions that never end, and beside them an audit trail that is never written out."""

from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route


@dataclass
class Session:
    """What a visitor has in the basket."""

    visitor: str
    basket: list[str] = field(default_factory=list)


class Sessions:
    """The sessions by number."""

    def __init__(self) -> None:
        """Start with none."""
        self.by_number: dict[str, Session] = {}

    def open(self, visitor: str) -> Session:
        """Open a session."""
        session = Session(visitor, [f"gift for {visitor}"])
        self.by_number[f"{visitor}-{len(self.by_number)}"] = session
        return session


class Audit:
    """Who did what."""

    def __init__(self) -> None:
        """Start with nothing."""
        self.trail: list[bytes] = []

    def record(self, session: Session) -> None:
        """Record a visit."""
        self.trail.append(f"{session.visitor} has {session.basket}".encode().ljust(150))


sessions = Sessions()
audit = Audit()


async def visit(request: Request) -> PlainTextResponse:
    """Answer a visitor."""
    session = sessions.open(request.query_params["id"])
    audit.record(session)
    return PlainTextResponse("welcome")


app = Starlette(routes=[Route("/", visit)])
