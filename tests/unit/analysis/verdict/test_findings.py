"""What a finding says: the cause in a sentence, with its numbers."""

from dataclasses import replace
from itertools import accumulate

import pytest
from fabricate import SEGMENT, counting, filling, growing, growing_outside, reading, taken

from tsprof.analysis.attribution.causes import Cause
from tsprof.analysis.attribution.culprits import Culprit
from tsprof.analysis.growth.assess import Shape
from tsprof.analysis.run.assessments import Look, look
from tsprof.analysis.run.confirmation import Attribution, Drain
from tsprof.analysis.verdict.findings import (
    UNSEEN_BOUND,
    count_finding,
    fragmentation_finding,
    garbage_finding,
    memory_findings,
)
from tsprof.report.model import Finding, Holder, Site

LEAK = look(taken(growing(300)))
SITE = Site(function="handle", file="app.py", line=12, bytes_per_request=299.0, share=1.0)
HOLDER = Holder(path="app.py: module global seen", type="list", entries_per_request=1.0)
MIB = 1 << 20


def found(
    seen: Look, attribution: Attribution | None = None, drain: Drain | None = None
) -> Finding:
    (finding,) = memory_findings(seen, attribution, drain)
    return finding


def test_no_growth_is_no_finding() -> None:
    seen = look(taken(growing()))
    assert memory_findings(seen, Attribution(sites=(SITE,)), None) == ()
    assert fragmentation_finding(seen) is None
    assert all(count_finding(name, judged) is None for name, judged in seen.counts.items())


def test_a_leak_names_its_site_and_its_holder() -> None:
    finding = found(LEAK, Attribution(sites=(SITE,), holders=(HOLDER,), evictions=("pop in b.py",)))
    assert "allocated in handle (app.py:12)" in finding.title
    assert "held by app.py: module global seen" in finding.title
    assert "pop in b.py" in finding.details
    assert (finding.sites, finding.holders) == ((SITE,), (HOLDER,))
    assert finding.low <= finding.per_request <= finding.high


def test_the_leak_of_a_native_program_may_be_a_cache_whose_bound_nobody_sees() -> None:
    native = look(taken(growing(300, source="native")))
    assert UNSEEN_BOUND in found(native).details
    assert UNSEEN_BOUND not in found(LEAK).details
    drain = Drain(seconds=15, grown=7_000_000, released=6_900_000)
    assert UNSEEN_BOUND not in found(native, drain=drain).details


def test_a_line_that_only_keeps_is_not_said_to_allocate() -> None:
    keeps = SITE.model_copy(update={"bytes_per_request": 0.0, "share": 0.0})
    assert "kept in handle (app.py:12)" in found(LEAK, Attribution(sites=(keeps, SITE))).title
    little = SITE.model_copy(update={"bytes_per_request": 20.0})
    assert "kept in handle" in found(LEAK, Attribution(sites=(little, SITE))).title
    assert "allocated in handle" in found(LEAK, Attribution(sites=(little, little))).title


OTHER = SITE.model_copy(update={"function": "record", "bytes_per_request": 100.0, "share": 1 / 3})
MINE = SITE.model_copy(update={"bytes_per_request": 200.0, "share": 2 / 3})
TRAIL = HOLDER.model_copy(update={"path": "app.py: trail"})


def of_two(**second: object) -> tuple[Finding, ...]:
    """The findings on a growth of which one cause is two thirds."""
    causes = (
        Cause(sites=(MINE,), holders=(HOLDER,), share=2 / 3, details=("with each entry",)),
        Cause(sites=(OTHER,), holders=(TRAIL,), share=1 / 3, **second),  # type: ignore[arg-type]  # of Cause
    )
    attribution = Attribution(
        sites=(MINE, OTHER), holders=(HOLDER, TRAIL), causes=causes, details=("with each entry",)
    )
    return memory_findings(LEAK, attribution, None)


def test_two_causes_are_two_findings_that_sum_up_to_the_growth() -> None:
    (whole,) = memory_findings(LEAK, None, None)
    one, two = of_two()
    assert one.per_request + two.per_request == pytest.approx(whole.per_request)
    assert one.low + two.low == pytest.approx(whole.low)
    assert [one.sites[0].share, two.sites[0].share] == pytest.approx([1, 1])
    assert one.title.startswith("200 B of the 300 B per request that the target gains leak, ")
    assert "allocated in record (app.py:12), held by app.py: trail" in two.title
    assert "with each entry" in one.details
    assert two.details == ()


def test_a_cache_beside_a_leak_is_a_filling_of_its_own() -> None:
    one, two = of_two(bounded=True, plateau=5e6)
    assert (one.kind, two.kind) == ("leak", "filling")
    assert (one.plateau, two.plateau) == (None, 5e6)
    assert "go into app.py: trail, from which its own code takes entries out" in two.title


