"""How much longer a run should have taken, as advice."""

import math
from dataclasses import dataclass
from itertools import pairwise

from tsprof.analysis.run.assessments import Look
from tsprof.report import format as fmt

RESERVE = 1.1
"""The next run needs somewhat more than this one would have needed."""


@dataclass(frozen=True, kw_only=True)
class TimeAllowed:
    """How long a run was allowed to keep the target under load."""

    seconds: float = 0.0
    """0 where that is not known."""
    scenario: str = "check"
    """Scenarios have different options for it."""
    cut_short: bool = False
    """Whether the run ended before it had used that time."""

    @property
    def option(self) -> str:
        """The option that allows more."""
        return {"check": "--max-time", "endurance": "--hours"}.get(self.scenario, "--duration")


def more_time(look: Look, segments: int | None, allowed: TimeAllowed) -> str:
    """Advise how long to run, which is never less than what was allowed already.

    Args:
        look: at the run, with a checkpoint at least.
        segments: how many more would tell; None where that cannot be said.
        allowed: for this run.
    """
    if segments is None:
        soak = f"tsprof {allowed.scenario} {allowed.option}"
        longer = "tsprof endurance" if allowed.scenario == "check" else soak
        return f"run it for longer: {longer}"
    points = look.view.checkpoints
    lengths = [after.seconds - before.seconds for before, after in pairwise(points)]
    more = segments * (sum(lengths) / len(lengths) if lengths else 1.0)
    used = points[-1].seconds
    if allowed.cut_short and used + more <= allowed.seconds:
        return (
            f"let it run to its end: about {_rounded(used + more)} of the "
            f"{fmt.duration(allowed.seconds)} that it was allowed would tell"
        )
    needed = RESERVE * (more + (used if allowed.cut_short else max(used, allowed.seconds)))
    return f"about {_rounded(more)} more would tell: {_asked(needed, allowed)}"


def _asked(seconds: float, allowed: TimeAllowed) -> str:
    """Return the option with so much time, as it is typed."""
    if allowed.scenario == "endurance":
        return f"--minutes {math.ceil(seconds / 60)}"
    return f"{allowed.option} {_rounded(seconds).replace(' ', '').replace('min', 'm')}"


def _rounded(seconds: float) -> str:
    """Return a length of time without the digits that an estimate does not have."""
    step = 1 if seconds < 60 else 10 if seconds < 600 else 60  # noqa: PLR2004 - minutes
    return fmt.duration(math.ceil(seconds / step) * step)
