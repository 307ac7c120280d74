"""The two sides of a comparison of hot paths: profiles, or what a report has kept of one."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from tsprof.analysis.comparison.keys import stable_file
from tsprof.analysis.hotspots.functions import (
    LISTED,
    Name,
    name_of,
    own_weights,
    total_weights,
)
from tsprof.report.model import HotPaths
from tsprof.stacks import StackProfile

MICROSECONDS = 1e6
"""In a second."""


@dataclass(frozen=True, kw_only=True)
class Sampled:
    """One side of a comparison."""

    samples: float
    cpu_per_request: float
    """CPU time of the processes that were sampled, in seconds per request."""
    own: Mapping[Name, float]
    """Samples in each function itself."""
    total: Mapping[Name, float]
    """Samples in each function and in what it called."""
    lines: Mapping[Name, int]
    """The line of each function that ran most."""
    dispersion: float = 1.0
    """How many samples say as much as one independent sample."""
    unlisted: float = 0.0
    """Samples of its own that a function may have without being among these."""


def sampled(profile: StackProfile, dispersion: float = 1.0, folder: str = "") -> Sampled:
    """Return a profile as one side of a comparison.

    Args:
        profile: by function.
        dispersion: see ``Sampled``.
        folder: the target's working directory.
    """
    return Sampled(
        samples=profile.total,
        cpu_per_request=profile.cpu_seconds / profile.requests if profile.requests else 0.0,
        own=_stable(own_weights(profile), folder),
        total=_stable(total_weights(profile), folder),
        lines={_stable_name(name_of(frame), folder): frame.line for frame in profile.frames},
        dispersion=dispersion,
    )


def reported(paths: HotPaths, folder: str = "") -> Sampled:
    """Return the hot paths of a report as one side of a comparison.

    Args:
        paths: of a report.
        folder: the target's working directory.
    """
    listed = {(f.function, f.file): f for f in paths.functions}
    least = min((f.own for f in listed.values()), default=0.0) * paths.samples
    return Sampled(
        samples=paths.samples,
        cpu_per_request=(paths.cpu_us_per_request or 0.0) / MICROSECONDS,
        own=_stable({name: f.own * paths.samples for name, f in listed.items()}, folder),
        total=_stable({name: f.total * paths.samples for name, f in listed.items()}, folder),
        lines={_stable_name(name, folder): f.line for name, f in listed.items()},
        dispersion=paths.dispersion,
        unlisted=least if len(listed) >= LISTED else 0.0,
    )


def _stable(weights: Mapping[Name, float], folder: str) -> dict[Name, float]:
    stable: defaultdict[Name, float] = defaultdict(float)
    for name, weight in weights.items():
        stable[_stable_name(name, folder)] += weight
    return dict(stable)


def _stable_name(name: Name, folder: str) -> Name:
    """Name a function as it is named wherever the program is installed."""
    function, file = name
    return function, stable_file(file, folder)