def test_a_growth_that_let_go_is_not_split() -> None:
    attribution = Attribution(
        causes=(Cause(sites=(MINE,), holders=(), share=0.5), Cause(sites=(), holders=(), share=0.5))
    )
    drain = Drain(seconds=15, grown=7_000_000, released=6_900_000)
    assert [f.kind for f in memory_findings(LEAK, attribution, drain)] == ["released"]


def test_a_leak_says_what_the_rest_let_go() -> None:
    finding = found(LEAK, drain=Drain(seconds=15, grown=6_900_000, released=690_000))
    assert any("10% of the growth let go within 15 s" in detail for detail in finding.details)


def test_nothing_to_drain_is_no_division_by_zero() -> None:
    assert found(LEAK, drain=Drain(seconds=15, grown=0, released=0)).kind == "leak"


def test_what_idle_connections_give_back_is_not_taken_for_growth_that_went() -> None:
    """Under uvicorn the rest closes the connections, and the next load makes them anew."""
    rested = Drain(seconds=15, grown=160_000, released=88_000)
    assert found(LEAK, drain=rested).kind == "released"
    again = replace(rested, brought=129_000, expected=41_000)
    assert found(LEAK, drain=again).kind == "leak"


def test_growth_that_is_over_after_the_rest_is_no_leak() -> None:
    over = Drain(seconds=15, grown=9e6, released=0, brought=9, expected=600_000, least=590_000)
    finding = found(LEAK, drain=over)
    assert finding.kind == "released"
    assert finding.title.endswith("per request under load, but no longer after a rest of 15 s")


def test_memory_seen_from_outside_may_let_go_too() -> None:
    seen = look(taken(growing_outside(20_000), count=40))
    assert found(seen).kind == "leak"
    assert found(seen, drain=Drain(seconds=15, grown=9e6, released=8e6)).kind == "released"


@pytest.mark.parametrize(("released", "kind"), [(0, "leak"), (900, "released")])
def test_counted_things_that_go_at_rest_are_no_leak(released: int, kind: str) -> None:
    judged = look(taken(counting("descriptors", 20))).counts["fd"]
    finding = count_finding("fd", judged, drain=Drain(seconds=15, grown=1_000, released=released))
    assert finding is not None
    assert finding.kind == kind
    assert ("90% of that let go" in finding.title) == (kind == "released")


def test_one_in_one_requests_is_not_said() -> None:
    every = count_finding("task", look(taken(counting("tasks", 1))).counts["task"])
    some = count_finding("task", look(taken(counting("tasks", 50))).counts["task"])
    assert every is not None
    assert some is not None
    assert "(one in" not in every.title
    assert "(one in 50 requests)" in some.title


def test_a_bounded_holder_says_where_it_will_stop() -> None:
    bounded = HOLDER.model_copy(update={"bound": 50_000, "entries": 24_000})
    finding = found(LEAK, Attribution(holders=(bounded,), bounded_share=1.0, plateau=30.0 * MIB))
    assert finding.kind == "filling"
    assert "bounded at 50,000 entries (now 24,000)" in finding.title
    assert finding.plateau == 30.0 * MIB


def test_a_filling_that_is_certainly_too_small_to_matter_is_no_finding() -> None:
    """As a server settled: by some bytes per request at first, by one or two at last."""
    seen = look(taken(filling(100_000, 12), count=20))
    assert seen.memory is not None
    assert seen.memory.shape is Shape.FILLING
    assert seen.memory_settled
    assert memory_findings(seen, None, None) == ()


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
            "that no known allocator holds",
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


@pytest.mark.parametrize(
    ("entries", "words"),
    [(300, "entries (now 300)"), (1_500, "entries in each process (now 1,500 in all)")],
)
def test_counts_into_a_pool_that_still_fills_are_no_leak(entries: int, words: str) -> None:
    seen = look(taken(counting("descriptors", 20)))
    pool = HOLDER.model_copy(update={"bound": 900, "entries": entries})
    culprit = Culprit(resource="fd", title="pipe", holders=(pool,), filling=pool)
    finding = count_finding("fd", seen.counts["fd"], (culprit,))
    assert finding is not None
    assert finding.kind == "filling"
    assert f"which is bounded at 900 {words}" in finding.title


def test_a_key_set_that_fills_says_how_rarely_entries_come() -> None:
    labels = HOLDER.model_copy(
        update={"entries_per_request": 0.08, "entries_per_request_overall": 0.12}
    )
    finding = found(LEAK, Attribution(holders=(labels,), bounded_share=0.9))
    assert finding.kind == "filling"
    assert "ever more rarely (0.08 per request of late, 0.12 over the whole run)" in finding.title


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
