"""What a flame graph says beside the picture."""

from tsprof.report import format as fmt
from tsprof.report.flame.tree import MOST_NODES, CallTree, Node, Scale, scale_of
from tsprof.stacks import StackProfile

_LISTED = 5
_NOUNS = {"samples": "sample", "instructions": "instruction"}


def amount(weight: float, unit: str) -> str:
    """A weight with its unit."""
    return fmt.size(weight) if unit == "bytes" else fmt.count(weight, _NOUNS[unit])


def compared(node: Node, scale: Scale) -> str:
    """What a node came to before and now."""
    then, now = node.before * scale.before, node.weight * scale.after
    sure = "" if node.heat else ", no change that is sure"
    return f"{fmt.number(then)} before, {fmt.number(now)} now ({scale.unit}){sure}"


def facts(profile: StackProfile, before: StackProfile | None) -> list[str]:
    """How much was seen, while how much was served."""
    lines = [amount(profile.total, profile.unit)]
    if profile.requests:
        lines.append(fmt.count(profile.requests, "request"))
    if profile.seconds:
        lines.append(fmt.duration(profile.seconds))
    scale = scale_of(profile, before)
    if profile.requests and before is None:
        lines.append(f"{fmt.number(profile.total * scale.after)} {scale.unit}")
    if before is not None:
        then, now = before.total * scale.before, profile.total * scale.after
        change = fmt.percentage(abs(now - then) / then) if then else fmt.UNKNOWN
        if scale.unit.startswith("%"):
            lines.append(f"before: {amount(before.total, before.unit)}")
        else:
            more = "more" if now > then else "less"
            lines.append(
                f"{fmt.number(then)} before, {fmt.number(now)} {scale.unit} now: {change} {more}"
            )
    return lines


def comparison(profile: StackProfile, before: StackProfile, scale: Scale) -> list[str]:
    """How to read a differential graph."""
    if scale.unit.startswith("%"):
        measure = (
            "Compared are shares of the whole, because the requests served are not known on both "
            "sides: what one function gains, others lose."
        )
    else:
        measure = (
            f"Compared is the cost of a request ({scale.unit}), not the number of samples: before, "
            f"{fmt.count(before.requests, 'request')} were served, now "
            f"{fmt.number(profile.requests)}."
        )
    lines = ["Widths are those of now. Red became hotter, blue cooler.", measure]
    if profile.unit == "samples":
        lines.append(
            "Coloured are the functions that the table of changes lists, each by its change on all "
            "paths together. Grey: no change that is sure."
        )
    return lines


def left_out(tree: CallTree, before: StackProfile | None) -> list[str]:
    """What the picture does not show."""
    lines = []
    if tree.folded:
        lines.append(
            f"{fmt.count(tree.folded, 'frame')} of the lightest were folded into their callers, to "
            f"keep {fmt.number(MOST_NODES)}: none had more than "
            f"{fmt.percentage(tree.widest_folded / tree.total)} of the total."
        )
    if tree.gone and before is not None and before.total:
        names = ", ".join(name for name, _ in tree.gone[:_LISTED])
        more = ", ..." if len(tree.gone) > _LISTED else ""
        share = sum(weight for _, weight in tree.gone) / before.total
        lines.append(
            f"{fmt.percentage(share)} of what was seen before was in calls that were not seen "
            f"now, and have no width: {names}{more}."
        )
    return lines
