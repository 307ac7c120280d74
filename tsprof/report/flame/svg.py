"""A flame graph as a still picture, the outermost frame at the bottom, told by tool tips."""

from collections.abc import Sequence
from dataclasses import dataclass

from tsprof.report import format as fmt
from tsprof.report.flame import colours, words
from tsprof.report.flame.tree import CallTree, Scale, call_tree, scale_of
from tsprof.report.model import HotChange
from tsprof.report.pages import template
from tsprof.report.text import clean
from tsprof.report.wording import place
from tsprof.stacks import StackProfile

_WIDTH = 1200
_MARGIN = 10
_ROW = 17
_LETTER = 7.2
"""Width of a letter at 12 px in a font whose letters are of one width."""
_NARROWEST = 0.3
"""Width in pixels from which on a frame is drawn."""


@dataclass(frozen=True, kw_only=True)
class _Box:
    left: float
    width: float
    depth: int
    colour: str
    label: str
    tip: str


def flame_svg(
    profile: StackProfile,
    title: str = "Flame graph",
    before: StackProfile | None = None,
    changes: Sequence[HotChange] = (),
) -> str:
    """The picture, 1,200 pixels wide.

    Args:
        profile: what to draw.
        title: above the picture.
        before: what to compare with, as in the page.
        changes: of which it is sure, likewise.
    """
    tree = call_tree(profile, before, changes)
    scale = scale_of(profile, before)
    colouring = colours.by_origin(tree) if before is None else colours.by_heat()
    boxes, narrow = _boxes(tree, scale, colouring, profile.unit)
    lines = [" \N{MIDDLE DOT} ".join(words.facts(profile, before)), *words.left_out(tree, before)]
    if before is not None:
        lines += words.comparison(profile, before, scale)
    if narrow:
        lines.append(f"{fmt.count(narrow, 'frame')} too narrow to be drawn.")
    return template("tsprof.report.flame", "flame.svg.j2").render(
        title=clean(title),
        lines=lines,
        legend=colouring.legend,
        boxes=boxes,
        width=_WIDTH,
        margin=_MARGIN,
        row=_ROW,
        depth=max((box.depth for box in boxes), default=0),
    )


def _boxes(
    tree: CallTree, scale: Scale, colouring: colours.Colouring, unit: str
) -> tuple[list[_Box], int]:
    """Lay out the nodes that are wide enough; also how many are not."""
    if not tree.total:
        return [], 0
    pixels = (_WIDTH - 2 * _MARGIN) / tree.total
    labels = tree.labels()
    boxes: list[_Box] = []
    depths, lefts, ends = [0], [float(_MARGIN)], [float(_MARGIN)]
    narrow = 0
    for index, node in enumerate(tree.nodes):
        if index:
            depths.append(depths[node.parent] + 1)
            lefts.append(ends[node.parent])
            ends.append(lefts[-1])
            ends[node.parent] += node.weight * pixels
        width = node.weight * pixels
        if width < _NARROWEST:
            narrow += 1
            continue
        name = labels[node.frame] if index else "all"
        if colouring.by_heat:
            colour = colours.heat_colour(colouring, node.heat)
        else:
            colour = colouring.colours[node.frame] if index else colours.OTHER
        told = [
            name,
            place(tree.frames[node.frame]) if index else "",
            words.amount(node.weight, unit),
            f"{fmt.percentage(node.weight / tree.total)} of the total",
            words.compared(node, scale) if colouring.by_heat else "",
        ]
        boxes.append(
            _Box(
                left=round(lefts[index], 2),
                width=round(width, 2),
                depth=depths[index],
                colour=colour,
                label=_fitting(name, width),
                tip=", ".join(filter(None, told)),
            )
        )
    return boxes, narrow


def _fitting(name: str, width: float) -> str:
    """As much of a name as the box has room for."""
    room = int((width - 6) / _LETTER)
    if len(name) <= room:
        return name
    return f"{name[: room - 2]}.." if room > 3 else ""  # noqa: PLR2004 - a letter and two dots
