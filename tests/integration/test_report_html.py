"""The HTML report in a real browser: it draws, logs no error and runs nothing of the target's."""

import importlib
import re
import shutil
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

from tsprof.report import html
from tsprof.report.model import Report

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
CONSOLE_MESSAGE = re.compile(r":CONSOLE[:(].*")
CHARTS = ["growth", "owners", "throughput", "latency", "resources"]

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")


@pytest.fixture
def reports(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The fabricated reports of the unit tests."""
    monkeypatch.syspath_prepend(Path(__file__).parents[1] / "unit" / "report")
    return importlib.import_module("report_builder")


def browse(page: Path, directory: Path, *options: str) -> tuple[str, list[str]]:
    """Open a page headless; return what the options print, and the messages of the console."""
    assert CHROMIUM is not None
    finished = subprocess.run(
        [
            CHROMIUM,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--enable-logging=stderr",
            f"--user-data-dir={directory / 'profile'}",
            *options,
            page.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return finished.stdout, CONSOLE_MESSAGE.findall(finished.stderr)


def written(report: Report, directory: Path) -> Path:
    page = directory / "report.html"
    page.write_text(html.render(report), encoding="utf-8")
    return page


def drawn(document: str) -> list[str]:
    """The charts that hold a canvas."""
    return [
        name
        for name, inside in re.findall(
            r'<div class="chart" id="chart-(\w+)"(.*?)<figcaption', document, re.DOTALL
        )
        if "<canvas" in inside
    ]


@pytest.mark.parametrize("kind", ["failing", "passing", "inconclusive", "long_run"])
def test_every_chart_is_drawn_without_a_word_on_the_console(
    reports: ModuleType, tmp_path: Path, kind: str
) -> None:
    page = written(getattr(reports, kind)(), tmp_path)
    document, messages = browse(page, tmp_path, "--dump-dom")
    assert messages == []
    assert drawn(document) == CHARTS
    told = re.findall(r'class="u-value">([^<]*)<', document)
    assert told
    assert not {"", "--", "\N{EN DASH}"}.intersection(told)


def test_a_half_run_is_a_page_without_charts(reports: ModuleType, tmp_path: Path) -> None:
    document, messages = browse(written(reports.half_run(), tmp_path), tmp_path, "--dump-dom")
    assert messages == []
    assert drawn(document) == []
    assert "No checkpoint was taken" in document


@pytest.mark.parametrize(
    "text",
    [
        "<img src=x onerror=\"document.title='owned'\">",
        "</script><script>document.title='owned'</script>",
        '" onfocus="document.title=\'owned\'" autofocus x="',
    ],
)
def test_nothing_of_the_target_runs_in_the_page(
    reports: ModuleType, tmp_path: Path, text: str
) -> None:
    document, messages = browse(written(reports.hostile(text), tmp_path), tmp_path, "--dump-dom")
    assert messages == []
    assert drawn(document) == CHARTS
    assert "<title>FAIL - tsprof" in document
    assert "<img" not in document


def test_the_policy_stops_a_script_that_got_past_the_escaping(
    reports: ModuleType, tmp_path: Path
) -> None:
    page = written(reports.failing(), tmp_path)
    broken = page.read_text("utf-8").replace(
        "<h2>Findings</h2>", "<h2>Findings</h2><script>document.title='owned'</script>"
    )
    page.write_text(broken, encoding="utf-8")
    document, messages = browse(page, tmp_path, "--dump-dom")
    assert any("Content Security Policy" in message for message in messages)
    assert "<title>FAIL - tsprof" in document


@pytest.mark.parametrize("scheme", [0, 1], ids=["dark", "light"])
def test_the_page_can_be_photographed(reports: ModuleType, tmp_path: Path, scheme: int) -> None:
    picture = tmp_path / "page.png"
    _, messages = browse(
        written(reports.failing(), tmp_path),
        tmp_path,
        f"--screenshot={picture}",
        "--window-size=1200,2400",
        f"--blink-settings=preferredColorScheme={scheme}",
    )
    assert messages == []
    # Measured: 13 kB for an empty page of this size, 85 kB without charts, 266 kB with them.
    assert picture.stat().st_size > 150_000
