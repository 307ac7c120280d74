"""A leak as a ticket: everything in one text, and nothing in it that Markdown acts on."""

import re
import shlex

import pytest
from report_builder import HOSTILE, LEAK, PROVENANCE, failing, hostile, inconclusive, passing

from tsprof.report.model import Finding, Provenance, Report
from tsprof.report.reproduce import command_line
from tsprof.report.ticket import render

DESCRIPTORS = Finding(
    resource="fd",
    kind="leak",
    title="open file descriptors grow by 0.05 per request",
    per_request=0.05,
    low=0.049,
    high=0.051,
    details=("grew by 0.05 per request in every part",),
)
SERVER = "-- uvicorn app:app --port 8000"


def configured(scenario: str = "check", **tables: dict[str, object]) -> Report:
    provenance = PROVENANCE.model_copy(update={"configuration": tables})
    return failing(scenario=scenario, provenance=provenance)


def section(text: str, title: str) -> str:
    return text.partition(f"### {title}\n")[2].partition("\n### ")[0]


def test_a_ticket_says_what_where_why_and_how() -> None:
    text = render(failing())
    assert text.startswith("## Memory leak: 32.8 B per request in remember (app.py)\n")
    assert "32.8 B per request (32.1 to 33.4)" in text
    assert "/srv/shop/app.py:30" in section(text, "Where it is allocated")
    assert "called by /srv/shop/app.py:12 in handler" in section(text, "Where it is allocated")
    assert "module global" in section(text, "What keeps it alive")
    assert "Python objects" in section(text, "Who owns the growth")
    assert "to 12,000: resident memory" in section(text, "Who owns the growth")
    assert "tsprof check" in section(text, "How to reproduce")
    assert "no bound is known" in section(text, "What was ruled out")
    assert "ruled out: a cache that fills" in section(text, "What is uncertain")
    assert "04e4b20" in text


def test_each_leak_is_a_ticket_of_its_own() -> None:
    text = render(failing(findings=(LEAK, DESCRIPTORS)))
    first, second = text.split("\n\n---\n\n")
    assert "## File descriptor leak: 0.05 file descriptors per request" in second
    assert "Python objects" in first
    assert "Python objects" not in second
    assert "grew by 0.05" in section(second, "What was ruled out")
    for words in ("no site was found", "no holder was found"):
        assert words in section(second, "What is uncertain")


def test_a_part_of_a_growth_says_its_own_rate_and_the_whole() -> None:
    whole = ("drain test: 0% of the growth let go", "measured over 10,000 requests")
    first = LEAK.model_copy(update={"details": ("with each entry of seen come 2 dict", *whole)})
    title = "12.8 B of the 32.8 B per request that the target gains leak, held by trail"
    second = first.model_copy(
        update={"title": title, "per_request": 12.8, "low": 12.5, "high": 13.1, "details": ()}
    )
    one, two = render(failing(findings=(first, second))).split("\n\n---\n\n")
    assert two.startswith("## Memory leak: 12.8 B per request in remember (app.py)\n")
    for words in (title, "12.8 B per request (12.5 to 13.1)", "32.8 B per request (32.1 to 33.4)"):
        assert words in two
    assert "of which this leak is a part" in section(two, "Who owns the growth")
    for words in whole:
        assert words in section(two, "What was ruled out")
    assert "given a rest" not in two
    assert "come 2 dict" in section(one, "What keeps it alive")
    assert "come 2 dict" not in two
    alone = render(failing(findings=(first,)))
    for words in ("is a part", "all that leaks"):
        assert words not in alone


@pytest.mark.parametrize(
    ("report", "words"),
    [
        (passing(), "passed: no leak found; anything above 0.8 B"),
        (inconclusive(), "found no leak, and ended with inconclusive: memory still grows"),
        (failing(findings=()), "found no leak, and ended with fail"),
    ],
)
def test_without_a_leak_there_is_one_line(report: Report, words: str) -> None:
    text = render(report)
    assert text.count("\n") == 1
    assert text.startswith("No ticket to write: 2025-03-02-1405-check ")
    assert words in text


def test_the_drain_test_is_ruled_out_or_uncertain() -> None:
    drained = LEAK.model_copy(update={"details": ("drain test: 0% of the growth let go",)})
    text = render(failing(findings=(drained,)))
    assert "drain test" in section(text, "What was ruled out")
    assert "given a rest" not in text
    assert "given a rest" in section(render(failing()), "What is uncertain")


