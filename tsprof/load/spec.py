"""What load to make."""

import math
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tsprof.errors import UsageError
from tsprof.loopback import LOOPBACK

SLOWEST_RATE = 1e-6
"""One request in 11 days. What is due after centuries is beyond the kernel's timers."""


@dataclass(frozen=True)
class LoadSpec:
    """The load of a run: who sends what, and where to.

    Raises:
        UsageError: A value that cannot work, when the object is made.
    """

    host: str
    """Base URL of the target, such as ``http://127.0.0.1:8000``; replaces the Locust file's."""
    users: int
    """How many simulated users; the number stays the same throughout."""
    locustfile: Path | None = None
    """A Locust file; None when ``paths`` says what to request."""
    paths: tuple[str, ...] = ()
    """Without a Locust file: paths that are requested with GET, one after the other."""
    rate: float | None = None
    """Requests per second that are due, all users together; None for as many as they can."""
    seed: int | None = None
    """Seed of Python's ``random`` in the load process, which picks tasks and wait times."""

    def __post_init__(self) -> None:
        """Check the values against each other and normalise the host."""
        if not _is_http_url(self.host):
            raise UsageError(
                f"the target's address {self.host!r} is not an HTTP URL",
                hint="write it like http://127.0.0.1:8000",
            )
        if self.users < 1:
            raise UsageError(f"{self.users} users make no load", hint="ask for at least one")
        if self.rate is not None and not SLOWEST_RATE <= self.rate < math.inf:
            raise UsageError(
                f"a rate of {self.rate} requests per second is not possible",
                hint=f"ask for at least {SLOWEST_RATE:g}, or leave the rate out for no limit",
            )
        if (self.locustfile is None) == (not self.paths):
            raise UsageError(
                "the load needs either a Locust file or paths to request, and not both",
                hint="use --locustfile FILE, or --url PATH",
            )
        for path in self.paths:
            if not path.startswith("/"):
                raise UsageError(
                    f"the path to request {path!r} does not start with a slash",
                    hint=f"write it like /{path.rpartition('://')[2].partition('/')[2] or path}",
                )
        # A trailing slash would make "//path" of every "/path".
        object.__setattr__(self, "host", self.host.rstrip("/"))


@dataclass(frozen=True)
class Workers:
    """The load processes that share the load.

    Raises:
        UsageError: There are none, when the object is made.
    """

    local: int = 1
    """How many on this machine."""
    expected: int = 0
    """How many on other machines, started there with ``tsprof worker``."""
    bind_host: str = LOOPBACK
    """The address at which those find the master."""
    bind_port: int = 0
    """And the port; 0 for any."""

    def __post_init__(self) -> None:
        """Check that there is a load process."""
        if self.local + self.expected < 1:
            raise UsageError(
                "no load process is left to make the load",
                hint="ask for --load-processes 1, or for workers with --expect-workers",
            )

    @property
    def total(self) -> int:
        """How many in all."""
        return self.local + self.expected


ONE_PROCESS = Workers()
"""The usual load: one process, and neither master nor workers."""


def _is_http_url(text: str) -> bool:
    try:
        url = urlsplit(text)
        return url.scheme in {"http", "https"} and bool(url.hostname) and url.port != 0
    except ValueError:  # brackets that do not close, a port that is no number
        return False
