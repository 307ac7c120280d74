"""What grows in a window, parted by whatever its call stacks tell."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from tsprof.analysis.attribution.captures import CaptureDigest, StackSurvivors
from tsprof.analysis.attribution.sites import Origin, leaking_sites, marked_frames
from tsprof.report.model import Frame

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class Growth:
    """What stays of each request."""

    size: float
    """Bytes."""
    blocks: float


def growth_by(
    digests: Sequence[CaptureDigest],
    origin_of: Callable[[str], Origin],
    key_of: Callable[[Sequence[Frame]], Key | None],
) -> Mapping[Key, Growth]:
    """Return the growth of each part, the largest first.

    Args:
        digests: one per process of the target, all of the same window.
        origin_of: tells whose code a source file is.
        key_of: tells of a stack, innermost frame first, which part it belongs to; None for none.
    """
    parts: dict[Key, list[CaptureDigest]] = defaultdict(list)
    for digest in digests:
        stacks: dict[Key, list[StackSurvivors]] = defaultdict(list)
        for stack in digest.stacks:
            frames = tuple(marked_frames(stack, origin_of))
            if frames and (key := key_of(frames)) is not None:
                stacks[key].append(stack)
        for key, own in stacks.items():
            parts[key].append(replace(digest, stacks=tuple(own)))
    growths = {key: _growth(part, origin_of) for key, part in parts.items()}
    return dict(sorted(growths.items(), key=lambda entry: -entry[1].size))


def _growth(digests: Sequence[CaptureDigest], origin_of: Callable[[str], Origin]) -> Growth:
    sites = [leak.site for leak in leaking_sites(digests, origin_of)]
    return Growth(
        sum(site.bytes_per_request for site in sites),
        sum(site.blocks_per_request for site in sites),
    )
