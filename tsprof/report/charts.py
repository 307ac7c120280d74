"""What the charts of the HTML report show: a report's points as series and raw tables."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Literal

from tsprof.report import wording
from tsprof.report.model import Growth, HeapHistory, MemoryPoint, Owner, Report, SecondPoint
from tsprof.report.thinning import bucketed, thinned

_STACKING: tuple[Owner, ...] = (
    "mappings",
    "stacks",
    "other",
    "allocator_slack",
    "native_heap",
    "python_objects",
)
"""From the bottom up: what hardly moves first, so that a leak is seen at the top."""

Unit = Literal["bytes", "count", "ms", "s", "percent", "per_second"]


@dataclass(frozen=True)
class Series:
    """One line of a chart; None leaves a gap."""

    label: str
    color: str
    """The end of a CSS custom property: ``--chart-<color>``."""
    values: list[float | None]
    unit: Unit
    style: Literal["line", "area", "guide", "edge"] = "line"
    """``guide`` is a dashed line; two ``edge`` lines in a row bound a shaded band."""
    axis: Literal["left", "right"] = "left"


@dataclass(frozen=True)
class Chart:
    """A chart over requests or seconds."""

    name: str
    title: str
    caption: str
    x_unit: Unit
    x: list[float]
    series: list[Series]
    shaded: tuple[float, float] | None = None
    """The part of the x axis on which the verdict rests."""
    marks: tuple[float, ...] = ()
    """Checkpoints on a time axis."""
    stacked: bool = False
    y_range: tuple[float, float] | None = None
    """The left axis, where the data alone would choose badly."""
    clock: str = "run"
    """Whose requests or seconds these are: charts of one clock share a pointer."""

    def as_json(self) -> dict[str, object]:
        """The chart for the script in the page: no number in it is NaN or infinite."""
        return asdict(self)


@dataclass(frozen=True)
class Table:
    """The raw numbers behind one or more charts."""

    caption: str
    headers: list[str]
    rows: list[list[str]]


def memory_charts(report: Report) -> list[Chart]:
    """Growth since the first checkpoint, and resident memory by owner; none without points."""
    return charts_of_memory(thinned(report.memory), report.growth)


def charts_of_memory(points: Sequence[MemoryPoint], growth: Growth) -> list[Chart]:
    """The same of checkpoints, of which there are no more than a chart can show."""
    if not points:
        return []
    x = [float(point.requests) for point in points]
    settled = [point for point in points if point.settled] or points
    shaded = (float(settled[0].requests), float(settled[-1].requests))
    start = settled[0]
    live = [float(point.live_bytes - start.live_bytes) for point in points]
    resident = [float(point.rss_bytes - start.rss_bytes) for point in points]
    lines = [
        Series("live memory", "python_objects", list(live), "bytes"),
        Series("resident memory (RSS)", "mappings", list(resident), "bytes"),
        *_fit(growth, x, live, shaded),
    ]
    growth_chart = Chart(
        name="growth",
        title="Growth",
        caption="Bytes above the first settled checkpoint. Shaded: the checkpoints on which the"
        " verdict rests; dashed: the growth per request measured there, with its interval, and"
        " the smallest leak that would have shown.",
        x_unit="count",
        x=x,
        series=lines,
        shaded=shaded,
        y_range=_range([series.values for series in lines], x, shaded),
    )
    known = {owner for point in points for owner in point.owners}
    owners = Chart(
        name="owners",
        title="Resident memory by owner",
        caption="What each owner holds at every checkpoint, stacked up to resident memory.",
        x_unit="count",
        x=x,
        series=[
            Series(
                wording.owner_label(owner, known),
                owner,
                [float(max(point.owners.get(owner, 0), 0)) for point in points],
                "bytes",
                style="area",
            )
            for owner in _STACKING
            if any(point.owners.get(owner, 0) > 0 for point in points)
        ],
        shaded=shaded,
        stacked=True,
    )
    return [growth_chart, owners] if owners.series else [growth_chart]


def _fit(
    growth: Growth, x: Sequence[float], live: Sequence[float], shaded: tuple[float, float]
) -> list[Series]:
    """Straight lines: the measured growth with its band, and the smallest visible leak.

    The first goes through the middle of the settled points, as a fitted line does; the last
    starts at the first of them.
    """
    inside = [index for index, at in enumerate(x) if shaded[0] <= at <= shaded[1]]
    middle = fmean(x[index] for index in inside)
    level = fmean(live[index] for index in inside)

    def line(slope: float, through: tuple[float, float]) -> list[float | None]:
        at_x, at_y = through
        return [at_y + slope * (at - at_x) if at >= shaded[0] else None for at in x]

    series = []
    centre = (middle, level)
    if math.isfinite(growth.bytes_per_request):
        values = line(growth.bytes_per_request, centre)
        series.append(Series("measured growth", "guide", values, "bytes", "guide"))
    if growth.high > growth.low and math.isfinite(growth.high - growth.low):
        low, high = line(growth.low, centre), line(growth.high, centre)
        pairs = [
            (None, None) if a is None or b is None else (min(a, b), max(a, b))
            for a, b in zip(low, high, strict=True)
        ]
        series += [
            Series("lower bound", "guide", [lower for lower, _ in pairs], "bytes", "edge"),
            Series("upper bound", "guide", [upper for _, upper in pairs], "bytes", "edge"),
        ]
    smallest = growth.detectable_bytes_per_request
    if smallest is not None and math.isfinite(smallest):
        values = line(smallest, (shaded[0], 0.0))
        series.append(Series("smallest visible leak", "other", values, "bytes", "guide"))
    return series


def _range(
    lines: Sequence[Sequence[float | None]], x: Sequence[float], shaded: tuple[float, float]
) -> tuple[float, float]:
    """The left axis of the growth chart: the settled part fills it.

    Warm-up is often many times what leaks afterwards, and would press the leak flat.
    """
    settled = [
        value
        for line in lines
        for at, value in zip(x, line, strict=True)
        if value is not None and shaded[0] <= at <= shaded[1]
    ]
    low, high = min(settled), max(settled)
    margin = max((high - low) * 0.1, 1.0)
    return low - margin, high + margin


def load_charts(report: Report) -> list[Chart]:
    """Throughput, latency, and the target's memory and CPU over time; none without seconds."""
    points, step = bucketed(report.timeline)
    return charts_of_load(points, step, [point.seconds for point in report.memory])


