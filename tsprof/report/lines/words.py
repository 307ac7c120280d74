"""What both listings say."""

from collections.abc import Iterator

from tsprof.lines import LineCost, LineProfile, SourceFile
from tsprof.report import format as fmt

COLUMNS = ("line", "Python", "native", "system", "allocated", "copied")
_SMALLEST_SHARE = 0.0005
_SMALLEST_SIZE = 1e5


def basis(profile: LineProfile) -> list[str]:
    """What the shares are of, and what profiling did to the target."""
    meaning = (
        "Shares are of the time that was spent in this code and in what it called, since the "
        "service started: in the interpreter, in native code, and in the system or waiting. "
        "Allocated and copied are sums: what was freed again is in them."
    )
    rate = profile.requests / profile.seconds if profile.seconds else 0.0
    served = f"Under Scalene the service answered {fmt.rate(rate)}"
    if not profile.usual_rate:
        return [meaning, f"{served}."]
    by_itself = f"by itself {fmt.rate(profile.usual_rate)}"
    return [meaning, f"{served}; {by_itself}. Where the time goes then is in the flame graph."]


def cells(line: LineCost) -> tuple[str, ...]:
    """The figures of a line; empty where there is nothing to tell."""
    shares = (line.python, line.native, line.system)
    sizes = (line.allocated, line.copied)
    return (
        str(line.number),
        *(f"{share * 100:.1f} %" if share >= _SMALLEST_SHARE else "" for share in shares),
        *(fmt.size(size) if size >= _SMALLEST_SIZE else "" for size in sizes),
    )


def gaps(source: SourceFile) -> Iterator[tuple[LineCost, bool]]:
    """Each line, and whether others between it and the one before are left out."""
    before = 0
    for line in source.lines:
        yield line, line.number > before + 1
        before = line.number
