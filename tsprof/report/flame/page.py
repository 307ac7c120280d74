"""A flame graph as one interactive page that needs no network."""

from collections.abc import Sequence

from tsprof.report.flame import colours, words
from tsprof.report.flame.tree import CallTree, call_tree, scale_of
from tsprof.report.model import HotChange
from tsprof.report.pages import asset, security_policy, template
from tsprof.report.text import clean
from tsprof.report.wording import place
from tsprof.stacks import StackProfile

_PACKAGE = "tsprof.report.flame"
# Drawn by d3-flame-graph 5.0.0, as SVG: with 50,000 stacks of 34 frames on average (175,000 nodes),
# Chromium 156 on 2 cores opens the page in 0.6 s, and finds or zooms in 0.3 s; no canvas is needed.
_SCRIPTS = (
    *(
        f"d3-{part}.min.js"
        for part in (
            "array", "color", "format", "interpolate", "time", "time-format", "scale", "selection",
            "hierarchy",
        )
    ),
    "d3-flamegraph.umd.min.js",
    "flame.js",
)  # fmt: skip
_LICENCES = ("LICENSE.d3-flame-graph", "LICENSE.d3")


def flame_html(
    profile: StackProfile,
    title: str = "Flame graph",
    before: StackProfile | None = None,
    changes: Sequence[HotChange] = (),
) -> str:
    """The page.

    Args:
        profile: what to draw.
        title: of the page.
        before: what to compare with; the widths are those of ``profile``, the colours tell what
            became hotter or cooler, by request where the requests are known.
        changes: the functions of which it is sure that they did, where samples are compared.
    """
    tree = call_tree(profile, before, changes)
    scale = scale_of(profile, before)
    colourings = [colours.by_origin(tree), colours.by_module(tree)]
    if before is not None:
        colourings.insert(0, colours.by_heat())
    scripts = [asset("numbers.js"), *(asset(name, _PACKAGE) for name in _SCRIPTS)]
    styles = [asset("flame.css", _PACKAGE)]
    # d3-flame-graph adds its own style sheet when it is loaded, with a mark of its build.
    added_styles = [asset("d3-flamegraph.css", _PACKAGE).rstrip() + "\n/*$vite$:1*/"]
    return template(_PACKAGE, "flame.html.j2").render(
        title=clean(title),
        facts=words.facts(profile, before),
        comparison=[] if before is None else words.comparison(profile, before, scale),
        left_out=words.left_out(tree, before),
        colourings=colourings,
        data={
            "unit": profile.unit,
            "frames": _frames(tree),
            "nodes": _nodes(tree),
            "colourings": [
                {"colours": colouring.colours, "byHeat": colouring.by_heat}
                for colouring in colourings
            ],
            "compared": before is not None,
            "scale": {"unit": scale.unit, "after": scale.after, "before": scale.before},
            "byRequest": bool(profile.requests),
        },
        scripts=scripts,
        styles=styles,
        licences=[asset(name, _PACKAGE) for name in _LICENCES],
        security_policy=security_policy(scripts, [*styles, *added_styles]),
    )


def _frames(tree: CallTree) -> dict[str, list[str]]:
    return {
        "label": tree.labels(),
        "place": [place(frame) for frame in tree.frames],
        "kind": [
            f"{frame.origin}, {frame.package}" if frame.package else frame.origin
            for frame in tree.frames
        ],
    }


def _nodes(tree: CallTree) -> dict[str, list[float]]:
    return {
        "parent": [node.parent for node in tree.nodes],
        "frame": [node.frame for node in tree.nodes],
        "weight": [_short(node.weight) for node in tree.nodes],
        "own": [_short(node.own) for node in tree.nodes],
        "before": [_short(node.before) for node in tree.nodes],
        "heat": [node.heat for node in tree.nodes],
    }


def _short(weight: float) -> float:
    """The same number with fewer characters."""
    return int(weight) if weight.is_integer() else round(weight, 3)
