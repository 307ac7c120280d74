"""Call stacks as a tree, each node as wide as what was seen of it."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, copysign, log2
from pathlib import PurePath

from tsprof.report.model import HotChange
from tsprof.report.text import clean
from tsprof.stacks import Frame, StackProfile

MOST_NODES = 200_000
"""Nodes that a tree keeps. 50,000 stacks of 34 frames have 175,000, and Chromium lays them out in
half a second."""
SMALLEST = log2(1.01)
"""Change that is too small for a colour, in doublings."""
HEATS = 5
"""Steps of hotter, and as many of cooler."""
_LONGEST_NAME = 300
_TAIL = 2
"""Parts of a path by which a file is the same in two releases that lie in different places."""


@dataclass(frozen=True, slots=True)
class Node:
    """A frame in the tree, called along one path."""

    parent: int
    """Its caller's place among the nodes; that of the root is -1."""
    frame: int
    """Place among the frames; that of the root is -1."""
    weight: float
    """Seen of it and of what it called."""
    own: float
    """Seen of it alone."""
    before: float = 0.0
    """As ``weight``, in the profile to compare with."""
    heat: int = 0
    """How much hotter it became, from ``-HEATS`` (half or less) over 0 (no change that is sure) to
    ``HEATS`` (twice or more, or new): where samples are compared, how much its function did."""


@dataclass(frozen=True, kw_only=True)
class CallTree:
    """What there is to draw."""

    frames: tuple[Frame, ...]
    """With texts that are fit to print."""
    nodes: tuple[Node, ...]
    """The root first, each node after its caller, siblings by their functions' names."""
    folded: int = 0
    """Nodes that were left out, as part of their callers, because there are too many."""
    widest_folded: float = 0.0
    """Weight of the largest of those."""
    gone: tuple[tuple[str, float], ...] = ()
    """Functions that only the profile before saw where they were called, the heaviest first, with
    their weight in it."""

    @property
    def total(self) -> float:
        """Weight of the root."""
        return self.nodes[0].weight

    def labels(self) -> list[str]:
        """The name of each frame, with its line where lines of a function are told apart."""
        lines: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
        for frame in self.frames:
            lines[frame.function, frame.file].add(frame.line)
        return [
            f"{frame.function}:{frame.line}"
            if len(lines[frame.function, frame.file]) > 1 and frame.line
            else frame.function
            for frame in self.frames
        ]


@dataclass(frozen=True, kw_only=True)
class Scale:
    """What a unit of weight comes to on each side, so that both can be compared."""

    unit: str
    after: float
    before: float = 0.0


def scale_of(after: StackProfile, before: StackProfile | None) -> Scale:
    """By request where the requests are known, by share of the whole where not."""
    sides = [after] if before is None else [after, before]
    if not all(side.requests for side in sides):
        return Scale(
            unit="% of the total",
            after=100 / after.total if after.total else 0.0,
            before=100 / before.total if before and before.total else 0.0,
        )
    unit, factor = {
        "bytes": ("B per request", 1.0),
        "instructions": ("instructions per request", 1.0),
        "samples": ("samples per 1,000 requests", 1000.0),
    }[after.unit]
    each = [factor] * len(sides)
    if after.unit == "samples" and all(side.cpu_seconds and side.total for side in sides):
        unit, each = "us of CPU per request", [1e6 * s.cpu_seconds / s.total for s in sides]
    scales = [by / side.requests for by, side in zip(each, sides, strict=True)]
    return Scale(unit=unit, after=scales[0], before=scales[1] if before else 0.0)


def call_tree(
    profile: StackProfile,
    before: StackProfile | None = None,
    changes: Sequence[HotChange] = (),
    most: int = MOST_NODES,
) -> CallTree:
    """Merge the stacks into a tree.

    Args:
        profile: what to draw.
        before: what to compare it with: nodes are matched by function, package and the end of the
            file's path, whatever the line and the version.
        changes: the functions of which it is sure, from samples, that they became hotter or cooler;
            what is counted needs none.
        most: nodes to keep; the lightest are folded into their callers.
    """
    frames, stacks = _united(profile, before)
    parents, places = [-1], [-1]
    own: list[tuple[float, float]] = [stacks.pop((), (0.0, 0.0))]
    path: list[int] = [0]
    previous: tuple[int, ...] = ()
    for stack in sorted(stacks):
        shared = _shared(previous, stack)
        del path[shared + 1 :]
        for place in stack[shared:]:
            parents.append(path[-1])
            places.append(place)
            own.append((0.0, 0.0))
            path.append(len(parents) - 1)
        own[-1] = stacks[stack]
        previous = stack
    weights, befores = [list(side) for side in zip(*own, strict=True)]
    for node in range(len(parents) - 1, 0, -1):
        weights[parents[node]] += weights[node]
        befores[parents[node]] += befores[node]
    scale = scale_of(profile, before)
    heats = _heats(frames, changes)

    def heat(place: int, weight: float, was: float) -> int:
        if before is None or place < 0:
            return 0
        if profile.unit == "samples":
            return heats[place]
        return _heat(weight * scale.after, was * scale.before)

    nodes = [
        Node(parent, place, weight, alone, was, heat(place, weight, was))
        for parent, place, weight, (alone, _), was in zip(
            parents, places, weights, own, befores, strict=True
        )
    ]
    return _kept(frames, nodes, most)


