import io
import re
from collections.abc import Callable
from html import unescape

import pytest
import report_builder
from rich.console import Console

from tsprof.report import html, json_report, junit, markdown, side_by_side, terminal
from tsprof.report.model import (
    Criterion,
    Delivery,
    Finding,
    Growth,
    Latency,
    LedgerRow,
    LoadProcessCost,
    Percentiles,
    Report,
    Verdict,
)


def printed(report: Report) -> str:
    stream = io.StringIO()
    terminal.render(report, Console(file=stream, width=80))
    return stream.getvalue()


RENDERERS = {
    "terminal": printed,
    "html": html.render,
    "json": json_report.render,
    "junit": junit.render,
    "markdown": markdown.render,
}
render_everything = pytest.mark.parametrize("render", RENDERERS.values(), ids=RENDERERS.keys())


@render_everything
@pytest.mark.parametrize("verdict", list(Verdict))
def test_numbers_that_are_none_are_printed_as_unknown(
    render: Callable[[Report], str], verdict: Verdict
) -> None:
    report = report_builder.unknowable().model_copy(update={"verdict": verdict})
    text = render(report)
    # The library that draws the charts has such words of its own.
    text = re.sub(r"<script>.*?</script>|<style>.*?</style>", "", text, flags=re.DOTALL)
    assert not re.search(r"\b(nan|inf|NaN|Infinity)\b", text)


def test_two_targets_stand_side_by_side() -> None:
    report = report_builder.compared()
    text = " ".join(printed(report).split())
    assert "Comparison over 10 blocks of turns" in text
    assert "requests/s 1,000 2,100 2.1 2 to 2.2 at least; target: the load process used" in text
    assert "CPU per request 0.9 ms 0.3 ms 3 2.9 to 3.1" in text
    assert "resident memory 50 MB" in text
    assert (
        "leaks of the reference (fail): memory grows 32.8 B per request and does not slow down"
        in text
    )
    page = html.render(report)
    assert "<td>at least; target: the load process used 97% of a core" in page
    assert "reference: uvicorn old:app" in page
    comment = markdown.render(report)
    assert "| requests/s | 1,000 | 2,100 | 2.1 | 2 to 2.2 | at least; target: the load" in comment
    assert json_report.parse(json_report.render(report)) == report


def test_what_limited_several_figures_is_told_once() -> None:
    comparison = report_builder.compared().comparison
    assert comparison is not None
    first, _, last = comparison.ratios
    again = last.model_copy(update={"target_limited": first.target_limited})
    shown = comparison.model_copy(update={"ratios": (first, again, last)})
    remarks = [row[-1] for row in side_by_side.rows(shown, report_builder.compared())]
    assert remarks[0].startswith("at least; target: the load process")
    assert remarks[1:3] == ["at least; as above", ""]


@render_everything
@pytest.mark.parametrize("verdict", list(Verdict))
def test_the_least_report_of_every_verdict_renders(
    render: Callable[[Report], str], verdict: Verdict
) -> None:
    least = Report(scenario="", verdict=verdict, exit_code=0, reasons=())
    assert verdict.value in render(least).lower()


@pytest.mark.parametrize("name", ["terminal", "html", "markdown"])
def test_a_picture_judges_nothing(name: str) -> None:
    growth = Growth()
    judged, drawn = (
        RENDERERS[name](report_builder.passing(scenario=scenario, growth=growth, findings=()))
        for scenario in ("check", "flame")
    )
    assert "PASS" in judged
    assert "PASS" not in drawn


@pytest.mark.parametrize("name", ["terminal", "html", "markdown"])
def test_the_ledger_says_what_it_is_over(name: str) -> None:
    known, unknown = report_builder.failing(), report_builder.failing(growth=Growth())
    assert "to 12,000: resident memory, with what came once" in RENDERERS[name](known)
    assert "from the first checkpoint to the last, what warms up" in RENDERERS[name](unknown)


@render_everything
def test_rendering_is_repeatable(render: Callable[[Report], str]) -> None:
    report = report_builder.failing()
    assert render(report) == render(report)


@render_everything
def test_extreme_numbers_stay_short(render: Callable[[Report], str]) -> None:
    report = report_builder.failing(
        growth=Growth(bytes_per_request=1e300, low=-1e300, high=1e300, bytes_per_hour=1e308),
        ledger=(LedgerRow(owner="other", bytes_per_request=-1e300, bytes_now=10**30),),
        seconds=1e12,
    )
    assert "0" * 60 not in render(report)


