"""Before a leak is called: which line allocates it, who holds it, and does it let go by itself?"""

import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from tsprof.analysis.attribution.callers import with_details_on_callers
from tsprof.analysis.attribution.captures import WHOLE_HEAP, CaptureDigest
from tsprof.analysis.attribution.conclude import Seen, conclude
from tsprof.analysis.attribution.counted_resources import COUNTED
from tsprof.analysis.attribution.culprits import Culprit, beside_memory
from tsprof.analysis.attribution.native import without_lines, without_malloc
from tsprof.analysis.attribution.native_caches import with_bounded_caches
from tsprof.analysis.attribution.sites import Origin, leaking_sites
from tsprof.analysis.attribution.survivors import peak_stacks, surviving_stacks
from tsprof.analysis.run.aftermath import Aftermath, count_drains, memory_drain
from tsprof.analysis.run.assessments import Look
from tsprof.analysis.run.confirmation import Attribution, Confirmation
from tsprof.profilers import jemalloc
from tsprof.profilers.native_origin import native_origin
from tsprof.report.model import IN_BYTES
from tsprof.supervisor.attempts import attribute
from tsprof.supervisor.engine import Engine, RunEnded
from tsprof.supervisor.heap_over_time import follow_heap
from tsprof.supervisor.heap_samples import sample_heap
from tsprof.supervisor.memory_check import check_memory
from tsprof.supervisor.plan import Plan
from tsprof.supervisor.resources import culprits
from tsprof.supervisor.rest import load_again, rest
from tsprof.supervisor.second_run import SecondRun, make_way, second_tool
from tsprof.supervisor.target_code import target_origins
from tsprof.supervisor.window import Window, read_captures


@dataclass(frozen=True)
class _Case:
    """A growth to follow."""

    engine: Engine
    plan: Plan
    final: Look
    requests: int
    """Of a segment."""
    captures: Path
    """Folder for what windows write."""
    origin_of: Callable[[str], Origin]

    @property
    def counts_leak(self) -> bool:
        """Whether something that is counted leaks, and is to be followed."""
        return self.plan.attribute is not False and not set(COUNTED).isdisjoint(self.final.leaking)

    @property
    def wants_window(self) -> bool:
        """Whether to open a window in the running target; some tools need a fresh one."""
        if self.plan.runs_again or self.plan.attribute is False:
            return False
        return bool(self.plan.attribute) or not set(IN_BYTES).isdisjoint(self.final.leaking)

    @property
    def bytes_per_request(self) -> float:
        """The growth of live memory in the ledger."""
        return self.final.memory.rate.value if self.final.memory is not None else 0.0


@dataclass
class _Stopwatch:
    seconds: float = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        began = time.monotonic()
        yield
        self.seconds += time.monotonic() - began


def confirm(engine: Engine, plan: Plan, final: Look, requests: int, folder: Path) -> Confirmation:
    """Follow a growth to its cause, and give it the chance to go by itself.

    Args:
        engine: between two segments.
        plan: of the run.
        final: the look that the verdict rests on.
        requests: size of a segment.
        folder: of the run; captures are written below it.
    """
    case = _Case(engine, plan, final, requests, folder / "captures", target_origins(engine))
    last, profiling, after = engine.checkpoints[-1].number, _Stopwatch(), None
    with _removed_in_the_end(case.captures), ThreadPoolExecutor(1) as reader:
        with profiling.running():
            named = _name_what_is_counted(case)
            survived = engine.instruments.target.alive()
            window = _look_into_memory(case, survived=survived)
        reading = reader.submit(read_captures, window)
        if survived and not window.died:
            after = _let_go(case)  # while the captures are read
        with profiling.running():
            _wait_for(reading, engine)
        digests = reading.result()
        attribution = _attribution(case, window, digests)
    if attribution is not None:
        named = tuple(
            beside_memory(one, attribution.sites, final.counts[one.resource].rate.value)
            for one in named
        )
    if after is not None:
        with suppress(RunEnded):
            after = load_again(engine, after, requests)
    again = SecondRun(window)
    can_sample = engine.instruments.start_target is not None and jemalloc.is_usable()
    tool = second_tool(plan, final, attribution, can_sample=can_sample)
    if survived and tool is not None:
        with profiling.running():
            again = _run_again(case, tool)
            if attribution is not None:  # why no window has named it
                again.window.notes[:0] = attribution.notes
            attribution = _attribution(case, again.window, again.digests, again.details, again.lost)
    seen = again.digests or digests
    origin_of = _origins(case, seen)
    profiled = case.counts_leak or again.window.requests_total or window.died
    return Confirmation(
        attribution=attribution,
        drain=memory_drain(final, after) if after is not None else None,
        count_drains=count_drains(final, after) if after is not None else {},
        culprits=named,
        invalid=again.invalid,
        last_judged=last,
        survivors=surviving_stacks(seen, origin_of),
        peak=peak_stacks(seen, origin_of),
        heaps=tuple(again.heaps),
        seconds=profiling.seconds if profiled else 0.0,
    )


