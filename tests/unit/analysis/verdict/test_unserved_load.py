"""A load that the target does not serve tells nothing of leaks: in all, or at one endpoint."""

import pytest
from fabricate import growing, judge, taken

from tsprof.analysis.verdict.decide import Decision
from tsprof.records import Segment
from tsprof.report.model import Verdict

CLEAN = taken(growing())


def asked(*endpoints: tuple[str, int, int], number: int = 0) -> Segment:
    """A segment with requests and failures by endpoint."""
    return Segment(
        number=number,
        seconds=1.2,
        requests=sum(requests for _, requests, _ in endpoints),
        failures=sum(failures for *_, failures in endpoints),
        intended=None,
        endpoints=tuple(("GET", name, asked, failed, {}) for name, asked, failed in endpoints),
    )


def judged(*segments: Segment, **evidence: object) -> Decision:
    return judge(CLEAN, segments=segments, **evidence)


def said(decision: Decision) -> str:
    return "\n".join(decision.reasons)


@pytest.mark.parametrize("failed", [20, 500, 1000, 5000])
def test_an_endpoint_that_is_never_served_is_named(failed: int) -> None:
    decision = judged(*[asked(("/items", 1000, 0), ("/nope", failed, failed))] * 24)
    assert decision.verdict is Verdict.INCONCLUSIVE
    assert f"did not serve GET /nope (100% of its {24 * failed:,} requests failed)" in said(
        decision
    )
    assert "/items" not in said(decision)
    assert any("check --url" in advice for advice in decision.advice)


@pytest.mark.parametrize(
    ("failures", "advice"),
    [
        (("GET /nope: HTTP 404 (240 times)",), ["HTTP 404: is the path right?"]),
        (
            ("GET /nope: HTTP 405 (240 times)",),
            ["HTTP 405: the path does not take", "POST needs a Locust"],
        ),
        (
            ("GET /nope: HTTP 401 (9 times)", "GET /nope: HTTP 404 (1 times)"),
            ["HTTP 401: it needs a login", "HTTP 404: is"],
        ),
        (("GET /nope: HTTP 500 (240 times)",), ["check --url"]),
        (("GET /items: HTTP 404 (1 times)",), ["check --url"]),
        ((), ["check --url"]),
    ],
)
def test_the_advice_is_that_of_the_status(failures: tuple[str, ...], advice: list[str]) -> None:
    endpoints = (("/items", 1000, 0), ("/nope", 10, 10))
    for asked_for in (endpoints, endpoints[1:]):
        decision = judged(*[asked(*asked_for)] * 24, failures=failures)
        assert all(part in " ".join(decision.advice) for part in advice)
        assert ("check --url" in " ".join(decision.advice)) is ("check --url" in advice)


def test_all_is_only_said_to_have_failed_where_it_has() -> None:
    decision = judged(asked(("/items", 9000, 0), ("/nope", 1000, 999)))
    assert "99.90% of its 1,000 requests failed" in said(decision)


def test_a_load_of_which_no_endpoint_is_served_tells_nothing() -> None:
    decision = judged(*[asked(("/a", 500, 500), ("/b", 500, 500))] * 24)
    assert decision.reasons == (
        "100% of the 24,000 requests failed, so the load did not exercise the target",
    )


def test_a_few_failures_of_names_that_hold_an_id_do_not_matter() -> None:
    names = [(f"/items/{n}", 1, int(n == 7)) for n in range(1000)]
    assert judged(asked(*names)).verdict is Verdict.PASS


def test_few_endpoints_are_named_and_the_rest_counted() -> None:
    decision = judged(asked(("/items", 1000, 0), *((f"/{n}", 20, 20) for n in range(5))))
    assert "/2 " in said(decision)
    assert "/3 " not in said(decision)
    assert "and 2 more" in said(decision)


def test_a_service_that_begins_to_fail_part_way_is_told() -> None:
    good, bad = asked(("/items", 1000, 0)), asked(("/items", 1000, 1000))
    decision = judged(*[good] * 20, *[bad] * 4)
    assert decision.verdict is Verdict.INCONCLUSIVE
    assert "after 20,000 had been answered well: the target stopped serving" in said(decision)


def test_an_endpoint_that_begins_to_fail_part_way_is_told() -> None:
    good = asked(("/items", 900, 0), ("/cart", 100, 0))
    bad = asked(("/items", 900, 0), ("/cart", 100, 100))
    decision = judged(*[good] * 20, *[bad] * 4)
    assert decision.verdict is Verdict.INCONCLUSIVE
    assert "stopped serving GET /cart (2,000 were answered well" in said(decision)


def test_a_service_that_fails_for_a_while_serves() -> None:
    good, bad = asked(("/items", 1000, 0)), asked(("/items", 1000, 1000))
    assert judged(*[good] * 10, *[bad] * 2, *[good] * 10).verdict is Verdict.PASS


@pytest.mark.parametrize(("failures", "told"), [(5, False), (50, True)])
def test_failures_are_told_from_one_in_a_hundred(failures: int, *, told: bool) -> None:
    decision = judged(*[asked(("/items", 1000, failures))] * 24)
    assert decision.verdict is Verdict.PASS
    assert ("5% of the 24,000 requests failed" in decision.reasons) is told


def test_failures_are_told_beside_a_leak() -> None:
    decision = judge(taken(growing(300)), segments=[asked(("/items", 1000, 50))] * 24)
    assert decision.verdict is Verdict.FAIL
    assert decision.reasons[-1] == "5% of the 24,000 requests failed"


def test_requests_of_endpoints_are_known_to_no_run_that_sent_none() -> None:
    decision = judged(asked())
    assert "no request was completed" in said(decision)
