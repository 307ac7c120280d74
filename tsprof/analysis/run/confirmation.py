"""What was done to make sure of a growth and to name it, and what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tsprof.analysis.attribution.causes import Cause
from tsprof.analysis.attribution.culprits import Culprit
from tsprof.analysis.attribution.memory_access import InvalidAccess
from tsprof.report.model import HeapHistory, Holder, Resource, Site
from tsprof.stacks import StackProfile

RELEASED = 0.5
"""Share of a growth that must let go by itself for it not to be called a leak."""
STOPPED = 0.5
"""Part of the growth to be expected of the load after a rest by which it must fall short of the
least that as much load brought before. Services that load a cache for 40 s, or whose sessions live
for 30 s, fell short by all of it or more; growth in rare pieces has brought nothing before, too."""


@dataclass(frozen=True, kw_only=True)
class Attribution:
    """What the attribution windows and the walk of holders found."""

    sites: tuple[Site, ...] = ()
    holders: tuple[Holder, ...] = ()
    causes: tuple[Cause, ...] = ()
    """The mistakes behind the growth, where there are several and they can be told apart."""
    details: tuple[str, ...] = ()
    """What comes with each entry of the holders, in words."""
    cycles: tuple[Holder, ...] = ()
    """Kinds of reference cycles that made up uncollected garbage."""
    evictions: tuple[str, ...] = ()
    """Where the holders' own code takes entries out again, in words."""
    bounded_share: float = 0.0
    """Part of the growth, 0 to 1, that is held by containers with a bound or an expiry."""
    plateau: float | None = None
    """Bytes at which the bounded containers will stop."""
    explained: float = 0.0
    """Part of the ledger's growth that the sites explain."""
    notes: tuple[str, ...] = ()
    container_bytes_per_request: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Drain:
    """What became of a resource's growth: at rest, then under load again. In bytes, or counted."""

    seconds: float
    """Time for which the gate stayed closed."""
    grown: float
    """What had come within the settled window."""
    released: float
    """Part of it that went while nothing was asked of the target."""
    brought: float | None = None
    """What the load after the rest brought; None where there was none."""
    expected: float = 0.0
    """What it would have brought, had nothing changed."""
    least: float = 0.0
    """The least that as much load brought within the settled window."""

    @property
    def gone(self) -> float:
        """What went for good.

        The next load brings back the buffers of connections that closed at rest: 81 to 89 kB of a
        clean uvicorn with 10 users.
        """
        return self.released - max((self.brought or 0.0) - self.expected, 0.0)

    @property
    def let_go(self) -> bool:
        """A good part of the growth went by itself."""
        return self.gone >= RELEASED * self.grown > 0

    @property
    def stopped(self) -> bool:
        """The growth did not go on: load brought far less of it than ever before."""
        return self.brought is not None and self.brought < self.least - STOPPED * self.expected


@dataclass(frozen=True, kw_only=True)
class Confirmation:
    """What was done to make sure of a leak, and to name it."""

    attribution: Attribution | None = None
    drain: Drain | None = None
    """Of memory."""
    count_drains: Mapping[Resource, Drain] = field(default_factory=dict)
    culprits: tuple[Culprit, ...] = ()
    """What the leaking descriptors, threads, tasks and processes are."""
    invalid: tuple[InvalidAccess, ...] = ()
    """Accesses that a memory checker saw."""
    last_judged: int | None = None
    """Number of the last checkpoint that the verdict rests on; None for all."""
    survivors: StackProfile | None = None
    """What the attribution window's early part allocated and its end still had, by call stack."""
    peak: StackProfile | None = None
    """What the window had allocated and not freed when that was most, likewise."""
    heaps: tuple[HeapHistory, ...] = ()
    """Of the processes of a second run under massif."""
    seconds: float = 0.0
    """Time that it took."""
