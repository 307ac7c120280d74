"""Hot paths in every renderer."""

from io import StringIO

import pytest
from report_builder import HOSTILE, HOT_PATHS, failing, passing
from rich.console import Console

from tsprof.report import hot_paths, html, json_report, markdown, terminal
from tsprof.report.hot_difference_text import LISTED, print_difference
from tsprof.report.model import HotDifference, Report

REPORT = passing(hot_paths=HOT_PATHS)


def printed(report: Report, *, alone: bool = False) -> str:
    console = Console(file=StringIO(), width=200)
    (terminal.render_hot_paths if alone else terminal.render)(report, console)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize("text", [printed(REPORT), html.render(REPORT), markdown.render(REPORT)])
def test_functions_remarks_and_what_aged_are_shown(text: str) -> None:
    plain = text.replace("\\", "")
    assert "41.2 %" in plain
    assert "38.0 % to 44.0 %" in plain
    assert "price deep/down/cart.py:17" in plain
    assert "render site-packages/jinja2/environment.py (jinja2 3.1)" in plain
    assert "12 % of the CPU time goes into logging" in plain
    assert "1,234 samples of 3 processes in 12.5 s under load (45,678 requests)" in plain
    assert "+30 %" in plain
    assert "390 us" in plain


def test_the_terminal_tells_how_they_are_drawn() -> None:
    assert f"tsprof flame {REPORT.provenance.run} draws them" in printed(REPORT)
    assert "draws them" not in printed(REPORT.model_copy(update={"scenario": "flame"}))


def test_the_page_tells_how_everything_is_drawn() -> None:
    run = REPORT.provenance.run
    page = html.render(REPORT)
    assert f"<code>tsprof flame {run}</code>" in page
    assert f"<code>tsprof flame --diff {run} {run}</code>" in page
    assert "--memory" not in page
    assert f"<code>tsprof flame --memory {run}</code>" in html.render(failing())
    nameless = REPORT.provenance.model_copy(update={"run": ""})
    assert "tsprof flame" not in html.render(REPORT.model_copy(update={"provenance": nameless}))


def test_hot_paths_can_be_printed_alone() -> None:
    text = printed(REPORT, alone=True)
    assert "price" in text
    assert "PASS" not in text


def test_a_report_without_hot_paths_has_no_such_section() -> None:
    assert "Hot paths" not in printed(passing())
    assert "Hot paths" not in html.render(passing())
    assert "Hot paths" not in markdown.render(passing())


def test_hot_paths_come_back_from_json() -> None:
    text = json_report.render(REPORT)
    assert json_report.parse(text.encode(), source="x").hot_paths == HOT_PATHS


def test_names_from_the_target_stay_text() -> None:
    function = HOT_PATHS.functions[0].model_copy(update={"function": HOSTILE, "file": HOSTILE})
    hostile = passing(hot_paths=HOT_PATHS.model_copy(update={"functions": (function,)}))
    assert "\x1b" not in printed(hostile)
    assert "<script>alert(1)" not in html.render(hostile)
    assert "<script>" not in markdown.render(hostile)


def test_only_the_first_functions_are_shown() -> None:
    many = [HOT_PATHS.functions[0]] * 30
    assert len(hot_paths.function_rows(many)) == hot_paths.SHOWN


def printed_difference(difference: HotDifference) -> str:
    console = Console(file=StringIO(), width=200)
    print_difference(difference, "a to b", console)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_a_difference_lists_its_changes() -> None:
    change = HOT_PATHS.aged[0]
    text = printed_difference(HotDifference(changes=(change,) * 30, common=0.12, looked_at=40))
    assert "a to b: 1 of 40 functions became hotter or cooler beyond noise" in text
    assert text.count("price") == LISTED
    assert "all functions together changed by +12 %" in text


def test_no_difference_is_said() -> None:
    text = printed_difference(HotDifference(looked_at=40, common=0.01))
    assert "nothing became hotter or cooler beyond noise, of 40 functions compared" in text
    assert "all functions together" not in text
