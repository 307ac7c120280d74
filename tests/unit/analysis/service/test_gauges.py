"""What is made of the target's own gauges, and how it is judged."""

import math
import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import pytest
from fabricate import growing, segments, taken

from tsprof.analysis.service.criteria import judge_gauges
from tsprof.analysis.service.gauge_drift import MOST_SHOWN, Watch, gauges_to_judge, rows
from tsprof.analysis.service.gauges import Gauges, gauges_of
from tsprof.analysis.service.stability import judge_stability
from tsprof.records import Checkpoint, GaugeReading
from tsprof.report.model import Criterion, Finding

COUNT = 24
SEGMENTS = segments(COUNT + 1)[1:]
"""Of 1,000 requests; the one that calibrates is not judged."""
ONE_PROCESS = taken(growing(), count=COUNT + 1)

Tell = Callable[[int], Mapping[str, float]]
NOTHING: Tell = lambda _: {}  # noqa: E731 - it stands where others have a lambda, too


def readings(totals: Tell = NOTHING, levels: Tell = NOTHING) -> list[GaugeReading]:
    return [
        GaugeReading(checkpoint=n, source="/metrics", totals=totals(n), levels=levels(n))
        for n in range(COUNT + 1)
    ]


def made(read: Sequence[GaugeReading], checkpoints: Sequence[Checkpoint] = ONE_PROCESS) -> Gauges:
    return gauges_of(["/metrics"], read, SEGMENTS, checkpoints)


def judged(gauges: Gauges, **watched: Watch) -> tuple[tuple[Criterion, ...], tuple[Finding, ...]]:
    qualities, unseen = gauges_to_judge(gauges, watched)
    stability = judge_stability(SEGMENTS, qualities)
    return (*stability.criteria, *unseen), stability.findings


def cache(rate: Callable[[int], float], lookups: int = 5000) -> Tell:
    """Count hits and misses of a cache with so many look-ups in a segment."""
    chance = random.Random(1)
    hits, history = 0, [0]
    for number in range(1, COUNT + 1):
        hits += round(lookups * rate(number) + chance.gauss(0, math.sqrt(lookups) / 2))
        history.append(hits)
    return lambda n: {
        "cache_hits_total": history[n],
        "cache_misses_total": lookups * n - history[n],
    }


def test_a_hit_rate_is_counted_segment_by_segment() -> None:
    """The target's own rate, an average since the start, is not what is judged."""
    count = cache(lambda n: 0.9 if n <= 12 else 0.4)
    lifetime = lambda n: {"cache_hit_rate": count(n)["cache_hits_total"] / (5000 * n or 1)}  # noqa: E731
    gauge = made(readings(count, lifetime)).by_name["cache_hit_rate"]
    assert gauge.hits
    assert gauge.values[:12] == pytest.approx([0.9] * 12, abs=0.03)
    assert gauge.values[12:] == pytest.approx([0.4] * 12, abs=0.03)
    assert gauge.overall == pytest.approx(0.65, abs=0.01)


def test_a_cache_that_decays_is_found_with_its_size() -> None:
    criteria, findings = judged(made(readings(cache(lambda n: 0.82 - 0.25 * n / COUNT))))
    (finding,) = findings
    assert (finding.resource, finding.kind) == ("gauge", "drift")
    start, end = map(float, re.findall(r"([0-9.]+)%", finding.title)[:2])
    assert (start, end) == pytest.approx((81, 57), abs=2.5)
    assert [(c.name, c.met) for c in criteria] == [("cache_hit_rate_drift", False)]


@pytest.mark.parametrize(
    "rate", [lambda _: 0.8, lambda n: 0.8 - 0.4 * math.exp(-n), lambda _: 1.0, lambda _: 0.0]
)
def test_a_cache_that_holds_or_fills_is_stable(rate: Callable[[int], float]) -> None:
    lookups = 5000 if 0 < rate(9) < 1 else 0
    count = (
        cache(rate, lookups)
        if lookups
        else (
            lambda n: {
                "cache_hits_total": 9.0 * n * rate(n),
                "cache_misses_total": 9.0 * n * (1 - rate(n)),
            }
        )
    )
    criteria, findings = judged(made(readings(count)))
    assert not findings
    assert [c.met for c in criteria] == [True]


def test_a_fall_that_may_be_small_is_no_finding() -> None:
    """Its estimate is beyond the margin, but its interval begins near nothing."""
    chance = random.Random(4)
    gauges = made(readings(levels=lambda n: {"hit_rate": 0.8 - 0.002 * n + chance.gauss(0, 0.03)}))
    ((criterion,), findings) = judged(gauges)
    assert (criterion.met, findings) == (None, ())
    assert criterion.value is not None
    assert criterion.value < criterion.limit