@contextmanager
def _removed_in_the_end(folder: Path) -> Iterator[None]:
    """Leave nothing of a window on disk, however it ended."""
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)


# Where the target or the load goes in one of these steps, the events say what happened, and what
# is known by then stays known.


def _name_what_is_counted(case: _Case) -> tuple[Culprit, ...]:
    if case.counts_leak:
        with suppress(RunEnded):
            return culprits(case.engine, case.plan, case.final, case.requests, case.origin_of)
    return ()


def _look_into_memory(case: _Case, *, survived: bool) -> Window:
    window = Window(case.captures, native=False)
    if not survived:
        window.notes.append("no line could be named: the target had died")
    elif case.wants_window:
        with suppress(RunEnded):
            return attribute(
                case.engine, case.final, case.requests, case.captures, case.plan.profiler
            )
    return window


def _let_go(case: _Case) -> Aftermath | None:
    if case.final.leaking and case.plan.drain_seconds > 0:
        with suppress(RunEnded):
            return rest(case.engine, case.plan, case.final)
    return None


def _wait_for(reading: Future[list[CaptureDigest]], engine: Engine) -> None:
    with suppress(RunEnded):
        while not reading.done() and engine.instruments.target.alive():
            engine.pump(0.1)


def _run_again(case: _Case, tool: str) -> SecondRun:
    window = Window(case.captures, native=True)
    if not make_way(case.engine, tool):
        return SecondRun(window)
    if tool == "valgrind":
        return check_memory(case.engine, case.requests, window)
    if tool == "massif":
        return follow_heap(case.engine, case.requests, window)
    return sample_heap(case.engine, case.requests, case.bytes_per_request, window)


def _origins(case: _Case, digests: Sequence[CaptureDigest]) -> Callable[[str], Origin]:
    """Return what tells whose code a source file is."""
    return native_origin if any(digest.is_native for digest in digests) else case.origin_of


def _attribution(
    case: _Case,
    window: Window,
    digests: Sequence[CaptureDigest],
    details: tuple[str, ...] = (),
    lost: float = 0.0,
) -> Attribution | None:
    """Conclude from what a window saw; None where it saw nothing.

    Args:
        case: the growth that was followed.
        window: that was opened.
        digests: of its captures.
        details: what the finding on memory is to say besides.
        lost: bytes per request that nothing refers to any more.
    """
    if not window.heap.holders and not digests:
        return Attribution(notes=tuple(window.notes), details=details) if window.notes else None
    is_native = any(digest.is_native for digest in digests)
    origin_of = _origins(case, digests)
    attribution = conclude(
        Seen(
            sites=leaking_sites(digests, origin_of),
            before=window.heap.before,
            after=window.heap.after,
            holders=window.heap.holders,
            garbage=window.heap.garbage,
            sized=[reply for reply in window.heap.sized.values() if isinstance(reply, Mapping)],
            requests=window.requests_total,
            seconds=window.seconds,
            native=is_native,
            whole_heap=any(digest.method in WHOLE_HEAP for digest in digests),
            requests_overall=None if window.died else window.requests_overall,
            notes=tuple(window.notes),
        ),
        case.final,
        origin_of,
    )
    if is_native:
        attribution = with_details_on_callers(attribution, digests, origin_of)
        attribution = with_bounded_caches(
            attribution, digests, case.bytes_per_request, origin_of, lost
        )
        unnamed = without_lines(attribution.sites)
        unseen = without_malloc(case.final, attribution.sites)
        attribution = replace(attribution, notes=(*attribution.notes, *unnamed, *unseen))
    return replace(attribution, details=(*attribution.details, *details))
