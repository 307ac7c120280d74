import io
import re

import pytest
from report_builder import (
    COST,
    HOSTILE,
    LONG_NAME,
    failing,
    half_run,
    hostile,
    inconclusive,
    long_run,
    passing,
)
from rich.console import Console

from tsprof.report import terminal
from tsprof.report.model import Finding, Growth, LedgerRow, Report

SELECT_GRAPHIC_RENDITION = re.compile(r"\x1b\[[0-9;]*m")


def piped(report: Report, **options: str) -> str:
    stream = io.StringIO()
    terminal.render(report, Console(file=stream, force_terminal=False, width=80), **options)
    return stream.getvalue()


def on_terminal(report: Report, width: int = 80) -> str:
    stream = io.StringIO()
    console = Console(
        file=stream,
        force_terminal=True,
        width=width,
        color_system="standard",
        _environ={"TERM": "xterm"},
    )
    terminal.render(report, console)
    return stream.getvalue()


def test_the_answer_is_in_the_first_three_lines() -> None:
    lines = piped(failing(), html="out.html").splitlines()
    assert lines[0] == (
        "FAIL  the target leaks 32.8 B per request (32.1 to 33.4), 34.5 MB per hour at this load"
    )
    assert "828 MB per day at 292 requests/s" in lines[1]
    assert "app.py:30 in remember, held by app.py" in lines[2]
    assert lines[3] == "report: out.html"


def test_a_run_from_outside_shows_no_owner_that_it_cannot_see() -> None:
    row = LedgerRow(owner="other", bytes_per_request=561, bytes_now=93_900_000)
    cost = COST.model_copy(update={"checkpoint_ms": 0.0, "attribution_seconds": 0.0})
    text = piped(failing(ledger=(row,), cost=cost))
    ledger = text.partition("Ledger: who owns the growth\n")[2].partition("\n\n")[0]
    assert [" ".join(line.split()) for line in ledger.splitlines()[2:-1]] == [
        "resident memory (not split: no exact counters) 561 B 93.9 MB"
    ]
    assert "11 checkpoints; no profiler; supervisor" in text


def test_without_a_culprit_the_third_line_says_where_the_page_is() -> None:
    lines = piped(passing(findings=()), html="out.html").splitlines()
    assert lines[0].startswith("PASS  no leak found; anything above 0.8 B per request")
    assert lines[2] == "report: out.html"


def test_inconclusive_names_the_reason_and_what_to_do() -> None:
    lines = piped(inconclusive()).splitlines()
    assert lines[0].startswith("INCONCLUSIVE  memory still grows")
    assert lines[1] == "what to do: run for at least 5 min: --max-time 5min"


def test_a_pipe_gets_plain_ascii_lines_that_are_not_wrapped() -> None:
    text = piped(failing())
    assert text.isascii()
    assert "\x1b" not in text
    assert all(line == line.rstrip() for line in text.splitlines())
    assert "+1 entry per request, 12,000 entries now, 3.4 MB, entries are str -> bytes" in text
    assert max(map(len, text.splitlines())) > 80


def test_every_part_of_the_report_is_printed() -> None:
    text = piped(failing())
    for part in (
        "memory grows 32.8 B per request and does not slow down",
        "Python objects                      31.9 B",
        "all                                 34.2 B",
        "1. memory leak: 32.8 B per request (32.1 to 33.4); confidence 99 %",
        "/srv/shop/app.py:30 in remember: 31.9 B in 0.1 blocks per request, 97.3 %",
        "called by 4 frames in starlette 0.46.2, uvicorn 0.34.0",
        'held by app.py: module global "seen" -> dict: +1 entry per request',
        "fills up to about 64 MB",
        "bounded at 4,096 entries",
        "ruled out: a cache that fills",
        "p99_ms           7.9 ms   < 10 ms  met",
        "error_rate     0.0167 %  < 0.01 %  missed",
        "4712         32.7 B       31.4 MB         13  agent",
        "malloc_trim is not available",
        "GET /items: 500",
        "INFO: Started server process",
        "11 checkpoints with a pause of 63 ms",
        "look at app.py:30",
    ):
        assert part in text


