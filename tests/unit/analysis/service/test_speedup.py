"""What turns of two targets come to, with synthetic blocks."""

import numpy as np
import pytest

from tsprof.analysis.service.speedup import compare_blocks, highlights, judge_speedups
from tsprof.analysis.service.turns import Turns, obstacle, turns_of, whole_blocks
from tsprof.histogram import Histogram, bucket
from tsprof.records import Arrivals, Generator, Phase, Segment
from tsprof.report.model import Comparison, Criterion, Reference, Report, Verdict

REFERENCE = Reference(command=("old",), verdict=Verdict.PASS, reasons=())


def segment(
    rate: float = 1000.0,
    *,
    busy: float = 0.3,
    users: int = 50,
    failed: float = 0.0,
    due: int | None = None,
) -> Segment:
    requests = round(rate)
    arrivals = None if due is None else Arrivals(
        sent=due, unsent=0, late=0, late_without_user=0, most_in_flight=5
    )  # fmt: skip
    return Segment(
        number=0,
        seconds=1.0,
        requests=requests,
        failures=round(failed * requests),
        intended=None,
        latency={bucket(1000 * users / rate): requests},
        latency_max_ms=100.0,
        users=users,
        arrivals=arrivals,
        generator=Generator(cpu_share=busy, waited_share=0.0, lag=Histogram()),
    )


def turns(rate: float = 1000.0, cpu_ms: float | None = 0.5, **load: float) -> Turns:
    cpu = None if cpu_ms is None else 2 * rate * cpu_ms / 1000
    return Turns([segment(rate, **load)] * 2, cpu)  # type: ignore[arg-type] - users are whole


def blocks(
    factor: float, *, count: int = 10, noise: float = 0.03, seed: int = 0, drift: float = 0.0
) -> list[tuple[Turns, Turns]]:
    """Blocks of a machine whose speed wanders and drifts, each with noise of its own."""
    rng = np.random.default_rng(seed)
    speed = np.exp(np.cumsum(rng.normal(0, 0.1, count)) + drift * np.arange(count))
    made = []
    for fast in speed:
        own = np.exp(rng.normal(0, noise, 2))
        slow, rate = 2000 * fast * own[0], 2000 * fast * factor * own[1]
        made.append((turns(slow, 1000 / slow), turns(rate, 1000 / rate)))
    return made


def comparison(made: list[tuple[Turns, Turns]]) -> Comparison:
    return Comparison(reference=REFERENCE, blocks=len(made), ratios=compare_blocks(made))


def judged(made: list[tuple[Turns, Turns]], limit: float) -> Criterion:
    (criterion,) = judge_speedups({"speedup": limit}, comparison(made), obstacle(made))
    return criterion


def test_each_figure_says_how_many_times_as_good_the_target_is() -> None:
    found = {ratio.name: ratio.factor for ratio in compare_blocks(blocks(3, noise=0.001))}
    assert found == pytest.approx(
        {"requests_per_second": 3, "cpu_ms": 3, "p50_ms": 3, "p99_ms": 3}, rel=0.02
    )


@pytest.mark.parametrize("factor", [1.0, 1.1, 90.5])
def test_the_interval_holds_the_factor_in_nineteen_of_twenty_comparisons(factor: float) -> None:
    held = 0
    for seed in range(200):
        ratio = compare_blocks(blocks(factor, seed=seed, drift=0.05))[0]
        assert ratio.low is not None
        assert ratio.high is not None
        held += ratio.low <= factor <= ratio.high
    assert 180 <= held <= 199


@pytest.mark.parametrize(("limit", "met"), [(90.5, None), (80, True), (100, False)])
def test_a_factor_is_told_where_its_whole_interval_is_beyond_the_limit(
    limit: float, *, met: bool | None
) -> None:
    criterion = judged(blocks(90.5, seed=3), limit)
    assert criterion.met is met
    assert criterion.value == pytest.approx(90.5, rel=0.05)


