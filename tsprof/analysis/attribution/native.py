"""Does native memory grow? Then a line of Python is half an answer: the module is the rest."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import PurePath
from statistics import median

from tsprof.analysis.attribution.reconcile import EXPLAINED, Reconciliation
from tsprof.analysis.growth.assess import Assessment
from tsprof.analysis.growth.rate import Interval
from tsprof.analysis.run.assessments import Look
from tsprof.records import ProcessReading
from tsprof.report.model import Site

TABLE_LEAVES = 0.2
"""Part of a growth by tables that what they hold is at the least."""
SHARE = 0.3
"""Part of the growth of live memory from which native memory is worth what its traces cost."""


def without_lines(sites: Sequence[Site]) -> tuple[str, ...]:
    """Say which programs were built without what names their lines, and how that is mended.

    Args:
        sites: of a native program; where no line is known, their file is the program or library.
    """
    bare = [site for site in sites if site.origin != "interpreter" and not site.line]
    files = dict.fromkeys(site.file for site in bare)
    return tuple(
        f"{PurePath(file).name} has no debug information, so its lines are not named: build it "
        "with -g (C, C++) or debug = 1 in the Cargo profile (Rust), and do not strip it, or "
        "install its debug package"
        for file in files
    )


def without_malloc(final: Look, sites: Sequence[Site]) -> tuple[str, ...]:
    """Say why nothing was seen of a growth that no allocator accounts for that can be read.

    Args:
        final: the look with the growth.
        sites: of a native program, that were found for it.
    """
    if sites or not final.unowned_leaks:
        return ()
    text = (
        "what grows is not of malloc, and no profiler here follows it: a garbage-collected heap, "
        "or an allocator that is linked in under names of its own, as Rust's crates of jemalloc "
        "and mimalloc are; a build without that one can be followed"
    )
    return (text,)


def beside_tables(reconciled: Reconciliation, growth: Interval) -> Reconciliation:
    """Take a growth for explained whose sites make up all of it but what came in jumps.

    A table that doubled in the run need not double in the window: of a leak of 80 B per request 32
    were allocated there, and the rest was the table of those.

    Args:
        reconciled: sites of a native program.
        growth: bytes per request in the ledger, jumps included; its lower bound is without them.
    """
    found = reconciled.explained * growth.value
    some = TABLE_LEAVES * growth.value <= found < EXPLAINED * growth.value
    if not reconciled.agrees or not some or found < EXPLAINED * growth.low:
        return reconciled
    note = (
        f"{growth.value - found:.4g} of {growth.value:.4g} B per request came in jumps, as a table "
        "grows that doubles; none was in the window, so that they have no site of their own"
    )
    return replace(reconciled, explained=1.0, notes=(note,))


def grows_natively(final: Look) -> bool:
    """Tell whether native code allocates a good part of what grows.

    Args:
        final: the look with the growth that is to be explained.
    """
    if final.unowned_leaks:
        return True
    if not final.memory_leaks or final.memory is None:
        return False
    native, live = _growth(final, final.memory)
    return native >= SHARE * live > 0


def _growth(final: Look, judged: Assessment) -> tuple[float, float]:
    """Return the growth of memory that native code allocates, and that of all live memory.

    CPython takes blocks above 512 bytes from malloc, too, and counts them, but not their bytes. So
    they explain a segment's native growth as far as their number grew in it: three large objects
    in one of eight segments are not what grew in all of them. And a container's table that was
    reallocated is one jump, where the median is of the growth in all segments.
    """
    points = final.view.checkpoints[judged.first : judged.last + 1]
    native, blocks, live = [], [], 0
    for before, after in pairwise(points):
        earlier = {r.identity: r for r in final.view.readings(before)}
        pairs = [(earlier[r.identity], r) for r in final.view.readings(after)]
        native.append(sum((new.native_live or 0) - (old.native_live or 0) for old, new in pairs))
        blocks.append(sum(_large(new) - _large(old) for old, new in pairs))
        live += sum((new.live or 0) - (old.live or 0) for old, new in pairs)
    if not native:
        return 0.0, 0.0
    steady = median(native)
    size = max(sum(native), 0) / max(sum(blocks), 1)
    return sum(max(steady - size * max(count, 0), 0.0) for count in blocks), float(live)


def _large(reading: ProcessReading) -> int:
    """Return the number of Python's blocks that malloc serves."""
    return reading.blocks - reading.small_blocks
