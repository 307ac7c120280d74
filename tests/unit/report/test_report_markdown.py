from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt
from report_builder import (
    HOSTILE,
    LEAK,
    LONG_NAME,
    failing,
    half_run,
    hostile,
    inconclusive,
    passing,
)

from tsprof.report import markdown
from tsprof.report.text import clean


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def displayed(text: str) -> _Page:
    """The comment as a forge would show it: tables and raw HTML are allowed."""
    page = _Page()
    page.feed(MarkdownIt("commonmark").enable("table").render(text))
    return page


def test_the_verdict_comes_first() -> None:
    first = markdown.render(failing()).splitlines()[0]
    assert first == (
        "### ❌ FAIL (check): the target leaks 32.8 B per request (32.1 to 33.4),"
        " 34.5 MB per hour at this load"
    )
    assert "### ✅ PASS (check): no leak found" in markdown.render(passing())
    assert "INCONCLUSIVE (endurance, cut short)" in markdown.render(half_run())
    assert "what to do: run for at least 5 min" in markdown.render(inconclusive())


def test_findings_name_file_and_line() -> None:
    page = displayed(markdown.render(failing()))
    assert "/srv/shop/app.py:30 in remember: 31.9 B in 0.1 blocks per request" in page.text
    assert 'held by app.py: module global "seen" -> dict: +1 entry per request' in page.text
    assert "called by 4 frames in starlette 0.46.2, uvicorn 0.34.0" in page.text
    assert page.tags.count("details") == 5
    assert page.tags.count("table") == 2


def test_key_figures_are_a_table() -> None:
    text = markdown.render(failing())
    assert "| growth | 32.8 B per request (32.1 to 33.4) |" in text
    assert "| smallest visible leak per request | 0.8 B |" in text
    assert "| growth | unknown |" in markdown.render(half_run())


@pytest.mark.parametrize(
    "text",
    [
        HOSTILE,
        "| a | b |\n| --- | --- |",
        "</details></code><img src=x onerror=alert(1)>",
        "```\ncode",
        "`one` ``two``",
        "# heading",
        "1. item",
        "12) item",
        "- item",
        "+ item",
        "===",
        "---",
        "    indented",
        "[link](https://example.invalid) ![image](x)",
        "<https://example.invalid> www.example.invalid",
        "&lt;script&gt; &#60;",
        "**bold** __bold__ ~~gone~~ $x$",
        "\\| \\` trailing \\",
        "<!-- comment",
        "[x]: https://example.invalid",
        "`",
        "a`b",
        "|",
        "a | b",
        "> quoted",
        "_a_ b_c __d__ e__f _g h_ é_i_é",
        "a_b_",
        "-> x <- y",
        "--> x",
        "<!-- a_b -->",
        "]]> x ?>",
        "$`x`$",
    ],
)
def test_hostile_text_is_shown_as_it_is_and_changes_no_structure(text: str) -> None:
    shown = displayed(markdown.render(hostile(text)))
    plain = displayed(markdown.render(hostile("placeholder")))
    assert shown.tags == plain.tags
    assert shown.attributes == []
    words = " ".join(shown.text.replace("\N{WORD JOINER}", "").split())
    assert words.count(clean(text)) == plain.text.count("placeholder") > 10


def test_nobody_is_notified_and_no_issue_is_linked() -> None:
    text = markdown.escape("@everyone fixes #12 and !7")
    assert text == (
        "&#64;\N{WORD JOINER}everyone fixes &#35;\N{WORD JOINER}12 and &#33;\N{WORD JOINER}7"
    )


def test_plain_text_stays_readable() -> None:
    assert markdown.escape("32.8 B (32.1 to 33.4) in app.py:30, -0.1 %") == (
        "32.8 B (32.1 to 33.4) in app.py:30, -0.1 %"
    )


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("/tmp/my_app/app.py:30", "`/tmp/my_app/app.py:30`"),
        ('app.py: global "_seen" -> list[dict]', '`app.py: global "_seen" -> list[dict]`'),
        ("a`b", "<code>a&#96;b</code>"),
        ("a|b", "<code>a&#124;b</code>"),
        (" a", "<code> a</code>"),
        ("", "<code></code>"),
    ],
)
def test_code_is_readable_in_its_source(text: str, source: str) -> None:
    assert markdown.code(text) == source
    assert displayed(f"# {source}").text.strip("\n") == text


def test_paths_in_prose_are_readable_in_their_source() -> None:
    path = "allocated in my_app/_views.py:30, held by app.py: global seen -> dict"
    assert markdown.escape(path) == path.replace("/_", "/&#95;")
    text = markdown.render(failing())
    assert '`/srv/shop/app.py:30 in remember, held by app.py: module global "seen" -> dict`' in text
    assert "- `/srv/shop/app.py:30` in `remember`: 31.9 B" in text


def test_a_comment_fits_even_when_the_report_does_not() -> None:
    many = hostile("|" * 5_000)
    report = many.model_copy(update={"findings": many.findings * 60})
    text = markdown.render(report)
    assert len(text) < 65_536
    assert "more blocks were left out for length" in text
    assert len(markdown.render(hostile(LONG_NAME))) < 65_536


def test_a_finding_shows_its_first_sites_only() -> None:
    site = LEAK.sites[0]
    sites = tuple(site.model_copy(update={"line": line}) for line in range(100, 120))
    text = markdown.render(failing(findings=(LEAK.model_copy(update={"sites": sites}),)))
    assert "app.py:104" in text
    assert "app.py:105" not in text


def test_a_report_without_findings_is_its_figures() -> None:
    page = displayed(markdown.render(half_run()))
    assert page.tags.count("table") == 1