@pytest.mark.parametrize(
    ("hits", "misses", "name"),
    [
        ("cache_hits_total", "cache_misses_total", "cache_hit_rate"),
        ("cache.hits", "cache.misses", "cache.hit_rate"),
        ('hits_total{cache="a"}', 'misses_total{cache="a"}', "hit_rate"),
        (
            'lookups_total{result="hit"}',
            'lookups_total{result="miss"}',
            'hit_rate(lookups_total{result="hit"})',
        ),
    ],
)
def test_hits_find_their_misses(hits: str, misses: str, name: str) -> None:
    gauges = made(readings(lambda n: {hits: 3.0 * n, misses: 1.0 * n}))
    assert [(g.name, g.overall) for g in gauges.by_name.values() if g.hits] == [(name, 0.75)]


def test_a_word_with_hit_in_it_counts_no_hits() -> None:
    gauges = made(readings(lambda n: {"whitelist_total": n, "wmissest_total": n}))
    assert not any(gauge.hits for gauge in gauges.by_name.values())


@pytest.mark.parametrize("name", ["cache_hit_rate", "cache.hitRatio", "hit_ratio", "db_hits_rate"])
def test_the_targets_own_hit_rate_is_judged(name: str) -> None:
    chance = random.Random(2)
    decaying = readings(levels=lambda n: {name: 0.9 - 0.02 * n + chance.gauss(0, 0.004)})
    _, (finding,) = judged(made(decaying))
    assert finding.title.startswith(name)
    assert "average since its start" in made(decaying).by_name[name].remark


@pytest.mark.parametrize("name", ["error_ratio", "cache_size", "hit_rate_limit", "fill_rate"])
def test_what_nobody_named_is_shown_and_not_judged(name: str) -> None:
    gauges = made(readings(levels=lambda n: {name: 0.9 - 0.02 * n}))
    assert judged(gauges) == ((), ())
    (row,) = rows(gauges, SEGMENTS, (), ())
    assert (row.name, row.outcome) == (name, "not judged")
    assert row.change is not None
    assert row.change < 0


def test_a_share_above_one_is_none() -> None:
    gauges = made(readings(levels=lambda n: {"cache_hit_rate": 80.0 - n}))
    assert gauges.by_name["cache_hit_rate"].kind == "level"


def test_counters_become_rates_per_request_and_histograms_means() -> None:
    gauges = made(
        readings(
            lambda n: {
                'errors_total{kind="4xx"}': 2.0 * n,
                # A counter with labels appears with its first event.
                **({'errors_total{kind="5xx"}': 3.0 * (n - 12)} if n > 12 else {}),
                "seconds_sum": 0.5 * n,
                "seconds_count": 100.0 * n,
            }
        )
    )
    rate = gauges.by_name["rate(errors_total)"]
    assert rate.values == pytest.approx([0.002] * 12 + [0.005] * 12)
    assert rate.overall == pytest.approx(0.0035)
    late = gauges.find('rate(errors_total{kind="5xx"})')
    assert late is not None
    assert late.overall == pytest.approx(0.0015)
    assert gauges.find('rate(errors_total{kind="3xx"})') is None
    mean = gauges.find("mean(seconds)")
    assert mean is not None
    assert mean.overall == pytest.approx(0.005)
    assert "rate(seconds_count)" not in gauges.by_name


@pytest.mark.parametrize(("worse", "met"), [(1, False), (-1, True)])
def test_a_named_gauge_is_judged_in_its_direction(worse: int, *, met: bool) -> None:
    chance = random.Random(3)
    gauges = made(readings(levels=lambda n: {"queue": 5 + n / 10 + chance.gauss(0, 0.1)}))
    watch = Watch(1 if worse > 0 else -1, 0.1)
    ((criterion,), findings) = judged(gauges, queue=watch)
    assert criterion.met is met
    assert len(findings) == (not met)


@pytest.mark.parametrize("value", [0.0, 7.0, -3.0])
def test_a_gauge_that_never_moves_is_stable(value: float) -> None:
    gauges = made(readings(levels=lambda _: {"queue": value}))
    ((criterion,), _) = judged(gauges, queue=Watch(1, 0.1))
    assert criterion.met is True


@pytest.mark.parametrize(
    ("levels", "reason"),
    [
        (NOTHING, "the target does not tell it"),
        (lambda _: {"queues": 1.0}, "the nearest name is queues"),
        (lambda n: {"queue": 1.0} if n < 12 else {}, "known in 11 of 24 segments"),
        (lambda _: {'queue{a="1"}': 1.0, 'queue{a="2"}': 2.0}, 'such as queue{a="1"}'),
    ],
)
def test_what_was_not_seen_is_not_called_stable(levels: Tell, reason: str) -> None:
    gauges = made(readings(levels=levels))
    ((criterion,), _) = judged(gauges, queue=Watch(1, 0.1))
    (limit,) = judge_gauges({"queue": "< 5"}, gauges)
    for found in (criterion, limit):
        assert found.met is None
        assert found.value is None
        assert reason in found.reason


