"""What the colours of a flame graph stand for. Black text can be read on all of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import get_args

from tsprof.report.flame.tree import HEATS, CallTree
from tsprof.stacks import Frame, Origin

ORIGINS: tuple[Origin, ...] = get_args(Origin)
_BY_ORIGIN: Mapping[Origin, str] = {
    "application": "#f2a33a",
    "dependency": "#7fb8e6",
    "interpreter": "#b4bcc8",
    "native": "#d79ac2",
}
_MODULES = (
    "#f2a33a", "#7fb8e6", "#7fcfa4", "#e58a7b", "#d79ac2", "#d8cf5a",
    "#a9a4e8", "#6cc6cf", "#c7a27c", "#a5c86a",
)  # fmt: skip
OTHER = "#b4bcc8"
"""The root, and the modules beyond those with a colour of their own."""
_UNCHANGED = "#c9cfd8"
_HOTTER = ("#f6c9c0", "#f3a99b", "#ee8876", "#e86753", "#e04631")
_COOLER = ("#c3d9f3", "#a0c4ee", "#7daee8", "#5b98e2", "#3d83da")


@dataclass(frozen=True, kw_only=True)
class Key:
    """One entry of a legend."""

    name: str
    colour: str
    share: float | None = None
    """Part of the whole, 0 to 1, in which code of this kind ran itself."""


@dataclass(frozen=True, kw_only=True)
class Colouring:
    """One way to colour the frames."""

    name: str
    colours: tuple[str, ...]
    """Of each frame; of each step of heat, the coolest first, where ``by_heat``."""
    legend: tuple[Key, ...]
    by_heat: bool = False


def by_heat() -> Colouring:
    """Red what became hotter, blue what became cooler."""
    return Colouring(
        name="change",
        colours=(*reversed(_COOLER), _UNCHANGED, *_HOTTER),
        legend=(
            Key(name="twice as hot or more, or new", colour=_HOTTER[-1]),
            Key(name="hotter", colour=_HOTTER[1]),
            Key(name="no change that is sure", colour=_UNCHANGED),
            Key(name="cooler", colour=_COOLER[1]),
            Key(name="half or less", colour=_COOLER[-1]),
        ),
        by_heat=True,
    )


def heat_colour(colouring: Colouring, heat: int) -> str:
    """The colour of a step of heat."""
    return colouring.colours[heat + HEATS]


def by_origin(tree: CallTree) -> Colouring:
    """By whose code it is."""
    own = _own_shares(tree, [frame.origin for frame in tree.frames])
    return Colouring(
        name="whose code",
        colours=tuple(_BY_ORIGIN[frame.origin] for frame in tree.frames),
        legend=tuple(
            Key(name=origin, colour=_BY_ORIGIN[origin], share=own[origin])
            for origin in ORIGINS
            if origin in own
        ),
    )


def by_module(tree: CallTree) -> Colouring:
    """By distribution, or by source file where it belongs to none; the largest have a colour."""
    modules = [module_of(frame) for frame in tree.frames]
    own = _own_shares(tree, modules)
    largest = sorted(own, key=lambda module: (-own[module], module))
    colours = dict(zip(largest, _MODULES, strict=False))
    legend = [Key(name=name, colour=colour, share=own[name]) for name, colour in colours.items()]
    if rest := largest[len(colours) :]:
        legend.append(Key(name="others", colour=OTHER, share=sum(own[name] for name in rest)))
    return Colouring(
        name="module",
        colours=tuple(colours.get(module, OTHER) for module in modules),
        legend=tuple(legend),
    )


def module_of(frame: Frame) -> str:
    """The distribution or the end of the file's path; the origin where neither is known."""
    if frame.package:
        return frame.package.partition(" ")[0]
    return "/".join(PurePath(frame.file).parts[-2:]) or frame.origin


def _own_shares(tree: CallTree, groups: list[str]) -> dict[str, float]:
    """The share of each group of frames in what the frames themselves took."""
    shares: dict[str, float] = {}
    for node in tree.nodes[1:]:
        group = groups[node.frame]
        shares[group] = shares.get(group, 0.0) + (node.own / tree.total if tree.total else 0.0)
    return shares
