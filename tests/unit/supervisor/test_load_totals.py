"""What the load did in all: requests, failures, and the work of each of its processes."""

from tsprof.histogram import Histogram
from tsprof.load.messages import EndpointTotals, Quiet
from tsprof.records import Generator, LoadCost
from tsprof.supervisor.load_totals import LoadTotals


def done(*costs: LoadCost, failures: int = 0, uncertain: bool = False) -> Quiet:
    """A segment of ten requests."""
    return Quiet(
        admitted=10,
        completed=10,
        failures=failures,
        exceptions=0,
        seconds=1.0,
        latency=Histogram(),
        endpoints=(EndpointTotals("GET", "/items", 10, failures, Histogram()),),
        users=1,
        arrivals=None,
        latency_sent=None,
        generator=Generator(cpu_share=0.5, waited_share=0.0, lag=Histogram()),
        processes=costs,
        uncertain=uncertain,
    )


def cost(name: str, requests: int, cpu_seconds: float) -> LoadCost:
    return LoadCost(name=name, requests=requests, cpu_seconds=cpu_seconds)


def test_requests_add_up_and_a_process_s_time_is_told_since_it_began() -> None:
    totals = LoadTotals()
    totals.add(done(cost("a", 6, 0.2), cost("b", 4, 0.1), failures=1))
    totals.add(done(cost("a", 10, 0.5)))
    assert (totals.requests, totals.failures) == (20, 1)
    assert totals.endpoints == {"GET /items": 20}
    assert totals.costs == {"a": cost("a", 16, 0.5), "b": cost("b", 4, 0.1)}


def test_a_load_only_fails_once_enough_was_seen() -> None:
    totals = LoadTotals()
    totals.add(done(failures=10))
    assert not totals.only_fails
    totals.add(done(failures=10))
    assert totals.only_fails
    totals.add(done(failures=9))
    assert not totals.only_fails


def test_what_is_uncertain_stays_so_until_a_checkpoint_is_taken() -> None:
    totals = LoadTotals()
    totals.add(done(uncertain=True))
    totals.add(done())
    assert totals.uncertain