def _united(
    profile: StackProfile, before: StackProfile | None
) -> tuple[tuple[Frame, ...], dict[tuple[int, ...], tuple[float, float]]]:
    """All frames sorted by name, and the weights after and before of each stack of them."""
    united: dict[object, Frame] = {}
    keys = []
    for side in (profile, before) if before else (profile,):
        clear = [_printable(frame) for frame in side.frames]
        keys.append([_identity(frame) if before else frame for frame in clear])
        for key, frame in zip(keys[-1], clear, strict=True):
            united.setdefault(key, frame)
    order = sorted(united, key=lambda key: _name_and_place(united[key]))
    ranks = {key: rank for rank, key in enumerate(order)}
    stacks: dict[tuple[int, ...], tuple[float, float]] = {}
    for index, side in enumerate((profile, before) if before else (profile,)):
        ranked = [ranks[key] for key in keys[index]]
        for stack in side.stacks:
            place = tuple(ranked[frame] for frame in stack.frames)
            after, was = stacks.get(place, (0.0, 0.0))
            stacks[place] = (after, was + stack.weight) if index else (after + stack.weight, was)
    return tuple(united[key] for key in order), stacks


def _shared(one: Sequence[int], other: Sequence[int]) -> int:
    """How many numbers both begin with."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def _printable(frame: Frame) -> Frame:
    return Frame(
        function=clean(frame.function, _LONGEST_NAME),
        file=clean(frame.file, _LONGEST_NAME),
        line=frame.line,
        origin=frame.origin,
        package=clean(frame.package, _LONGEST_NAME),
    )


def _identity(frame: Frame) -> tuple[str, str, tuple[str, ...]]:
    package = frame.package.partition(" ")[0]
    return frame.function, package, PurePath(frame.file).parts[-_TAIL:]


def _name_and_place(frame: Frame) -> tuple[str, str, int, str]:
    return frame.function, frame.file, frame.line, frame.package


def _heats(frames: Sequence[Frame], changes: Sequence[HotChange]) -> list[int]:
    """How much hotter the function of each frame became, with what it calls where that is told."""
    told = {}
    for change in sorted(changes, key=lambda change: change.part == "total"):
        told[change.function, PurePath(change.file).parts[-_TAIL:]] = 1 + change.change
    heats = []
    for frame in frames:
        parts = PurePath(frame.file).parts
        # A change has its file's path from the folder that the target runs in.
        ends = (parts[-length:] for length in range(_TAIL, 0, -1))
        changed = (told[frame.function, end] for end in ends if (frame.function, end) in told)
        heats.append(_heat(next(changed, 1.0), 1.0))
    return heats


def _heat(now: float, then: float) -> int:
    """The change in steps, the last for twice or half; 0 where it is small."""
    if not now or not then:
        return HEATS if now else -HEATS
    doublings = log2(now / then)
    if abs(doublings) < SMALLEST:
        return 0
    return round(copysign(ceil(HEATS * min(abs(doublings), 1.0)), doublings))


def _kept(frames: tuple[Frame, ...], nodes: list[Node], most: int) -> CallTree:
    """Leave out what has no width, and the lightest of what is too much."""
    wide = sorted((node.weight for node in nodes[1:] if node.weight), reverse=True)
    least = wide[most - 1] if len(wide) > most else 0.0
    kept, places, folded, widest = [nodes[0]], {0: 0}, 0, 0.0
    gone: dict[str, float] = {}
    for index, node in enumerate(nodes[1:], start=1):
        if node.parent not in places:
            folded += bool(node.weight)
        elif not node.weight:
            name = frames[node.frame].function
            gone[name] = gone.get(name, 0.0) + node.before
        elif node.weight < least or len(kept) > most:
            folded, widest = folded + 1, max(widest, node.weight)
        else:
            places[index] = len(kept)
            kept.append(
                Node(
                    places[node.parent],
                    node.frame,
                    node.weight,
                    node.own,
                    node.before,
                    node.heat,
                )
            )
    return CallTree(
        frames=frames,
        nodes=tuple(kept),
        folded=folded,
        widest_folded=widest,
        gone=tuple(sorted(gone.items(), key=lambda item: -item[1])),
    )
