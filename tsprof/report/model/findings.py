"""Causes with their evidence."""

from typing import Literal

from tsprof.report.model.base import Frozen

Resource = Literal[
    "memory",
    "fd",
    "thread",
    "task",
    "garbage",
    "latency",
    "throughput",
    "cpu",
    "errors",
    "gauge",
    "process",
    "temporary_file",
    "memory_access",
]
"""What a finding is about."""


IN_BYTES: tuple[Resource, ...] = ("memory", "garbage")
"""Resources whose growth is in bytes; that of the others is counted."""


Kind = Literal[
    "leak",
    "filling",
    "fragmentation",
    "drift",
    "regression",
    "step",
    "released",
    "crash",
    "invalid",
]
"""What a finding says about its resource.

``regression`` is worse than the baseline; ``filling`` is a cache on its way to a bound; ``step``
grew once and stopped; ``released`` grew under load and let go by itself in the drain test;
``invalid`` is an access of memory that is not the program's, which valgrind's memcheck saw.
"""


HARMLESS: frozenset[Kind] = frozenset({"filling", "fragmentation", "step", "released"})
"""What comes to an end by itself."""


class Frame(Frozen):
    """One line of a call stack."""

    function: str
    """Qualified name of the function, or the symbol of native code."""
    file: str
    """Path of the source file or of the shared object."""
    line: int
    """Line in the file, counted from 1; 0 when it is not known."""
    origin: Literal["application", "dependency", "interpreter", "native"] = "application"
    """Whose code it is."""
    package: str = ""
    """Name and version of the distribution that the code was installed with."""
    module: str = ""
    """Path of the shared object, where the origin is native."""


class Site(Frozen):
    """A line that allocates what stays, or opens or starts what stays open."""

    function: str
    """Qualified name of the function, or the symbol of native code."""
    file: str
    """Path of the source file or of the shared object."""
    line: int
    """Line in the file, counted from 1; 0 when it is not known."""
    bytes_per_request: float
    """Bytes that this line allocates and that stay; 0 where what leaks is counted."""
    blocks_per_request: float = 0.0
    """Allocations of this line that stay."""
    share: float
    """Part of the finding's growth that this site explains, 0 to 1."""
    origin: Literal["application", "dependency", "interpreter", "native"] = "application"
    """Whose code it is."""
    package: str = ""
    """Name and version of the distribution that the code was installed with."""
    through: str = ""
    """The native code that allocated for this line: the file name of its shared object, and the
    function; empty where Python itself did, or where the window had no native traces."""
    stack: tuple[Frame, ...] = ()
    """Innermost frame first."""


class Holder(Frozen):
    """What keeps the memory, or what is open, alive."""

    path: str
    """Such as ``app.py: module global "seen" -> dict``."""
    type: str
    """Type of the container that grows."""
    entries_per_request: float
    """Entries that it gains."""
    entries: int = 0
    """Entries at the end of the run."""
    bytes: int = 0
    """Size at the end of the run, entries included; 0 when it was not measured."""
    bound: int | None = None
    """Entries at which the container stops growing, where that is known."""
    entries_per_request_overall: float | None = None
    """Entries that it gained over the whole run, where they come surely more rarely by now."""
    sample: str = ""
    """Redacted types of key and value."""


class Finding(Frozen):
    """One cause, with its evidence."""

    resource: Resource
    """What the finding is about."""
    kind: Kind
    """What it says about the resource."""
    title: str
    """One sentence: what grows, by how much, where."""
    per_request: float = 0.0
    """Growth in the resource's unit: bytes for memory and garbage, a count otherwise."""
    low: float = 0.0
    """Lower end of the interval of ``per_request``; both ends 0 when there is none."""
    high: float = 0.0
    """Upper end of that interval."""
    clock: str = "request"
    """What the growth is proportional to: request, second, error, or an endpoint's name."""
    confidence: float = 0.0
    """How sure the finding is, 0 to 1; 0 when no figure was computed."""
    plateau: float | None = None
    """Predicted final size (bytes or a count) where the kind is ``filling``."""
    sites: tuple[Site, ...] = ()
    """The lines that allocate, open or start what stays, the largest share first."""
    holders: tuple[Holder, ...] = ()
    """What keeps it alive."""
    details: tuple[str, ...] = ()
    """Further lines of evidence, such as what was ruled out."""
    key: str = ""
    """What it is called from run to run: resource, kind and place, without lines or addresses."""
    excuse: str = ""
    """Why it does not fail the run: as in the baseline, or acknowledged; empty where it counts."""