def charts_of_load(
    points: Sequence[SecondPoint], step: int, checkpoints: Sequence[float]
) -> list[Chart]:
    """The same of points that stand for ``step`` seconds each, with the checkpoints' seconds."""
    if not points:
        return []
    x = [float(point.second) for point in points]
    marks = tuple(seconds for seconds in checkpoints if math.isfinite(seconds))
    over = "" if step == 1 else f" Each point stands for {step} s."
    shown = marks if len(marks) <= 60 else ()  # noqa: PLR2004 - more lines than that hide the data
    gates = " Vertical lines are checkpoints, at which the load waits." if shown else ""

    def chart(name: str, title: str, caption: str, *series: Series) -> Chart:
        return Chart(name, title, caption + over + gates, "s", x, list(series), marks=shown)

    return [
        chart(
            "throughput",
            "Throughput",
            "Requests completed and failed per second.",
            Series("requests/s", "python_objects", [p.requests / step for p in points], "count"),
            Series("failures/s", "native_heap", [p.failures / step for p in points], "count"),
        ),
        chart(
            "latency",
            "Latency",
            "Median and 99th percentile of the requests completed in each second.",
            Series("p50", "python_objects", [p.p50_ms for p in points], "ms"),
            Series("p99", "native_heap", [p.p99_ms for p in points], "ms"),
        ),
        chart(
            "resources",
            "Memory and CPU of the target",
            "Resident memory on the left axis; CPU on the right, where 100 % is one core.",
            Series("RSS", "python_objects", [float(p.rss_bytes) for p in points], "bytes"),
            Series("CPU", "stacks", [p.cpu_percent for p in points], "percent", axis="right"),
        ),
    ]


def heap_charts(report: Report) -> list[Chart]:
    """The heap over time of each process that massif followed; none without points."""
    return [chart for chart in map(_heap_chart, report.heaps) if chart.x]


def _heap_chart(heap: HeapHistory) -> Chart:
    points = [point for point in heap.points if math.isfinite(point.seconds)]
    sizes: list[float | None] = [float(point.heap_bytes) for point in points]
    return Chart(
        name=f"heap-{heap.pid}",
        title=f"Heap of process {heap.pid}",
        caption="What it had asked for and not freed, since it was started under massif, which"
        " slows it down. Vertical lines are the moments at which its call stacks were compared.",
        x_unit="s",
        x=[point.seconds for point in points],
        series=[Series("allocated", "native_heap", sizes, "bytes", style="area")],
        marks=tuple(seconds for seconds in heap.moments if math.isfinite(seconds)),
        stacked=True,
        clock="massif",
    )


def memory_table(report: Report) -> Table:
    """Every checkpoint that the memory charts show."""
    points = thinned(report.memory)
    known = {owner for point in points for owner in point.owners}
    owners = [owner for owner in reversed(_STACKING) if owner in known]
    return Table(
        caption="Memory at the checkpoints, in bytes",
        headers=[
            "requests",
            "seconds",
            "live",
            "RSS",
            *(wording.owner_label(owner, known) for owner in owners),
            "settled",
        ],
        rows=[
            [
                f"{point.requests:,}",
                _decimal(point.seconds, 1),
                f"{point.live_bytes:,}",
                f"{point.rss_bytes:,}",
                *(f"{point.owners.get(owner, 0):,}" for owner in owners),
                "yes" if point.settled else "no",
            ]
            for point in points
        ],
    )


def load_table(report: Report) -> Table:
    """Every point of time that the load charts show."""
    points, step = bucketed(report.timeline)
    span = "second" if step == 1 else f"{step} s"
    return Table(
        caption=f"Load and target, one row per {span}",
        headers=["second", "requests", "failures", "p50 ms", "p99 ms", "RSS bytes", "CPU %"],
        rows=[
            [
                str(point.second),
                f"{point.requests:,}",
                f"{point.failures:,}",
                _decimal(point.p50_ms, 2),
                _decimal(point.p99_ms, 2),
                f"{point.rss_bytes:,}",
                _decimal(point.cpu_percent, 0),
            ]
            for point in points
        ],
    )


def _decimal(value: float | None, digits: int) -> str:
    """A raw number with fixed decimals, as columns need; empty where there is none."""
    return "" if value is None or not math.isfinite(value) else f"{value:.{digits}f}"
