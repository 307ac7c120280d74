"""The verdict: never a pass on what was not seen, never a fail on what does not leak."""

import re
from dataclasses import replace

import pytest
from fabricate import (
    SEGMENT,
    alive,
    counting,
    event,
    filling,
    growing,
    growing_outside,
    judge,
    outside,
    reading,
    segments,
    taken,
)

from tsprof.analysis.attribution.culprits import Culprit
from tsprof.analysis.run.confirmation import Attribution, Drain
from tsprof.analysis.verdict.decide import Decision
from tsprof.analysis.verdict.more_time import TimeAllowed
from tsprof.records import Checkpoint, ProcessReading
from tsprof.report.model import Criterion, Finding, Holder, Site, Verdict

CLEAN = taken(growing())
LEAK = taken(growing(300))


def said(decision: Decision) -> str:
    return "\n".join(decision.reasons)


def test_a_clean_run_passes_and_says_what_it_could_have_seen() -> None:
    decision = judge(CLEAN)
    assert decision.verdict is Verdict.PASS
    assert decision.findings == ()
    assert "anything above" in said(decision)


def test_a_run_that_passes_tells_of_memory_without_counters() -> None:
    assert judge(CLEAN).remarks == ()
    decision = judge(taken(growing(anonymous=60_000_000), count=200))
    assert decision.verdict is Verdict.PASS
    assert "no allocator that can be read" in "".join(decision.remarks)


def test_a_run_that_passes_tells_of_mapped_memory_that_grows() -> None:
    decision = judge(taken(lambda number: reading(number, file_mapped=100_000 * number)))
    assert decision.verdict is Verdict.PASS
    assert decision.remarks[0].startswith("mapped files and shared memory grew by 100 B")


def test_a_leak_fails() -> None:
    decision = judge(LEAK)
    assert decision.verdict is Verdict.FAIL
    (finding,) = decision.findings
    assert (finding.resource, finding.kind) == ("memory", "leak")
    assert finding.per_request == pytest.approx(300, rel=0.01)
    assert finding.low <= 300 <= finding.high


@pytest.mark.parametrize(
    ("resource", "name", "every"),
    [("fd", "descriptors", 20), ("thread", "threads", 50), ("task", "tasks", 10)],
)
def test_a_counted_resource_that_leaks_fails(resource: str, name: str, every: int) -> None:
    decision = judge(taken(counting(name, every)))
    assert decision.verdict is Verdict.FAIL
    (finding,) = decision.findings
    assert (finding.resource, finding.kind) == (resource, "leak")
    assert finding.per_request == pytest.approx(1 / every, rel=0.02)


def test_processes_that_pile_up_fail() -> None:
    helpers = [alive(growing_outside(0, pid=200 + n), first=n) for n in range(24)]
    decision = judge(taken(growing(), *helpers))
    assert decision.verdict is Verdict.FAIL
    assert [finding.resource for finding in decision.findings] == ["process"]


def test_cycles_that_nothing_collects_fail() -> None:
    decision = judge(taken(growing(gc_enabled=False, garbage_bytes=400 * SEGMENT)))
    assert decision.verdict is Verdict.FAIL
    (finding,) = decision.findings
    assert (finding.resource, finding.kind) == ("garbage", "leak")
    assert finding.per_request == pytest.approx(400, rel=0.05)


@pytest.mark.parametrize(
    "checkpoints",
    [
        taken(growing(gc_enabled=True, garbage_bytes=400 * SEGMENT)),
        taken(lambda n: reading(n, gc_enabled=False, gc_collections=n, garbage_bytes=400_000)),
    ],
    ids=["the collector runs", "the program collects by hand"],
)
def test_cycles_that_are_collected_are_no_leak(checkpoints: list[Checkpoint]) -> None:
    assert judge(checkpoints).verdict is Verdict.PASS