def test_the_first_screen_says_each_thing_once() -> None:
    assert piped(inconclusive()).count("run for at least 5 min") == 1
    counted = Finding(
        resource="fd",
        kind="leak",
        title="open file descriptors grow by 0.05 per request: regular file /tmp/x-*.csv",
        per_request=0.05,
    )
    text = piped(failing(findings=(counted,), reasons=(counted.title,)))
    assert text.count(counted.title) == 1
    assert "1. fd leak: 0.05 file descriptors per request" in text


def test_the_targets_last_lines_are_shown_where_something_failed() -> None:
    assert "INFO: Started server process" not in piped(failing(failures=0))
    assert "INFO: Started server process" in piped(failing(failures=0, complete=False))


def test_one_process_needs_no_table_of_its_own() -> None:
    report = failing()
    assert "Processes" in piped(report)
    alone = report.model_copy(update={"processes": report.processes[:1]})
    assert "Processes" not in piped(alone)


def test_a_run_without_anything_is_short_and_does_not_claim_zeros() -> None:
    text = piped(half_run())
    assert text.startswith("INCONCLUSIVE  interrupted before the first segment")
    assert "endurance (cut short)" in text
    assert "Ledger" not in text
    assert "unknown" not in text


@pytest.mark.parametrize("width", [20, 40, 60, 80, 200])
def test_a_terminal_wraps_at_its_width(width: int) -> None:
    prose = failing(ledger=(), criteria=(), gauges=(), processes=())
    text = SELECT_GRAPHIC_RENDITION.sub("", on_terminal(prose, width))
    assert max(map(len, text.splitlines())) <= width
    assert "".join(text.split()).startswith("FAILthetargetleaks32.8Bperrequest(32.1to33.4)")


def test_tables_fit_a_terminal_of_eighty_columns() -> None:
    report = failing()
    (first, *rest) = report.processes
    wordy = first.model_copy(update={"command": "python -m " + "word " * 60})
    text = on_terminal(report.model_copy(update={"processes": (wordy, *rest)}))
    plain = SELECT_GRAPHIC_RENDITION.sub("", text)
    assert max(map(len, plain.splitlines())) <= 80
    assert plain.count("word") == 60


@pytest.mark.parametrize("text", [HOSTILE, LONG_NAME, "[/red]", "[bold", "\\[red]", ""])
def test_hostile_text_stays_text(text: str) -> None:
    plain = piped(hostile(text))
    assert "\x1b" not in plain
    assert "\x9b" not in plain
    assert "\x07" not in plain
    assert "\u202e" not in plain
    assert len(plain) < 60_000
    coloured = SELECT_GRAPHIC_RENDITION.sub("", on_terminal(hostile(text)))
    assert "\x1b" not in coloured
    if text == HOSTILE:
        assert "[red]bold[/red]" in plain
        assert ":smile:" in plain
    if text == "[bold":
        assert "- [bold" in coloured


def test_a_newline_in_a_name_cannot_fake_a_verdict() -> None:
    text = piped(hostile("x\nPASS  no leak found"))
    assert not [line for line in text.splitlines() if line.startswith("PASS")]


def test_a_stream_without_unicode_gets_names_of_characters() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    terminal.render(hostile("naïve 日本"), Console(file=stream, width=80))
    stream.flush()
    written = stream.buffer.getvalue()
    assert rb"na\N{LATIN SMALL LETTER I WITH DIAERESIS}ve" in written


def test_four_hours_print_no_more_than_a_minute() -> None:
    assert len(piped(long_run())) < 2 * len(piped(failing()))


def test_a_picture_is_no_verdict() -> None:
    sentence = "8 % of the CPU time is in encode"
    growth = Growth()
    judged, drawn = (
        piped(passing(scenario=scenario, reasons=(sentence,), growth=growth)).splitlines()[0]
        for scenario in ("check", "flame")
    )
    assert judged == f"PASS  {drawn}"
    assert drawn.startswith(sentence)
