"""Two targets that took turns under the same load."""

from tsprof.report.model.base import Frozen, Verdict
from tsprof.report.model.findings import Finding
from tsprof.report.model.memory import Growth


class Ratio(Frozen):
    """How a figure of the target compares with that of the reference."""

    name: str
    """``requests_per_second``, ``cpu_ms`` (CPU time per request), ``p50_ms`` or ``p99_ms``."""
    reference: float
    """The reference's figure, over all its turns."""
    target: float
    """The target's."""
    factor: float
    """How many times as good the target is: 2 is twice the requests, or half the time."""
    low: float | None = None
    """Lower end of the factor's 95 % interval; None with too few blocks of turns."""
    high: float | None = None
    """Upper end of that interval."""
    reference_limited: str = ""
    """What of the load kept the reference from more; the factor is then an upper bound."""
    target_limited: str = ""
    """What of the load kept the target from more; the factor is then a lower bound."""


class Reference(Frozen):
    """The target of a comparison that the other is compared with: a run of its own."""

    command: tuple[str, ...]
    """Its command line."""
    verdict: Verdict
    """The leak engine's answer on it, which does not count for the run's."""
    reasons: tuple[str, ...]
    """The sentences behind it."""
    growth: Growth = Growth()
    """Growth of its memory."""
    rss_bytes: int | None = None
    """Its resident memory at the end."""
    findings: tuple[Finding, ...] = ()
    """Causes of its growth, with their evidence."""


class Comparison(Frozen):
    """Two targets that took turns under the same load."""

    reference: Reference
    """The other target."""
    blocks: int
    """Blocks of turns, two for each target in each, that the figures rest on."""
    ratios: tuple[Ratio, ...] = ()
    """The figures that could be measured."""