def test_memory_outside_of_the_allocators_that_leaks_fails() -> None:
    """Such as buffers that an extension maps itself."""
    mapped = taken(lambda n: reading(n, anonymous=20_000_000 + 300 * SEGMENT * n // 4096 * 4096))
    decision = judge(mapped)
    assert decision.verdict is Verdict.FAIL
    assert "that no known allocator holds" in said(decision)


def test_a_leak_seen_from_outside_fails() -> None:
    decision = judge(taken(growing_outside(3000)))
    assert decision.verdict is Verdict.FAIL
    assert "seen from outside" in said(decision)


CANNOT_TELL = {
    "nothing was measured": taken(),
    "no process could be read": taken(count=12),
    "one checkpoint": taken(growing(), count=1),
    "three checkpoints": taken(growing(), count=3),
    "a leak seen three times": taken(growing(300), count=3),
    "a cache that still fills": taken(filling(40_000_000, 8), count=16),
    "from outside, on few requests": taken(growing_outside(), count=12),
    "a leak from outside that slack may hide": taken(growing_outside(40), count=12),
    "a worker that is restarted all the time": taken(
        growing(),
        *(
            alive(growing(pid=200 + n), first=2 * n, last=2 * n + 1)
            for n in range(12)
        ),
    ),
    "a worker that was restarted at the end": taken(
        growing(), alive(growing(pid=200), last=21), alive(growing(pid=201), first=22)
    ),
    "an agent that fell silent": taken(lambda n: reading(n) if n < 12 else outside()),
    "an agent that came at the end": taken(lambda n: reading(n) if n > 20 else outside()),
    "an agent that came and went": taken(lambda n: reading(n) if n % 5 else outside()),
    "a large helper that came along": taken(
        growing(), alive(growing_outside(500, pid=200), first=20)
    ),
    "no request was counted between checkpoints": [
        Checkpoint(number=n, seconds=float(n), requests=1000, failures=0, processes=(reading(n),))
        for n in range(24)
    ],
}  # fmt: skip


@pytest.mark.parametrize("checkpoints", CANNOT_TELL.values(), ids=CANNOT_TELL)
def test_what_was_not_seen_is_no_pass_and_no_fail(checkpoints: list[Checkpoint]) -> None:
    decision = judge(checkpoints)
    assert decision.verdict is Verdict.INCONCLUSIVE, said(decision)
    assert all(decision.reasons)


@pytest.mark.parametrize(
    "kind",
    [
        "load_lost",
        "agent_lost",
        "control_failed",
        "profiler_failed",
        "store_failed",
        "interrupted",
    ],
)
def test_an_event_that_casts_doubt_keeps_a_clean_run_from_passing(kind: str) -> None:
    complete = kind not in ("store_failed", "interrupted")
    decision = judge(CLEAN, events=[event(kind)], complete=complete)
    assert decision.verdict is Verdict.INCONCLUSIVE
    assert decision.interrupted is (kind == "interrupted")


@pytest.mark.parametrize("kind", ["target_ended", "target_hung", "out_of_memory"])
@pytest.mark.parametrize("checkpoints", [CLEAN, []], ids=["late", "before a checkpoint"])
def test_a_target_that_does_not_survive_fails(kind: str, checkpoints: list[Checkpoint]) -> None:
    decision = judge(checkpoints, events=[event(kind, "it is gone")], complete=False)
    assert decision.verdict is Verdict.FAIL
    assert decision.reasons[0] == "it is gone"


def test_a_target_that_dies_of_its_descriptors_is_said_to() -> None:
    rising = taken(lambda n: reading(n, descriptors=7 + 120 * n))[:5]
    decision = judge(rising, events=[event("target_ended", "it died")], complete=False)
    assert decision.reasons[0] == "it died, when its file descriptors had grown from 7 to 487"
    level = taken(lambda n: reading(n, descriptors=507 if n else 7))[:5]
    decision = judge(level, events=[event("target_ended", "it died")], complete=False)
    assert decision.reasons[0] == "it died"


def test_a_leak_stays_a_leak_whatever_else_befell_the_run() -> None:
    events = [event(kind) for kind in ("load_lost", "agent_lost", "interrupted")]
    decision = judge(LEAK, events=events, complete=False)
    assert decision.verdict is Verdict.FAIL
    assert decision.interrupted


def test_a_run_that_was_cut_off_does_not_pass() -> None:
    decision = judge(CLEAN, complete=False)
    assert decision.verdict is Verdict.INCONCLUSIVE
    assert "cut off" in decision.reasons[0]


def test_a_load_that_fails_does_not_pass() -> None:
    decision = judge(taken(growing(), failing=1.0), failing=1.0)
    assert decision.verdict is Verdict.INCONCLUSIVE
    assert "100% of the 24,000 requests failed" in said(decision)


def test_a_load_that_sent_nothing_does_not_pass() -> None:
    decision = judge(CLEAN, segments=segments(24, requests=0))
    assert decision.verdict is Verdict.INCONCLUSIVE
    assert "no request was completed" in said(decision)
    cut_off = judge(CLEAN, segments=segments(24, requests=0), complete=False)
    assert "no request was completed" not in said(cut_off)
    events = (event("interrupted", "interrupted by the user"),)
    interrupted = judge(CLEAN, segments=segments(24, requests=0), events=events)
    assert "no request was completed" not in said(interrupted)


def test_one_restart_in_the_middle_leaves_enough_to_judge() -> None:
    processes = (growing(), alive(growing(pid=200), last=5), alive(growing(pid=201), first=6))
    assert judge(taken(*processes)).verdict is Verdict.PASS


def test_a_segment_that_lost_a_load_process_is_left_out() -> None:
    early, late = list(LEAK), list(CLEAN)
    early[3] = replace(early[3], uncertain=True)
    assert judge(early).verdict is Verdict.FAIL
    late[-3] = replace(late[-3], uncertain=True)
    decision = judge(late)
    assert decision.verdict is Verdict.INCONCLUSIVE
    assert "load processes were lost in 1 segment" in said(decision)


def test_an_agent_that_came_late_is_judged_since_then() -> None:
    decision = judge(taken(lambda n: reading(n) if n > 5 else outside()))
    assert decision.verdict is Verdict.PASS


def test_a_large_helper_that_came_is_judged_since_then() -> None:
    leaking = taken(growing(), alive(growing_outside(3000, pid=200), first=5), count=30)
    assert judge(leaking).verdict is Verdict.FAIL


def test_a_cache_that_has_filled_is_no_leak() -> None:
    assert judge(taken(filling(2_000_000, 2), count=40)).verdict is Verdict.PASS


HOLDER = Holder(
    path="app.py: module global cache", type="LRUCache", entries_per_request=1.0, bound=100_000
)


def test_a_bounded_holder_is_not_called_a_leak() -> None:
    attribution = Attribution(holders=(HOLDER,), bounded_share=0.95, plateau=30_000_000)
    decision = judge(LEAK, attribution=attribution)
    assert decision.verdict is Verdict.INCONCLUSIVE
    (finding,) = decision.findings
    assert finding.kind == "filling"
    assert "bounded at 100,000 entries" in finding.title


def test_a_holder_that_explains_little_of_it_does_not_excuse_a_leak() -> None:
    attribution = Attribution(holders=(HOLDER,), bounded_share=0.3)
    assert judge(LEAK, attribution=attribution).verdict is Verdict.FAIL


@pytest.mark.parametrize(
    ("released", "verdict", "kind"),
    [
        (6_900_000, Verdict.INCONCLUSIVE, "released"),
        (1_000_000, Verdict.FAIL, "leak"),
        (0, Verdict.FAIL, "leak"),
        (-50_000, Verdict.FAIL, "leak"),
    ],
)
def test_what_lets_go_by_itself_is_not_called_a_leak(
    released: int, verdict: Verdict, kind: str
) -> None:
    drain = Drain(seconds=15, grown=6_900_000, released=released)
    decision = judge(LEAK, drain=drain)
    assert decision.verdict is verdict
    assert decision.findings[0].kind == kind


def test_tasks_that_let_go_by_themselves_do_not_fail_a_run() -> None:
    tasks = taken(counting("tasks", 1))
    assert judge(tasks).verdict is Verdict.FAIL
    gone = {"task": Drain(seconds=15, grown=23_000, released=23_000)}
    assert judge(tasks, count_drains=gone).verdict is Verdict.INCONCLUSIVE


STARTS = Site(function="serve", file="/srv/app.py", line=9, bytes_per_request=0, share=1)
OF_A_PACKAGE = STARTS.model_copy(update={"file": "client.py", "origin": "dependency"})
ALLOCATES = STARTS.model_copy(update={"bytes_per_request": 300.0})
IN_THREADING = ALLOCATES.model_copy(update={"file": "threading.py", "origin": "interpreter"})


@pytest.mark.parametrize(
    ("starting", "allocating", "first"),
    [
        (STARTS, IN_THREADING, "thread"),
        (STARTS, ALLOCATES.model_copy(update={"line": 8}), "thread"),
        (STARTS, ALLOCATES.model_copy(update={"origin": "dependency", "line": 8}), "thread"),
        (STARTS, ALLOCATES.model_copy(update={"function": "audit"}), "memory"),
        (OF_A_PACKAGE, IN_THREADING, "thread"),
        (OF_A_PACKAGE, OF_A_PACKAGE.model_copy(update={"function": "audit"}), "memory"),
        (OF_A_PACKAGE, ALLOCATES, "memory"),
        (IN_THREADING, IN_THREADING, "memory"),
    ],
)
def test_threads_are_told_before_the_memory_that_they_cost(
    starting: Site, allocating: Site, first: str
) -> None:
    def process(number: int) -> ProcessReading:
        threads = 20 + number * SEGMENT // 10
        return reading(number, threads=threads, python_live=5_000_000 + 30 * number * SEGMENT)

    decision = judge(
        taken(process),
        attribution=Attribution(sites=(allocating,)),
        culprits=[Culprit(resource="thread", title="work", sites=(starting,))],
    )
    assert decision.verdict is Verdict.FAIL
    assert decision.findings[0].resource == first
    assert len(decision.findings) == 2


@pytest.mark.parametrize(
    ("met", "value", "verdict"),
    [
        (True, 8.0, Verdict.PASS),
        (False, 12.0, Verdict.FAIL),
        (None, None, Verdict.INCONCLUSIVE),
    ],
)
def test_criteria_count(*, met: bool | None, value: float | None, verdict: Verdict) -> None:
    criterion = Criterion(name="p99_ms", limit=10.0, value=value, met=met)
    decision = judge(CLEAN, criteria=[criterion])
    assert decision.verdict is verdict
    assert verdict is Verdict.PASS or "p99_ms" in said(decision)


def test_drift_fails_and_other_findings_of_it_do_not() -> None:
    drift = Finding(resource="latency", kind="drift", title="p99 doubles every hour")
    step = Finding(resource="latency", kind="step", title="p99 rose once")
    assert judge(CLEAN, worse=[drift]).verdict is Verdict.FAIL
    decision = judge(CLEAN, worse=[step])
    assert decision.verdict is Verdict.PASS
    assert [finding.title for finding in decision.findings] == ["p99 rose once"]


def test_reasons_are_said_once_and_with_advice_for_the_verdict_only() -> None:
    decision = judge(LEAK, events=[event("agent_lost"), event("agent_lost")])
    assert len(decision.reasons) == len(set(decision.reasons))
    assert not any("--max-time" in advice for advice in decision.advice)


def test_counts_are_not_doubted_beside_memory_for_want_of_the_same_time() -> None:
    short = judge(taken(filling(40_000_000, 8), count=9))
    assert short.verdict is Verdict.INCONCLUSIVE
    assert not any(reason.startswith(("fd:", "thread:")) for reason in short.reasons)


def test_a_filling_says_how_much_and_how_long() -> None:
    short = judge(taken(filling(40_000_000, 8), count=16), allowed=TimeAllowed(seconds=30))
    assert re.search(r"still grows by [\d,.]+ kB per request, but slows down", short.reasons[0])
    (advice,) = short.advice
    assert re.match(r"about .* more would tell: --max-time \S+; or check with a smaller", advice)


def test_a_target_that_stops_serving_is_told_from_one_that_never_did() -> None:
    never = judge(CLEAN, segments=segments(10, failing=1.0))
    stopped = judge(CLEAN, segments=[*segments(2), *segments(10, failing=1.0)])
    assert never.verdict is stopped.verdict is Verdict.INCONCLUSIVE
    assert "did not exercise the target" in said(never)
    assert f"after {2 * SEGMENT:,} had been answered well" in said(stopped)


def test_a_comparison_that_was_interrupted_points_to_no_log() -> None:
    few = "only 2 turns"
    advice = judge(CLEAN, incomparable=few).advice
    assert any("reference/target.log" in each for each in advice)
    stopped = judge(CLEAN, incomparable=few, events=[event("interrupted")])
    assert stopped.advice == ("let it run to its end",)


def test_a_load_that_was_lost_before_anything_was_counted_is_not_blamed_on_its_addresses() -> None:
    lost = event("load_lost", "the target takes no more connections")
    decision = judge([], segments=[], events=[lost])
    assert decision.verdict is Verdict.INCONCLUSIVE
    assert decision.reasons[0] == "the target takes no more connections"
    assert not any("--url" in advice for advice in decision.advice)
