"""What a finding says: the cause in a sentence, with its numbers."""

from dataclasses import replace
from itertools import accumulate

import pytest
from fabricate import SEGMENT, counting, filling, growing, growing_outside, reading, taken

from tsprof.analysis.assessments import Look, look
from tsprof.analysis.culprits import Culprit
from tsprof.analysis.findings import (
    Attribution,
    Drain,
    count_finding,
    fragmentation_finding,
    garbage_finding,
    memory_finding,
)
from tsprof.report.model import Finding, Holder, Site

LEAK = look(taken(growing(300)))
SITE = Site(function="handle", file="app.py", line=12, bytes_per_request=299.0, share=1.0)
HOLDER = Holder(path="app.py: module global seen", type="list", entries_per_request=1.0)
MIB = 1 << 20


def found(
    seen: Look, attribution: Attribution | None = None, drain: Drain | None = None
) -> Finding:
    finding = memory_finding(seen, attribution, drain)
    assert finding is not None
    return finding


def test_no_growth_is_no_finding() -> None:
    seen = look(taken(growing()))
    assert memory_finding(seen, Attribution(sites=(SITE,)), None) is None
    assert fragmentation_finding(seen) is None
    assert all(count_finding(name, judged) is None for name, judged in seen.counts.items())


def test_a_leak_names_its_site_and_its_holder() -> None:
    finding = found(LEAK, Attribution(sites=(SITE,), holders=(HOLDER,), evictions=("pop in b.py",)))
    assert "allocated in handle (app.py:12)" in finding.title
    assert "held by app.py: module global seen" in finding.title
    assert "pop in b.py" in finding.details
    assert (finding.sites, finding.holders) == ((SITE,), (HOLDER,))
    assert finding.low <= finding.per_request <= finding.high


def test_a_leak_says_what_the_rest_let_go() -> None:
    finding = found(LEAK, drain=Drain(seconds=15, grown=6_900_000, released=690_000))
    assert any("10% of the growth let go within 15 s" in detail for detail in finding.details)


def test_nothing_to_drain_is_no_division_by_zero() -> None:
    assert found(LEAK, drain=Drain(seconds=15, grown=0, released=0)).kind == "leak"


def test_a_bounded_holder_says_where_it_will_stop() -> None:
    bounded = HOLDER.model_copy(update={"bound": 50_000, "entries": 24_000})
    finding = found(LEAK, Attribution(holders=(bounded,), bounded_share=1.0, plateau=30.0 * MIB))
    assert finding.kind == "filling"
    assert "bounded at 50,000 entries (now 24,000)" in finding.title
    assert finding.plateau == 30.0 * MIB


def test_a_filling_says_that_it_slows_down() -> None:
    finding = found(look(taken(filling(40_000_000, 8), count=30)))
    assert finding.kind == "filling"
    assert "still fills" in finding.title
    assert finding.plateau is not None
    assert finding.plateau > 0


def test_growth_that_follows_errors_says_so() -> None:
    """The share of requests that fail changes from segment to segment."""
    failures = list(accumulate([100, 400, 200, 500, 300, 450] * 5))
    checkpoints = [
        replace(c, failures=failures[c.number])
        for c in taken(lambda n: reading(n, grown=1000 * failures[n]), count=30)
    ]
    assert found(look(checkpoints)).clock == "errors"


@pytest.mark.parametrize(
    ("checkpoints", "words"),
    [
        (taken(growing_outside(3000)), "seen from outside"),
        (
            taken(lambda n: reading(n, anonymous=20_000_000 + 3_000_000 * n)),
            "outside of Python and malloc",
        ),
    ],
)
def test_inexact_leaks_say_so(checkpoints: list[object], words: str) -> None:
    finding = found(look(checkpoints))  # type: ignore[arg-type]  # checkpoints
    assert finding.kind == "leak"
    assert words in finding.title
    assert finding.per_request == pytest.approx(3000, rel=0.05)


def test_a_counted_leak_says_how_often() -> None:
    seen = look(taken(counting("descriptors", 20)))
    finding = count_finding("fd", seen.counts["fd"])
    assert finding is not None
    assert "open file descriptors grow by 0.05 per request" in finding.title
    assert "one in 20 requests" in finding.title


def test_a_counted_leak_names_its_culprit() -> None:
    seen = look(taken(counting("descriptors", 20)))
    culprit = Culprit(
        resource="fd",
        title="pipe, opened in handle (app.py:12)",
        sites=(SITE,),
        holders=(HOLDER,),
        details=("40 more came",),
    )
    other = replace(culprit, resource="thread", title="thread")
    finding = count_finding("fd", seen.counts["fd"], (other, culprit))
    assert finding is not None
    assert finding.title.endswith("(one in 20 requests): pipe, opened in handle (app.py:12)")
    assert (finding.sites, finding.holders) == ((SITE,), (HOLDER,))
    assert finding.details[0] == "40 more came"


def test_garbage_says_why_it_piles_up() -> None:
    seen = look(taken(growing(gc_enabled=False, garbage_bytes=400 * SEGMENT)))
    finding = garbage_finding(seen, Attribution(sites=(SITE,)))
    assert "collector is switched off" in finding.title
    assert finding.sites == (SITE,)


def fragmented(per_checkpoint: int, leak: float = 0.0) -> Look:
    return look(
        taken(
            lambda n: reading(
                n,
                grown=leak * SEGMENT * n,
                native_held=6_000_000 + per_checkpoint * n,
                anonymous=20_000_000 + per_checkpoint * n,
            ),
            count=30,
        )
    )


def test_slack_that_grows_is_fragmentation() -> None:
    finding = fragmentation_finding(fragmented(MIB))
    assert finding is not None
    assert finding.kind == "fragmentation"
    assert finding.per_request == pytest.approx(MIB / SEGMENT, rel=0.05)


def test_little_slack_and_the_slack_of_a_leak_are_not_worth_a_finding() -> None:
    assert fragmentation_finding(fragmented(MIB // 8)) is None
    assert fragmentation_finding(fragmented(MIB, leak=300)) is None