@pytest.mark.parametrize(
    ("name", "limit", "met"),
    [
        ("cache_hit_rate", "> 0.74", True),
        ("cache_hit_rate", ">= 75%", True),
        ("cache_hit_rate", "> 75%", False),
        ("rate(errors_total)", "< 0.1%", False),
        ("rate(errors_total)", "<= 0.2%", True),
        ("mean(seconds)", "< 5ms", False),
        ("mean(seconds)", "< 6 ms", True),
        ("queue", "< 25", True),
        ("queue", "< 24", False),
    ],
)
def test_limits_of_gauges(name: str, limit: str, *, met: bool) -> None:
    gauges = made(
        readings(
            lambda n: {
                "cache_hits_total": 3.0 * n, "cache_misses_total": 1.0 * n, "errors_total": 2.0 * n,
                "seconds_sum": 0.5 * n, "seconds_count": 100.0 * n,
            },
            lambda n: {'queue{name="mail"}': n},
        )
    )  # fmt: skip
    (criterion,) = judge_gauges({name: limit}, gauges)
    assert criterion.met is met
    assert limit.startswith(criterion.comparison)


def test_workers_that_count_for_themselves_are_found_out() -> None:
    """Two workers answer in turn; the second has served fewer requests."""
    alternating = readings(
        lambda n: {
            "requests_total": n * (700.0 if n % 2 else 300.0),
            "hits": n * (60.0 if n % 2 else 30.0),
        },
        lambda n: {"cache_hit_rate": 0.9 if n % 2 else 0.5},
    )
    gauges = made(alternating)
    assert gauges.by_name == {}
    assert "multiprocess" in gauges.unread["/metrics"]
    assert "multiprocess" in gauges.why_not("cache_hit_rate")
    assert gauges.notes


@pytest.mark.parametrize(
    "levels",
    [
        lambda n: {"pid": 100.0 + n % 2, "cache.hit_rate": 0.5},
        lambda n: {"process_start_time_seconds": 1.7e9 + n % 2, "cache_hit_rate": 0.5},
    ],
)
def test_workers_that_say_who_they_are_are_found_out(levels: Tell) -> None:
    assert made(readings(levels=levels)).by_name == {}


def test_what_falls_while_the_target_rests_was_told_by_another_worker() -> None:
    """Balanced workers may be told apart before the first segment only."""
    level = readings(lambda n: {f"c{k}_total": 10.0 * n for k in range(9)})
    first = replace(level[0], totals=level[0].totals | {"c3_total": 5.0})
    assert made([*level]).by_name
    assert made([first, *level]).by_name == {}


def test_a_counter_that_falls_alone_is_refused_alone() -> None:
    def totals(n: int) -> dict[str, float]:
        return {"a_total": 1.0 * n, "b_total": 2.0 * n, "evictions_total": 7.0 * (n % 5)}

    gauges = made(readings(totals))
    assert set(gauges.by_name) == {"rate(a_total)", "rate(b_total)"}
    assert "evictions_total" in gauges.refused


def test_a_restart_is_no_other_worker() -> None:
    """Counters that begin anew with a new process say nothing of that one segment."""
    checkpoints = [
        replace(c, processes=tuple(replace(p, pid=101) for p in c.processes))
        if c.number >= 12
        else c
        for c in ONE_PROCESS
    ]
    restarted = readings(
        lambda n: {"requests_total": 1000.0 * (n if n < 12 else n - 11)},
        lambda n: {"process_start_time_seconds": 1.0 if n < 12 else 2.0},
    )
    gauge = made(restarted, checkpoints).by_name["rate(requests_total)"]
    assert [n for n, v in enumerate(gauge.values, start=1) if not math.isfinite(v)] == [12]
    assert gauge.overall == pytest.approx(1.0)
    assert made(restarted).by_name == {}


def test_readings_that_failed_leave_gaps() -> None:
    read = [r for r in readings(lambda n: {"a_total": 1.0 * n}) if r.checkpoint not in (5, 6)]
    gauge = made(read).by_name["rate(a_total)"]
    assert [n for n, v in enumerate(gauge.values, start=1) if not math.isfinite(v)] == [5, 6, 7]


def test_nothing_was_read() -> None:
    gauges = made([])
    assert gauges.unread == {"/metrics": "nothing was read"}
    assert judged(gauges) == ((), ())
    assert rows(gauges, SEGMENTS, (), ()) == ()


def test_the_report_shows_what_matters_first() -> None:
    gauges = made(
        readings(
            lambda n: {
                "process_cpu_seconds_total": 1.0 * n,
                **{f"c{number}_total": 1.0 * n for number in range(30)},
                'c1_total{a="b"}': 2.0 * n, "cache_hits_total": n, "cache_misses_total": n,
            },
            lambda _: {"queue": 3.0},
        )
    )  # fmt: skip
    stability, _ = judged(gauges)
    shown = rows(gauges, SEGMENTS, ("queue",), stability)
    assert len(shown) == MOST_SHOWN
    assert {row.name for row in shown[:2]} == {"cache_hit_rate", "queue"}
    assert shown[0].outcome == "stable"
    assert not any("{" in row.name or "process_" in row.name for row in shown)
