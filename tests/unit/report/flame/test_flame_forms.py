import json
import re
from xml.etree import ElementTree as ET

import pytest
from fabricated_stacks import HOSTILE, after, before, hostile, profile, wide

from tsprof.report.flame import flame_html, flame_svg, folded, speedscope_json
from tsprof.report.flame.colours import by_module, by_origin
from tsprof.report.flame.tree import call_tree
from tsprof.stacks import StackProfile

SVG = "{http://www.w3.org/2000/svg}"
EMPTY = StackProfile(unit="samples", frames=(), stacks=())


def test_speedscope_reads_one_sampled_profile() -> None:
    content = json.loads(speedscope_json(before(), "a run"))
    [told] = content["profiles"]
    assert content["$schema"] == "https://www.speedscope.app/file-format-schema.json"
    assert (told["type"], told["name"], told["unit"]) == ("sampled", "a run", "seconds")
    assert len(told["samples"]) == len(told["weights"]) == 4
    assert told["endValue"] == pytest.approx(sum(told["weights"])) == pytest.approx(10.0)
    names = [content["shared"]["frames"][place]["name"] for place in told["samples"][0]]
    assert names == ["serve", "verify", "score"]


@pytest.mark.parametrize(
    ("unit", "told"), [("samples", "none"), ("instructions", "none"), ("bytes", "bytes")]
)
def test_speedscope_knows_few_units(unit: str, told: str) -> None:
    content = json.loads(speedscope_json(profile({"a": 1.0}, unit=unit), "x"))
    assert content["profiles"][0]["unit"] == told


def test_folded_stacks_have_one_line_each() -> None:
    assert folded(before()).splitlines()[1] == (
        "serve (/venv/site-packages/server/loop.py:7);verify (/srv/app/views.py:20);"
        "dumps (/usr/lib/python3.11/json/__init__.py:231) 600"
    )


def test_a_name_cannot_break_a_folded_stack() -> None:
    [line] = folded(hostile()).splitlines()
    assert line.count(";") == 1
    assert "\x1b" not in line


def test_an_svg_has_a_box_and_a_tip_for_each_frame() -> None:
    tree = ET.fromstring(flame_svg(before(), "A title"))
    tips = [group.findtext(f"{SVG}title") for group in tree.findall(f"{SVG}g/{SVG}g")]
    assert tree.findtext(f"{SVG}title") == "A title"
    assert "score, /srv/app/score.py:31, 800 samples, 40 % of the total" in tips
    widths = {
        group.findtext(f"{SVG}text"): float(group.find(f"{SVG}rect").attrib["width"])  # type: ignore[union-attr]
        for group in tree.findall(f"{SVG}g/{SVG}g")
    }
    assert widths["score"] == pytest.approx(0.4 * widths["all"], abs=0.02)


def test_an_svg_of_a_difference_says_what_its_colours_mean() -> None:
    text = flame_svg(after(), "x", before())
    assert "Red became hotter, blue cooler" in text
    assert "before, 10,000 requests were served, now 20,000" in text
    assert "2 % of what was seen before was in calls that were not seen now" in text


def test_an_svg_says_how_many_frames_are_too_narrow() -> None:
    assert re.search(r"[\d,]+ frames too narrow to be drawn", flame_svg(wide(5_000), "x"))


def test_nothing_of_the_target_is_markup() -> None:
    tree = ET.fromstring(flame_svg(hostile(), HOSTILE, hostile()))
    assert {element.tag.removeprefix(SVG) for element in tree.iter()} <= {
        "svg", "title", "rect", "text", "g",
    }  # fmt: skip
    page = flame_html(hostile(), HOSTILE, hostile())
    assert "<img" not in page
    assert "<script>document" not in page


@pytest.mark.parametrize("earlier", [None, EMPTY, before()], ids=["none", "empty", "some"])
def test_a_profile_without_a_sample_can_be_drawn(earlier: StackProfile | None) -> None:
    ET.fromstring(flame_svg(EMPTY, "x", earlier))
    assert "0 samples" in flame_html(EMPTY, "x", earlier)
    assert folded(EMPTY) == ""
    assert json.loads(speedscope_json(EMPTY, "x"))["profiles"][0]["samples"] == []


def test_a_legend_tells_the_share_of_each_kind() -> None:
    tree = call_tree(before())
    shares = {key.name: key.share for key in by_origin(tree).legend}
    assert shares == pytest.approx(
        {"application": 0.42, "dependency": 0.0, "interpreter": 0.3, "native": 0.28}
    )


def test_the_largest_modules_have_a_colour_of_their_own() -> None:
    weights = {f"module{number}": float(number + 1) for number in range(20)}
    sides = profile({"serve;score": 60.0, "serve;dumps": 40.0, **weights})
    legend = by_module(call_tree(sides)).legend
    assert legend[0].name == "app/more.py"
    assert len({key.colour for key in legend}) == len(legend)


def test_cpu_time_is_told_by_request() -> None:
    assert "1,000 us of CPU per request" in flame_html(before())
    text = flame_html(after(), "x", before())
    assert "1,000 before, 1,230 us of CPU per request now: 23 % more" in text
