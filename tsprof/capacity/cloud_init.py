"""What sets the machines up: cloud-init for that of the run and for the workers."""

import math
import re
from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined

from tsprof.capacity.sizing import Demand, Fleet
from tsprof.errors import UsageError

PORT = 5557
"""At which workers find the run."""
PLACEHOLDER = "RUN_ADDRESS"
"""Stands for the address of the run's machine where that is not known yet."""
ANSWER_SECONDS = 0.05
"""So slow a target can be without a request waiting for a free user (Little's law)."""
LEAST_USERS = 100
MARGIN_HOURS = 1
"""For installing, and for what goes wrong, before a worker's machine goes down by itself."""
FIREWALL = (
    f"from the workers to the run's machine: TCP {PORT}, where they join, and the target's port",
    "from nowhere else: whoever reaches that port can join the run and read its Locust file",
)
"""Who must reach what, in words."""
_ADDRESS = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.:_-]{0,251}[A-Za-z0-9])?")


@dataclass(frozen=True, kw_only=True)
class SetUp:
    """What both machines must agree on.

    Raises:
        UsageError: a value that cannot be written into a script, when the object is made.
    """

    fleet: Fleet
    demand: Demand
    package: str
    """What pip installs: the same version on all machines, or workers are turned away."""
    run_address: str = PLACEHOLDER
    """Where workers find the run."""

    def __post_init__(self) -> None:
        """Check the texts."""
        if not _ADDRESS.fullmatch(self.run_address):
            raise UsageError(f"{self.run_address!r:.80} is no host name and no address")
        if not self.package.strip() or not self.package.isprintable():
            raise UsageError(f"{self.package!r:.80} is nothing that pip can install")
        if self.package.startswith("-"):
            raise UsageError(f"{self.package!r:.80} is an option of pip, not a package")


def for_workers(set_up: SetUp) -> str:
    """Return the cloud-init of each worker's machine."""
    return _render("worker.yaml.j2", set_up)


def for_run(set_up: SetUp) -> str:
    """Return the cloud-init of the machine of the run."""
    return _render("run.yaml.j2", set_up)


def users(rate: float) -> int:
    """Return how many users hold a rate against a target that takes ``ANSWER_SECONDS``."""
    return max(LEAST_USERS, math.ceil(rate * ANSWER_SECONDS))


def _render(template: str, set_up: SetUp) -> str:
    environment = Environment(
        loader=PackageLoader("tsprof.capacity"),
        autoescape=False,  # noqa: S701 - it makes no HTML
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(template).render(
        fleet=set_up.fleet,
        hours=f"{set_up.demand.hours:g}",
        rate=f"{set_up.demand.rate:g}",
        users=users(set_up.demand.rate),
        package=set_up.package,
        run_address=set_up.run_address,
        port=PORT,
        minutes=math.ceil(60 * (set_up.demand.hours + MARGIN_HOURS)),
    )