def test_what_makes_the_figures_doubtful_is_told() -> None:
    weak = LEAK.model_copy(
        update={
            "sites": (LEAK.sites[0].model_copy(update={"share": 0.4}),),
            "excuse": "acknowledged by ann until 2026-12-31: later",
        }
    )
    uncertain = section(render(failing(findings=(weak,), complete=False)), "What is uncertain")
    for words in ("explain 40 % of the growth", "acknowledged by ann", "was cut short"):
        assert words in uncertain


def test_text_from_the_target_is_taken_literally() -> None:
    text = render(hostile())
    plain = re.sub(r"```+text\n.*?\n```+", "", text, flags=re.DOTALL)
    for live in ("<script", "`code`", "**stars**", "@everyone", "://example", "| pipe", "\x1b"):
        assert live not in plain
    assert "second line\n" not in text


def test_a_fence_cannot_be_closed_from_within() -> None:
    report = hostile("````\n<b>out</b>")
    for fence in re.findall(r"^(`+)text$", render(report), flags=re.MULTILINE):
        assert len(fence) > 4


@pytest.mark.parametrize(
    ("tables", "command"),
    [
        ({}, "tsprof check -- uvicorn app:app --port 8000"),
        (
            {
                "load": {"url": ["/a b", "/c"], "users": 20, "rate": 2.5},
                "check": {"drain": 15.0, "agent": False},
            },
            "tsprof check --url '/a b' --url /c --users 20 --rate 2.5 --no-agent " + SERVER,
        ),
        (
            {"load": {"users": 10, "host": "http://127.0.0.1:{port}"}, "check": {"max_time": 90.0}},
            "tsprof check --max-time 90 " + SERVER,
        ),
        (
            {"target": {"env": {"DEBUG": "1", "DB_PASSWORD": "hunter2"}}},
            "tsprof check --env DEBUG=1 --env DB_PASSWORD=... -- uvicorn app:app --port 8000",
        ),
        (
            {"target": {"env": {"DATABASE": "pg://me:hunter2@db/x"}}},
            "tsprof check --env DATABASE=... -- uvicorn app:app --port 8000",
        ),
        (
            {"target": {"pid": 7}, "load": {"host": "http://h:1"}},
            "tsprof check --host http://h:1 --pid 7",
        ),
        ({"check": {"drain": 0}}, "tsprof check --drain 0 " + SERVER),
        ({"target": "damaged", "load": 3}, "tsprof check -- uvicorn app:app --port 8000"),
    ],
)
def test_the_command_has_the_options_that_mattered(
    tables: dict[str, dict[str, object]], command: str
) -> None:
    assert command_line(configured(**tables)) == command


def test_a_soak_has_its_own_options() -> None:
    report = configured(
        "endurance",
        check={"max_time": 90.0},
        load={"users": 5},
        endurance={"duration": 1800.0, "checkpoint_every": 30.0, "users": 5},
    )
    assert command_line(report) == (
        "tsprof endurance --users 5 --seconds 1800 --checkpoint-every 30 "
        "-- uvicorn app:app --port 8000"
    )


def test_a_comparison_names_its_reference_in_one_word() -> None:
    compare = {"reference": ["python", "old app.py", "{port}"], "duration": 60.0}
    report = configured(compare=compare).model_copy(update={"scenario": "compare"})
    words = shlex.split(command_line(report))
    assert words[:4] == ["tsprof", "compare", "--reference", "python 'old app.py' '{port}'"]
    assert words[4:6] == ["--duration", "60"]


def test_the_command_is_quoted_for_a_shell() -> None:
    nasty = Provenance(command=("sh", "-c", "rm -rf $HOME; `x`", HOSTILE))
    command = command_line(failing(provenance=nasty))
    assert "'rm -rf $HOME; `x`'" in command
    assert "\n" not in command
    assert "\x1b" not in command


def test_the_folder_is_named_unless_the_command_names_it() -> None:
    provenance = PROVENANCE.model_copy(update={"folder": "/srv/shop"})
    assert "In `/srv/shop`:" in render(failing(provenance=provenance))
    elsewhere = provenance.model_copy(update={"configuration": {"target": {"cwd": "backend"}}})
    text = render(failing(provenance=elsewhere))
    assert "In `" not in text
    assert "--cwd backend" in text
