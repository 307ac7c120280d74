"""The phrases that every renderer shares about memory: growth, findings, sites, holders, owners."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from tsprof import stacks
from tsprof.report import format as fmt
from tsprof.report.model import (
    IN_BYTES,
    Finding,
    Frame,
    Growth,
    Holder,
    LedgerRow,
    Owner,
    ProcessReport,
    Resource,
    Site,
)

OWNER_LABELS: dict[Owner, str] = {
    "python_objects": "Python objects",
    "native_heap": "native heap",
    "allocator_slack": "allocator slack",
    "stacks": "thread stacks",
    "mappings": "file and anonymous mappings",
    "other": "the rest",
}
SOURCES = {"agent": "agent", "native": "native agent", "outside": "outside only"}
"""What tables call the ways in which a process was read."""
_NOT_SPLIT = "resident memory (not split: no exact counters)"

_UNITS: dict[Resource, str] = {
    "fd": "file descriptors",
    "thread": "threads",
    "task": "asyncio tasks",
    "errors": "errors",
    "process": "processes",
    "temporary_file": "temporary files",
}
"""What one of a resource is called; memory and garbage are bytes, the others have no unit."""


def place(code: Site | Frame | stacks.Frame) -> str:
    """Where a line of code is: ``app.py:30``."""
    return f"{code.file}:{code.line}" if code.line else code.file


def growth_measured(growth: Growth) -> bool:
    """Whether the figures of the growth are a measurement, and not the zeros of a half run."""
    figures = (growth.bytes_per_request, growth.low, growth.high, growth.to_request)
    return any(figures) or growth.detectable_bytes_per_request is not None


def total_growth(growth: Growth) -> str:
    """The growth with its interval: ``32.8 B per request (32.1 to 33.4)``."""
    if not growth_measured(growth):
        return fmt.UNKNOWN
    between = fmt.size_interval(growth.low, growth.high, beside=growth.bytes_per_request)
    return f"{fmt.size(growth.bytes_per_request)} per request{fmt.in_parentheses(between)}"


def finding_growth(finding: Finding) -> str:
    """How fast it grows, with the interval and the clock; empty when it has no rate."""
    if not finding.per_request:
        return ""
    if finding.resource in IN_BYTES:
        amount = fmt.size(finding.per_request)
        between = fmt.size_interval(finding.low, finding.high, beside=finding.per_request)
    else:
        amount = counted(finding.resource, finding.per_request)
        between = fmt.interval(finding.low, finding.high)
    return f"{amount} per request{fmt.in_parentheses(between)}{clock(finding)}"


def counted(resource: Resource, amount: float) -> str:
    """An amount of something that is counted, with its unit: ``0.05 file descriptors``."""
    return f"{fmt.number(amount)} {_UNITS.get(resource, '')}".rstrip()


def clock(finding: Finding) -> str:
    """What the growth follows, as the end of a sentence; empty for plain requests."""
    follows = {
        "request": "",
        "second": ", growing with time rather than with requests",
        "error": ", growing with failed requests",
    }
    singular = finding.clock.removesuffix("s")
    return follows.get(singular, f", growing with {finding.clock}")


def finding_plateau(finding: Finding) -> str:
    """The size at which a filling resource will stop; empty when none is predicted."""
    if finding.plateau is None:
        return ""
    if finding.resource in IN_BYTES:
        return f"fills up to about {fmt.size(finding.plateau)}"
    return f"fills up to about {counted(finding.resource, finding.plateau)}"


def finding_confidence(finding: Finding) -> str:
    """``confidence 99 %``; empty when no figure was computed."""
    return f"confidence {fmt.percentage(finding.confidence)}" if finding.confidence else ""


def site_growth(site: Site) -> str:
    """What a line leaves behind, and which part of the finding that is."""
    if not site.bytes_per_request:  # descriptors and threads are counted
        return fmt.percentage(site.share) if site.share else "keeps what other lines allocate"
    blocks = f" in {fmt.count(site.blocks_per_request, 'block')}" if site.blocks_per_request else ""
    share = fmt.percentage(site.share)
    return f"{fmt.size(site.bytes_per_request)}{blocks} per request, {share}{through(site)}"


def through(site: Site) -> str:
    """The native code that allocated for a line, as the end of a sentence; empty for none."""
    return f", through {site.through}" if site.through else ""


def callers(site: Site) -> tuple[Frame, ...]:
    """The frames that led to a site; those that it called, such as native code, are left out."""
    names = [(frame.file, frame.function) for frame in site.stack]
    shown = (site.file, site.function)
    return site.stack[names.index(shown) + 1 :] if shown in names else site.stack


def site_line(site: Site) -> str:
    """A site with everything known of it but its stack."""
    package = fmt.in_parentheses(site.package)
    return f"{place(site)} in {site.function}{package}: {site_growth(site)}"


def holder_state(holder: Holder) -> str:
    """How a container grows, what is in it, and where it will stop."""
    sign = "+" if holder.entries_per_request > 0 else ""
    parts = [
        f"{sign}{fmt.count(holder.entries_per_request, 'entry', 'entries')} per request",
        f"{fmt.count(holder.entries, 'entry', 'entries')} now" if holder.entries else "",
        fmt.size(holder.bytes) if holder.bytes else "",
        f"entries are {holder.sample}" if holder.sample else "",
        f"bounded at {fmt.count(holder.bound, 'entry', 'entries')}"
        if holder.bound is not None
        else "no bound known",
    ]
    return ", ".join(part for part in parts if part)


@dataclass(frozen=True)
class StackLine:
    """One line of a folded stack."""

    text: str
    origin: str


def folded_stack(stack: Iterable[Frame], *, longest: int = 12) -> list[StackLine]:
    """A stack with each run of frames outside the application folded into one line.

    Args:
        stack: innermost frame first.
        longest: lines to return at most; the last one then says how many frames are missing.
    """
    frames = list(stack)
    lines: list[StackLine] = []
    position = 0
    while position < len(frames) and len(lines) < longest:
        frame = frames[position]
        run = 1
        if frame.origin != "application":
            while position + run < len(frames) and frames[position + run].origin != "application":
                run += 1
        if run == 1:
            lines.append(StackLine(frame_text(frame), frame.origin))
        else:
            skipped = frames[position : position + run]
            names = dict.fromkeys(frame.package or frame.origin for frame in skipped)
            lines.append(StackLine(f"{run} frames in {', '.join(names)}", "folded"))
        position += run
    if position < len(frames):
        lines.append(StackLine(f"{fmt.count(len(frames) - position, 'more frame')}", "folded"))
    return lines


def frame_text(frame: Frame) -> str:
    """One frame: ``app.py:30 in handler (starlette 0.40)``."""
    package = fmt.in_parentheses(frame.package)
    return f"{place(frame)} in {frame.function}{package}"


def sockets(process: ProcessReport) -> str:
    """The internet sockets of a process by state: ``10 established, 1 listen``."""
    if process.own_memory is None:
        return fmt.UNKNOWN
    states = sorted(process.sockets.items(), key=lambda item: -item[1])
    return ", ".join(f"{fmt.number(n)} {state.replace('_', ' ')}" for state, n in states) or "none"


def owner_label(owner: Owner, owners: Collection[Owner]) -> str:
    """What tables and legends call an owner, given all owners of the same memory."""
    return _NOT_SPLIT if set(owners) == {"other"} else OWNER_LABELS[owner]


LEDGER_COLUMNS = ("owner", "per request", "now")


def ledger_basis(growth: Growth) -> str:
    """Over what the ledger is, and why its sum may differ from the growth that was measured."""
    if growth.to_request <= growth.from_request:
        return "from the first checkpoint to the last, what warms up included"
    first, last = fmt.number(growth.from_request), fmt.number(growth.to_request)
    return (
        f"from request {first} to {last}: resident memory, with what came once or went again, "
        "which the measured growth leaves out"
    )


def ledger_cells(ledger: Sequence[LedgerRow]) -> list[tuple[str, str, str]]:
    """The ledger's cells, a row for each owner, one cell for each of ``LEDGER_COLUMNS``."""
    owners = [row.owner for row in ledger]
    return [
        (owner_label(row.owner, owners), fmt.size(row.bytes_per_request), fmt.size(row.bytes_now))
        for row in ledger
    ]
