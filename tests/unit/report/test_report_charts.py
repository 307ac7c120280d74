import math
from itertools import pairwise

from report_builder import failing, half_run, long_run, memory_points, passing, timeline

from tsprof.report import charts
from tsprof.report.charts import Chart
from tsprof.report.model import Growth, HeapHistory, HeapPoint, MemoryPoint, SecondPoint
from tsprof.report.thinning import MOST_POINTS


def named(drawn: list[Chart], name: str) -> Chart:
    (chart,) = [chart for chart in drawn if chart.name == name]
    return chart


def values(chart: Chart, label: str) -> list[float | None]:
    (series,) = [series for series in chart.series if series.label == label]
    return series.values


def test_growth_starts_at_the_first_settled_checkpoint() -> None:
    chart = named(charts.memory_charts(failing()), "growth")
    assert chart.shaded == (2_000, 12_000)
    live = values(chart, "live memory")
    assert live[2] == 0
    assert live[0] is not None
    assert live[0] < -900_000, "the warm-up lies below"


def test_the_axis_shows_the_leak_and_not_the_warm_up() -> None:
    chart = named(charts.memory_charts(failing()), "growth")
    assert chart.y_range is not None
    low, high = chart.y_range
    leaked = 32.8 * 10_000
    assert leaked < high < 1.5 * leaked
    assert -0.5 * leaked < low < 0


def test_the_measured_growth_goes_through_the_settled_points() -> None:
    chart = named(charts.memory_charts(failing()), "growth")
    fit, live = values(chart, "measured growth"), values(chart, "live memory")
    assert fit[:2] == [None, None]
    for fitted, measured in zip(fit[2:], live[2:], strict=True):
        assert fitted is not None
        assert measured is not None
        assert abs(fitted - measured) < 4_000
    for low, high in zip(values(chart, "lower bound"), values(chart, "upper bound"), strict=True):
        assert (low is None and high is None) or (low or 0) <= (high or 0)


def test_a_pass_shows_the_leak_that_it_would_have_seen() -> None:
    chart = named(charts.memory_charts(passing()), "growth")
    assert values(chart, "smallest visible leak")[-1] == 0.8 * 10_000


def test_numbers_that_are_not_finite_draw_no_line() -> None:
    growth = Growth(
        bytes_per_request=math.nan, low=-math.inf, high=1.0, detectable_bytes_per_request=math.inf
    )
    chart = named(charts.memory_charts(failing(growth=growth)), "growth")
    assert [series.label for series in chart.series] == ["live memory", "resident memory (RSS)"]
    second = SecondPoint(
        second=0,
        requests=1,
        failures=0,
        p50_ms=math.nan,
        p99_ms=math.inf,
        rss_bytes=1,
        cpu_percent=math.nan,
    )
    for chart in charts.load_charts(failing(timeline=(second,))):
        for series in chart.series:
            assert all(value is None or math.isfinite(value) for value in series.values)


def test_owners_are_stacked_without_negative_layers() -> None:
    points = memory_points(3, per_request=1.0)
    owners = points[-1].owners | {"other": -5}
    last = points[-1].model_copy(update={"owners": owners})
    chart = named(charts.memory_charts(failing(memory=(*points[:-1], last))), "owners")
    assert chart.stacked
    assert [series.label for series in chart.series][-1] == "Python objects"
    assert all(value is not None and value >= 0 for s in chart.series for value in s.values)


def test_owners_that_were_never_seen_are_left_out() -> None:
    point = MemoryPoint(
        requests=0,
        seconds=0,
        live_bytes=1,
        rss_bytes=1,
        owners={"native_heap": 1},
        settled=False,
    )
    chart = named(charts.memory_charts(failing(memory=(point,))), "owners")
    assert [series.label for series in chart.series] == ["native heap"]
    bare = point.model_copy(update={"owners": {}})
    assert [c.name for c in charts.memory_charts(failing(memory=(bare,)))] == ["growth"]


def test_a_run_without_points_has_no_charts() -> None:
    assert charts.memory_charts(half_run()) == []
    assert charts.load_charts(half_run()) == []
    assert charts.memory_table(half_run()).rows == []
    assert charts.load_table(half_run()).rows == []


def test_short_runs_are_drawn_second_by_second() -> None:
    seconds = timeline(41, per_request=0)
    drawn = charts.load_charts(failing(timeline=seconds))
    assert values(named(drawn, "throughput"), "requests/s") == [p.requests for p in seconds]
    assert len(charts.load_table(failing(timeline=seconds)).rows) == 41


def test_long_runs_are_thinned_and_lose_no_request_and_no_spike() -> None:
    report = long_run()
    spike = report.timeline[7_001].model_copy(update={"p99_ms": 999.0, "rss_bytes": 10**12})
    seconds = (*report.timeline[:7_001], spike, *report.timeline[7_002:])
    report = report.model_copy(update={"timeline": seconds})
    drawn = charts.load_charts(report)
    latency = values(named(drawn, "latency"), "p99")
    assert len(latency) == MOST_POINTS
    assert 999.0 in latency
    assert 10**12 in values(named(drawn, "resources"), "RSS")
    throughput = values(named(drawn, "throughput"), "requests/s")
    total = sum(value or 0 for value in throughput) * 24
    assert round(total) == sum(point.requests for point in seconds)
    assert "24 s" in named(drawn, "latency").caption


def test_many_checkpoints_are_thinned_evenly_with_both_ends() -> None:
    points = memory_points(5_000, per_request=1.0)
    chart = named(charts.memory_charts(failing(memory=points)), "growth")
    assert len(chart.x) == MOST_POINTS
    assert chart.x[0] == 0
    assert chart.x[-1] == points[-1].requests
    steps = {right - left for left, right in pairwise(chart.x)}
    assert steps <= {8_000.0, 9_000.0}


def test_checkpoints_are_marked_on_the_time_axis_while_they_can_be_told_apart() -> None:
    assert len(charts.load_charts(failing())[0].marks) == 13
    assert charts.load_charts(long_run())[0].marks == ()


def test_tables_hold_the_raw_numbers() -> None:
    table = charts.memory_table(failing())
    assert table.headers[:4] == ["requests", "seconds", "live", "RSS"]
    assert table.rows[-1][0] == "12,000"
    assert table.rows[-1][-1] == "yes"
    assert {len(row) for row in table.rows} == {len(table.headers)}


def test_a_heap_over_time_is_drawn_by_process_on_a_clock_of_its_own() -> None:
    point = HeapPoint(seconds=1.5, heap_bytes=900)
    heap = HeapHistory(pid=7, points=(point, HeapPoint(seconds=math.nan, heap_bytes=1)))
    report = failing(heaps=(heap.model_copy(update={"moments": (1.0, 2.0)}), HeapHistory(pid=8)))
    (chart,) = charts.heap_charts(report)
    assert (chart.name, chart.x, chart.marks) == ("heap-7", [1.5], (1.0, 2.0))
    assert values(chart, "allocated") == [900]
    assert chart.clock not in {other.clock for other in charts.load_charts(report)}
