"""The page of a flame graph in a real browser, used as people use it."""

import importlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType

import pytest
from browser import CHROMIUM, Page, browser

from tsprof.report.flame import flame_html
from tsprof.report.model import HotChange
from tsprof.stacks import StackProfile

FRAMES = """[...document.querySelectorAll('#chart g.frame')].map(frame => ({
  name: frame.getAttribute('name'), fill: frame.querySelector('rect').getAttribute('fill'),
  box: frame.querySelector('rect').getBoundingClientRect().toJSON()}))"""

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")


@pytest.fixture
def stacks(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The fabricated stacks of the unit tests."""
    monkeypatch.syspath_prepend(Path(__file__).parents[1] / "unit" / "report" / "flame")
    return importlib.import_module("fabricated_stacks")


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    assert CHROMIUM is not None
    with browser(CHROMIUM, tmp_path_factory.mktemp("browser")) as page:
        yield page


@pytest.fixture
def page(chromium: Page) -> Iterator[Page]:
    """The browser, in which nothing may be written to the console or asked of the network."""
    chromium.messages.clear()
    yield chromium
    assert chromium.messages == []


def show(
    page: Page,
    folder: Path,
    profile: StackProfile,
    before: StackProfile | None = None,
    changes: Sequence[HotChange] = (),
) -> None:
    file = folder / "flame.html"
    file.write_text(flame_html(profile, "A title", before, changes), encoding="utf-8")
    page.open(file)


def widths(page: Page) -> dict[str, float]:
    """Width of each frame that is drawn, in pixels."""
    return {frame["name"]: frame["box"]["width"] for frame in page.value(f"({FRAMES})")}


def fills(page: Page) -> dict[str, str]:
    return {frame["name"]: frame["fill"] for frame in page.value(f"({FRAMES})")}


def point_at(page: Page, name: str, *, click: bool = False) -> None:
    box = next(frame["box"] for frame in page.value(FRAMES) if frame["name"] == name)
    page.point(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, click=click)


def find(page: Page, term: str) -> str:
    page.key("/", "/")
    page.type(term)
    page.until("document.querySelector('#found').textContent")
    return page.text("#found")


def test_frames_are_as_wide_as_what_was_seen(
    page: Page, stacks: ModuleType, tmp_path: Path
) -> None:
    show(page, tmp_path, stacks.before())
    drawn = widths(page)
    shares = {name: width / drawn["all"] for name, width in drawn.items()}
    assert shares == pytest.approx(
        {
            "all": 1, "serve": 1, "verify": 0.72, "send": 0.28,
            "score": 0.4, "dumps": 0.3, "audit": 0.02,
        },
        abs=0.003,
    )  # fmt: skip


def test_pointing_tells_and_clicking_zooms(page: Page, stacks: ModuleType, tmp_path: Path) -> None:
    show(page, tmp_path, stacks.before())
    whole = widths(page)["all"]
    point_at(page, "score")
    assert "800 samples, 40 % of the total" in page.text("#tip")
    assert "400 us of CPU per request" in page.text("#tip")
    point_at(page, "verify", click=True)
    assert widths(page)["verify"] == pytest.approx(whole)
    assert "send" not in widths(page)
    page.value("document.querySelector('#reset').click()")
    assert widths(page)["verify"] == pytest.approx(0.72 * whole, abs=1)


def test_a_search_tells_the_share_of_what_matches(
    page: Page, stacks: ModuleType, tmp_path: Path
) -> None:
    show(page, tmp_path, stacks.before())
    plain = fills(page)
    assert find(page, "SRV/APP") == "72 % of the total is in 3 matching frames"
    marked = {name for name, fill in fills(page).items() if fill != plain[name]}
    assert marked == {"verify", "score", "audit"}
    page.key("Escape")
    assert fills(page) == plain
    assert page.text("#found") == ""
    assert find(page, "[(no such") == "no match"


def test_keys_walk_zoom_and_reset(page: Page, stacks: ModuleType, tmp_path: Path) -> None:
    show(page, tmp_path, stacks.before())
    page.value("document.querySelector('#chart').focus()")
    walked = []
    for key in ["ArrowDown", "ArrowDown", "ArrowLeft", "ArrowRight", "ArrowDown", "ArrowUp"]:
        page.key(key)
        walked.append(page.text("#selected").partition(" ")[0])
    assert walked == ["serve", "verify", "send", "verify", "score", "verify"]
    page.key("Enter")
    assert "send" not in widths(page)
    page.key("Backspace")
    assert "send" in widths(page)
    page.key("Enter")
    page.key("Escape")
    assert "send" in widths(page)
    assert page.text("#selected") == ""


def test_red_became_hotter_and_blue_cooler(page: Page, stacks: ModuleType, tmp_path: Path) -> None:
    show(page, tmp_path, stacks.after(), stacks.before(), stacks.changes())
    red, blue = (
        [int(fills(page)[name][i : i + 2], 16) for i in (1, 3, 5)] for name in ("score", "dumps")
    )
    assert red[0] > red[2] + 100
    assert blue[2] > blue[0] + 100
    point_at(page, "score")
    assert "400 before, 800 now (us of CPU per request): +100 %" in page.text("#tip")
    point_at(page, "send")
    assert "no change that is sure" in page.text("#tip")
    assert "Compared is the cost of a request" in page.text("header")


def test_frames_can_be_coloured_by_module(page: Page, stacks: ModuleType, tmp_path: Path) -> None:
    show(page, tmp_path, stacks.before())
    assert len(set(fills(page).values())) == 4
    page.value(
        "{ const choice = document.querySelector('#colouring'); choice.value = '1';"
        "choice.dispatchEvent(new Event('change')); }"
    )
    assert len(set(fills(page).values())) == 7
    assert page.value("getComputedStyle(document.querySelectorAll('.legend')[1]).display") == "flex"


def test_a_narrower_window_has_narrower_frames(
    page: Page, stacks: ModuleType, tmp_path: Path
) -> None:
    show(page, tmp_path, stacks.before())
    page.resize(500, 800)
    page.until("document.querySelector('#chart svg').getAttribute('width') < 500")
    assert widths(page)["all"] < 500
    assert page.value("document.documentElement.scrollWidth <= 500")


def test_nothing_of_the_target_runs(page: Page, stacks: ModuleType, tmp_path: Path) -> None:
    show(page, tmp_path, stacks.hostile(), stacks.hostile())
    point_at(page, next(name for name in widths(page) if name != "all"))
    assert "<script>" in page.text("#tip")
    assert page.value("document.title") == "A title"
    assert page.value("document.images.length") == 0


def test_many_stacks_are_drawn_as_far_as_they_can_be_seen(
    page: Page, stacks: ModuleType, tmp_path: Path
) -> None:
    show(page, tmp_path, stacks.wide(20_000))
    assert "frames are drawn; the others are narrower" in page.text("#drawn")
    assert 10 < page.value("document.querySelectorAll('#chart g.frame').length") < 20_000
    assert find(page, "m7.py").endswith("matching frames")


def test_a_page_without_a_sample_says_so(page: Page, stacks: ModuleType, tmp_path: Path) -> None:
    show(page, tmp_path, stacks.profile({}))
    assert page.text("#chart") == "Nothing was seen."