def limited(side: int, busy: float = 0.97, users: int = 50) -> list[tuple[Turns, Turns]]:
    """A target twice as fast, with one side limited by the load process."""
    made = []
    for index in range(6):
        rates = [1000 * (1 + index / 100), 2000 * (1 + index / 90)]
        loads = [{"busy": 0.3}, {"busy": 0.3}]
        loads[side] = {"busy": busy}
        made.append(tuple(turns(r, users=users, **b) for r, b in zip(rates, loads, strict=True)))
    return made


@pytest.mark.parametrize(
    ("side", "limit", "met"),
    [(1, 1.5, True), (1, 3, None), (0, 3, False), (0, 1.5, None)],
)
def test_what_the_load_limits_is_a_bound(side: int, limit: float, *, met: bool | None) -> None:
    criterion = judged(limited(side), limit)
    assert criterion.met is met
    assert ("the load process used 97%" in criterion.reason) is (met is None)
    cpu = next(ratio for ratio in compare_blocks(limited(side)) if ratio.name == "cpu_ms")
    assert (cpu.reference_limited, cpu.target_limited) == ("", "")


def test_a_load_process_that_is_a_large_part_of_each_request_limits_too() -> None:
    assert judged(limited(1, busy=0.5, users=2), 3).met is None
    assert judged(limited(1, busy=0.5, users=50), 3).met is False


def test_a_rate_that_both_keep_up_tells_no_speedup() -> None:
    made = [(turns(500, due=500), turns(500, due=500))] * 6
    criterion = judged(made, 2)
    assert criterion.met is None
    assert "the rate asked for no more" in criterion.reason
    ratios = {ratio.name: ratio for ratio in compare_blocks(made)}
    assert ratios["p99_ms"].target_limited == ""


def test_cpu_time_is_not_compared_where_a_process_ended_or_too_little_was_used() -> None:
    for used in (None, 0.001):
        made = [*blocks(2), (turns(), turns(cpu_ms=used))]
        assert "cpu_ms" not in {ratio.name for ratio in compare_blocks(made)}


def test_too_few_blocks_failures_and_silence_are_obstacles() -> None:
    assert "3 whole blocks" in obstacle(blocks(2, count=3))
    failing = [(turns(), turns(failed=0.1))] * 5
    assert obstacle(failing).startswith("10% of the 10,000 requests failed at the target")
    silent = Turns([segment()] * 2, 1.0)
    nothing = Turns([s.__class__(number=0, seconds=1, requests=0, failures=0, intended=None)
                     for s in silent.segments], 0.0)  # fmt: skip
    assert "no request to the reference" in obstacle([(nothing, silent)] * 5)
    assert judged(failing, 2).met is None


def test_only_blocks_with_all_turns_count() -> None:
    def told(names: list[str]) -> dict[str, Turns]:
        phases = [
            Phase(name=name, segment=number, began=0, ended=1, cpu_seconds=0.5)
            for number, name in enumerate(names)
        ]
        segments = [
            Segment(number=n, seconds=1, requests=9, failures=0, intended=None)
            for n in range(len(names))
        ]
        return turns_of(phases, segments)

    whole = whole_blocks(told(["1", "1", "2", "2", "3"]), told(["1", "1", "2", "3", "3"]))
    assert len(whole) == 1
    assert whole[0][0].cpu_seconds == 1.0


def test_no_difference_is_said() -> None:
    assert "no difference" in highlights(compare_blocks(blocks(1, seed=1)))[0]
    assert "no difference" not in highlights(compare_blocks(blocks(2)))[0]
    assert highlights(compare_blocks(limited(1)))[0].startswith("requests per second: at least 2")


def test_a_run_of_one_target_has_no_speedup() -> None:
    (criterion,) = judge_speedups({"speedup": 2.0, "p99_ms": 5.0}, None, "")
    assert (criterion.name, criterion.met) == ("speedup", None)
    assert (
        Report(scenario="check", verdict=Verdict.PASS, exit_code=0, reasons=()).comparison is None
    )
