"""Which processes of the target do the work."""

from collections.abc import Mapping

LEAST_SHARE = 0.02
"""Of the target's CPU time, from which a process counts: gunicorn's master has 0.001."""


def busy(used: Mapping[int, float], before: Mapping[int, float]) -> list[int]:
    """Return the processes that did a part of the work since then worth the name, most first.

    Args:
        used: their CPU times now.
        before: and then; 0 for a process that is not among these.
    """
    gained = {pid: cpu - before.get(pid, 0.0) for pid, cpu in used.items()}
    least = LEAST_SHARE * sum(gained.values())
    return sorted((pid for pid in gained if gained[pid] >= least), key=lambda pid: -gained[pid])
