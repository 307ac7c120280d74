import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import pytest
from report_builder import (
    HOSTILE,
    LONG_NAME,
    failing,
    half_run,
    hostile,
    inconclusive,
    long_run,
    passing,
    unknowable,
)

from tsprof.report import html
from tsprof.report.model import Frame, HeapHistory, PeakSite, Report
from tsprof.report.text import clean


class _Page(HTMLParser):
    """What a browser would make of the page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.comments: list[str] = []
        self.embedded: list[tuple[str, str]] = []
        self.text = ""
        self._inside = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag in {"script", "style"}:
            self._inside = tag
            self.embedded.append((tag, ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == self._inside:
            self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside:
            tag, text = self.embedded.pop()
            self.embedded.append((tag, text + data))
        else:
            self.text += data

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    def values(self, attribute: str) -> list[str]:
        return [value for _, name, value in self.attributes if name == attribute]


ALL = {
    "failing": failing(),
    "passing": passing(),
    "inconclusive": inconclusive(),
    "half": half_run(),
    "long": long_run(),
    "hostile": hostile(),
    "long names": hostile(LONG_NAME),
}


@pytest.mark.parametrize("report", ALL.values(), ids=ALL.keys())
def test_the_page_needs_no_network_and_allows_no_foreign_code(report: Report) -> None:
    page = _Page(html.render(report))
    assert [value for _, name, value in page.attributes if name == "src"] == []
    assert set(page.values("href")) == {"data:,", "#main"}
    assert [
        name for _, name, _ in page.attributes if name.startswith("on") or name == "style"
    ] == []
    assert page.tags.count("script") == 5
    assert page.tags.count("style") == 2
    (policy,) = [value for value in page.values("content") if "default-src" in value]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    code = [text for _, text in page.embedded if not text.startswith("[")]
    for text in code:
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy


@pytest.mark.parametrize("report", ALL.values(), ids=ALL.keys())
def test_the_page_stays_below_two_megabytes(report: Report) -> None:
    assert len(html.render(report).encode()) < 2_000_000


@pytest.mark.parametrize(
    "text",
    [
        HOSTILE,
        "</script><script>alert(1)</script>",
        "<!--<script>",
        "--><img src=x onerror=alert(1)>",
        '" onmouseover="alert(1)',
        "' autofocus onfocus='alert(1)",
        "</title></style></textarea>",
        "{{ 7 * 7 }}{% raw %}",
        "javascript:alert(1)",
        "&lt;b&gt;",
    ],
)
def test_hostile_text_is_shown_as_it_is_and_changes_no_structure(text: str) -> None:
    shown = _Page(html.render(hostile(text)))
    plain = _Page(html.render(hostile("placeholder")))
    assert shown.tags == plain.tags
    assert [(tag, name) for tag, name, _ in shown.attributes] == [
        (tag, name) for tag, name, _ in plain.attributes
    ]
    assert len(shown.comments) == len(plain.comments) == 1
    # Nested values of the configuration are shown as JSON, which has its own quotes.
    spellings = {clean(text), json.dumps(clean(text), ensure_ascii=False)[1:-1]}
    seen = sum(shown.text.count(spelling) for spelling in spellings)
    assert seen == plain.text.count("placeholder") > 20
    assert shown.embedded == plain.embedded


@pytest.mark.parametrize("report", [failing(), unknowable()], ids=["failing", "not a number"])
def test_the_charts_are_embedded_as_strict_json(report: Report) -> None:
    page = _Page(html.render(report))
    (data,) = [text for _, text in page.embedded if text.startswith("[")]
    drawn = json.loads(data, parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))
    assert [chart["name"] for chart in drawn] == [
        "growth",
        "owners",
        "throughput",
        "latency",
        "resources",
    ]
    ids = page.values("id")
    assert {f"chart-{chart['name']}" for chart in drawn} <= set(ids)
    assert len(ids) == len(set(ids))


def test_the_page_says_what_the_report_says() -> None:
    words = " ".join(_Page(html.render(failing())).text.split())
    for part in (
        "FAIL the target leaks 32.8 B per request (32.1 to 33.4), 34.5 MB per hour at this load",
        "/srv/shop/app.py:30 in remember",
        "31.9 B in 0.1 blocks per request, 97.3 %",
        "Stack, 7 frames",
        'Held by app.py: module global "seen" -> dict',
        "fills up to about 64 MB",
        "ruled out: a cache that fills",
        "malloc_trim is not available",
        "uvicorn app:app --port 8000",
        "2025-03-02-1405-check",
        "GET /items",
        "11 checkpoints with a pause of 63 ms",
        "INFO: Started server process [4712]",
        "10 established, 2 close wait, 1 listen",
        '{"url": "/health"}',
        "look at app.py:30",
    ):
        assert part in words


def test_the_numbers_behind_the_charts_are_tables() -> None:
    text = html.render(failing())
    (memory, load) = re.findall(r'<table class="numbers raw">.*?</table>', text, re.DOTALL)
    assert memory.count("<tr>") == 1 + 13
    assert load.count("<tr>") == 1 + 41
    assert "<td>12,000</td>" in memory


def test_an_empty_run_says_that_there_is_nothing_to_draw() -> None:
    page = _Page(html.render(half_run()))
    assert "No checkpoint was taken" in page.text
    assert "No second of load was recorded" in page.text
    assert "cut short" in page.text
    assert "table" not in page.tags


def test_the_licence_of_the_charts_travels_with_them() -> None:
    (comment,) = _Page(html.render(failing())).comments
    assert "Copyright (c) 2022 Leon Sorokin" in comment
    assert "THE SOFTWARE IS PROVIDED" in comment


def test_the_page_is_usable_without_a_mouse() -> None:
    page = _Page(html.render(failing()))
    assert ("html", "lang", "en") in page.attributes
    assert page.tags.count("h1") == 1
    assert page.tags.count("main") == 1
    scrolling = page.values("class").count("scroll")
    assert scrolling == page.values("role").count("region") > 4
    assert page.values("role").count("group") == 5
    assert "#main" in page.values("href")


def test_a_heap_at_its_peak() -> None:
    site = PeakSite(
        function="keep",
        file="/srv/<app>.c",
        line=31,
        bytes=900,
        share=0.6,
        stack=(Frame(function="serve", file="/srv/<app>.c", line=67, origin="application"),),
    )
    heap = HeapHistory(pid=7, peak_seconds=2, peak=(site,))
    shown = _Page(html.render(failing(heaps=(heap,)))).text
    assert "Process 7 at its peak, 2 s after its start" in shown
    assert "/srv/<app>.c:31 in keep" in shown
    assert "900 B, 60 %" in shown
    assert "tsprof flame --memory" in shown
    assert "under massif" not in _Page(html.render(failing())).text
