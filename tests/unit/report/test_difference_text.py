"""The difference of two runs in each form."""

import io
import json
import math

from report_builder import HOSTILE
from rich.console import Console

from tsprof.report.difference import Compared, Difference, Mark, Row, as_json
from tsprof.report.difference_text import as_markdown, print_difference, summary

RUN = Compared(
    run="20260314T150926-check",
    scenario="check",
    verdict="fail",
    started="2026-03-14T15:09:26+00:00",
    git_revision="04e4b20",
    requests=12_000,
)
ROWS = (
    Row(
        group="growth", name="python_objects", unit="bytes", before=0.2, after=313.0,
        change=312.8, low=297.0, high=328.5, mark="worse",
    ),
    Row(group="leaks", name="memory:leak:app.py:f", unit="bytes", before=None, after=313.0,
        mark="new"),
    Row(group="sites", name="old.py:g", unit="bytes", before=12.0, after=None, mark="gone"),
    Row(
        group="service", name="p99_ms", unit="ms", before=10.0, after=10.4, change=0.4, low=-3.0,
        high=3.8, mark="within noise",
    ),
    Row(
        group="service", name="requests_per_second", unit="rate", before=1000.0, after=800.0,
        change=-200.0, low=-300.0, high=-100.0, mark="not comparable",
    ),
)  # fmt: skip


def difference(*rows: Row, notes: tuple[str, ...] = ()) -> Difference:
    return Difference(before=RUN, after=RUN, rows=rows, notes=notes)


def printed(shown: Difference, **options: object) -> str:
    stream = io.StringIO()
    print_difference(shown, Console(file=stream, width=80, **options))  # type: ignore[arg-type]  # rich's options
    return stream.getvalue()


def test_the_terminal_shows_before_after_change_and_interval() -> None:
    text = printed(difference(*ROWS, notes=("a note",)))
    assert text.startswith("changed beyond noise: 1 leak new\n")
    lines = text.splitlines()
    (owner,) = [line for line in lines if "Python objects" in line]
    assert owner.split() == [
        *("Python", "objects", "0.2", "B", "313", "B", "+313", "B"),
        *("+297", "B", "to", "+328", "B", "worse"),
    ]
    (latency,) = [line for line in lines if "latency p99" in line]
    assert "+0.4 ms (+4.0 %)  -3 ms to +3.8 ms  within noise" in latency
    (throughput,) = [line for line in lines if "throughput" in line]
    assert "-200 (-20.0 %)" in throughput
    assert "- a note" in lines


def test_what_only_one_run_has_is_a_dash() -> None:
    (gone,) = [line for line in printed(difference(*ROWS)).splitlines() if "old.py:g" in line]
    assert gone.split() == ["old.py:g", "12", "B", "-", "gone"]


def test_nothing_changed_is_said() -> None:
    assert summary(difference(ROWS[3], ROWS[4])) == "nothing changed beyond noise"
    assert printed(difference()).startswith("nothing changed beyond noise\n")


def test_the_parts_of_one_leak_are_no_changes_of_their_own() -> None:
    growth, leak, site, _, speed = ROWS
    slower = speed.model_copy(update={"mark": "worse"})
    assert summary(difference(growth, site)) == (
        "changed beyond noise: growth of Python objects worse, leaks in other places"
    )
    assert summary(difference(growth, leak, leak, site, slower)) == (
        "changed beyond noise: 2 leaks new, throughput worse"
    )
    threads = leak.model_copy(update={"unit": "count", "mark": "gone"})
    assert summary(difference(growth, threads)) == (
        "changed beyond noise: 1 leak gone, growth of Python objects worse"
    )


def test_markdown_marks_what_changed() -> None:
    text = as_markdown(difference(*ROWS, notes=("a note",)))
    assert "### changed beyond noise: 1 leak new" in text
    assert "| **Python objects** | **0.2 B** | **313 B** |" in text
    assert "| latency p99 | 10 ms | 10.4 ms |" in text
    assert "- a note" in text
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert {line.count("|") for line in table} == {7}


def test_text_from_the_target_does_no_harm() -> None:
    run = RUN.model_copy(update={"run": HOSTILE, "git_revision": HOSTILE})
    row = Row(group="sites", name=HOSTILE, unit="bytes", before=None, after=1.0, mark="new")
    hostile = Difference(before=run, after=run, rows=(row,), notes=(HOSTILE,))
    text = as_markdown(hostile)
    for live in ("<script", "`code`", "**stars**", "@everyone", "://example", "\x1b"):
        assert live not in text
    shown = printed(hostile, force_terminal=True, color_system=None)
    assert "\x1b" not in shown
    assert "\u202e" not in shown


def test_a_narrow_encoding_does_not_fail() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    row = Row(group="sites", name="caf\u00e9.py:f", unit="bytes", before=1.0, after=1.0,
              mark="within noise")  # fmt: skip
    print_difference(difference(row), Console(file=stream, width=80))
    stream.flush()
    assert b"LATIN SMALL LETTER E WITH ACUTE" in stream.buffer.getvalue()  # type: ignore[attr-defined]  # a BytesIO


def test_json_has_every_figure_and_no_number_that_is_none() -> None:
    data = json.loads(as_json(difference(*ROWS)))
    assert data["schema"] == 1
    assert data["rows"][0]["change"] == 312.8
    assert data["rows"][0]["mark"] == "worse"
    strange = ROWS[0].model_copy(update={"low": -math.inf, "high": math.nan})
    text = as_json(difference(strange))
    assert json.loads(text)["rows"][0]["low"] is None
    assert "NaN" not in text


def test_every_mark_is_printed() -> None:
    marks: tuple[Mark, ...] = (
        "worse", "better", "new", "gone", "within noise", "not comparable",
    )  # fmt: skip
    rows = [ROWS[0].model_copy(update={"mark": mark}) for mark in marks]
    text = printed(difference(*rows))
    assert all(mark in text for mark in marks)