EXCUSED = report_builder.LEAK.model_copy(
    update={"excuse": "acknowledged by ann until 2026-12-31: later", "key": "memory:leak:app.py"}
)
KNOWN = report_builder.passing(
    findings=(EXCUSED,), reasons=("nothing found but what is known or acknowledged",)
)


@render_everything
def test_a_leak_that_is_known_passes_and_says_so(render: Callable[[Report], str]) -> None:
    text = render(KNOWN)
    assert "acknowledged by ann" in text
    assert "no leak found" not in text
    assert "<failure" not in text


@render_everything
def test_what_fails_beside_a_known_leak_leads(render: Callable[[Report], str]) -> None:
    descriptors = Finding(resource="fd", kind="leak", title="descriptors leak")
    text = render(
        report_builder.failing(findings=(EXCUSED, descriptors), reasons=("descriptors leak; new",))
    )
    assert "descriptors leak; new" in text
    assert "the target leaks" not in text
    assert text.count("<failure") == ("<testsuites" in text) * 2  # fd, a criterion


def test_bars_of_the_ledger_do_not_make_noise_look_like_growth() -> None:
    quiet = report_builder.passing()
    assert 'width="100.0"' not in html.render(quiet).split('id="ledger"')[1].split("</section>")[0]
    loud = report_builder.failing()
    assert 'width="100.0"' in html.render(loud).split('id="ledger"')[1].split("</section>")[0]


@pytest.mark.parametrize("name", ["terminal", "html", "markdown"])
def test_gauges_are_shown_with_their_change(name: str) -> None:
    render = RENDERERS[name]
    text = unescape(render(report_builder.failing()))
    for shown in ("cache_hit_rate", "72.3 %", "-8.24 points (-8.79 to -7.69)", "degraded"):
        assert shown in text
    nothing = render(report_builder.failing(gauges=()))
    assert "what the target says of itself" not in nothing


@pytest.mark.parametrize("name", ["terminal", "html", "json", "markdown"])
def test_with_a_rate_latency_is_shown_from_both_starts(name: str) -> None:
    latency = Latency(
        p50_ms=0.25,
        p95_ms=150,
        p99_ms=190,
        counted_from="due",
        sent=Percentiles(p50_ms=0.24, p95_ms=1.5, p99_ms=185),
    )
    delivery = Delivery(due=1618, late=98, load_cpu_share=0.02, loop_lag_p99_ms=0.6)
    text = RENDERERS[name](report_builder.failing(latency=latency, delivery=delivery))
    assert "190" in text
    assert "185" in text
    if name != "json":
        shown = unescape(text)
        assert "latency from when each request was due by the rate: p50 0.25 ms" in shown
        assert "without its wait for a free user: p50 0.24 ms, p95 1.5 ms, p99 185 ms" in shown
        assert "of 1,618 requests that were due, 98 were sent more than 10 ms late" in shown


@pytest.mark.parametrize("name", ["terminal", "html", "markdown"])
def test_several_load_processes_are_told_apart(name: str) -> None:
    costs = tuple(LoadProcessCost(name=f"load process {n}", requests=9, cpu_s=n) for n in (1, 2))
    cost = report_builder.COST.model_copy(update={"load_processes": costs})
    text = unescape(RENDERERS[name](report_builder.failing(cost=cost)))
    assert "(2 processes: load process 1 1 s, load process 2 2 s)" in text
    far = {"load_processes": costs[:1], "load_cpu_s": 0.0, "load_peak_rss": 0}
    cost = report_builder.COST.model_copy(update=far)
    text = unescape(RENDERERS[name](report_builder.failing(cost=cost)))
    assert "load elsewhere (1 process: load process 1 1 s)" in text
    only = LoadProcessCost(name="", requests=9, cpu_s=1)
    cost = report_builder.COST.model_copy(update={"load_processes": (only,)})
    assert "(1 process" not in unescape(RENDERERS[name](report_builder.failing(cost=cost)))


@pytest.mark.parametrize("name", ["terminal", "html", "markdown"])
def test_a_closed_loop_is_named_where_a_limit_of_latency_was_asked_for(name: str) -> None:
    words = "in a closed loop: a slow answer held back"
    assert words in unescape(RENDERERS[name](report_builder.failing()))
    other = Criterion(name="error_rate", limit=0.1, value=0.0, met=True)
    assert words not in unescape(RENDERERS[name](report_builder.failing(criteria=(other,))))
