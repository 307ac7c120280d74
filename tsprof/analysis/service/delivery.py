"""Was the load what was asked for, and if not: was it the target, the users, or the load process?

The load generator is a suspect like any other. What it adds to a latency, or does not send, says
nothing of the target. See MATH.md, "Latency under a rate".
"""

from collections.abc import Iterable, Mapping, Sequence

from tsprof.analysis.service.criteria import percentile_of
from tsprof.histogram import Histogram
from tsprof.records import Arrivals, Segment
from tsprof.report import format as fmt
from tsprof.report.model import Criterion, Delivery, LimitedBy

MOST_LATE = 0.01
"""Share of the requests that may be late or missing: from there on they decide the p99."""
ON_TIME_MS = 10.0
"""As the gate counts what is late."""
SATURATED = 0.9
"""Share of its time that the load process, of one thread, uses a processor or waits for one, from
which it has none left. At full speed it was 0.91 (ten LeanHttpUsers) to 1.0 (HttpUsers);
at 500 requests per second, 0.06."""
EXPLAINS = 0.5
"""Part of the lateness that a cause has to explain to be named."""
LARGE_LAG_MS = 20.0
"""Lag of the event loop that other work on the machine makes now and then, and no more."""
LATENCY_CRITERIA = ("p50_ms", "p95_ms", "p99_ms", "p50_drift", "p99_drift")
SPEED_CRITERIA = (*LATENCY_CRITERIA, "requests_per_second", "throughput_drift")

ADVICE: Mapping[LimitedBy, str] = {
    "": "",
    "generator": "set a --rate that the load process can keep, let its users cost less CPU "
    "(tsprof.load.LeanHttpUser), spread them over more --load-processes, or leave the machine "
    "more room",
    "target": "lower --rate to what the target keeps up with, or raise --users if more requests "
    "may wait for it at the same time",
    "users": "raise --users, or shorten the wait times of the Locust file",
}
"""What to do, by what limited the load."""
REACH_FURTHER = (
    "let the load reach further: more --load-processes, more --users, or a machine with more room"
)
"""What to do where a climb ended because the load could send no more."""


def assess_delivery(segments: Sequence[Segment]) -> Delivery:
    """Say how much of the load was sent when it was due, and what kept the rest.

    Args:
        segments: those that are judged; where the load process told nothing of itself, as in
            older runs, nothing is known.
    """
    told = [(segment, segment.generator) for segment in segments if segment.generator]
    if not told:
        return Delivery()
    seconds = sum(segment.seconds for segment, _ in told) or 1.0
    cpu_share = sum(segment.seconds * g.cpu_share for segment, g in told) / seconds
    waited_share = sum(segment.seconds * g.waited_share for segment, g in told) / seconds
    lag = Histogram()
    for _, generator in told:
        lag.merge(generator.lag)
    known = Delivery(
        load_cpu_share=cpu_share,
        load_waited_share=waited_share,
        loop_lag_p99_ms=lag.percentile(99),
    )
    arrivals = _sum(segment.arrivals for segment, _ in told if segment.arrivals)
    if arrivals is not None:
        known = known.model_copy(
            update={"due": arrivals.due, "late": arrivals.late, "unsent": arrivals.unsent}
        )
        behind = _behind(known, arrivals, lag, max(segment.users for segment, _ in told))
        if behind:
            limited_by, reason = behind
            return known.model_copy(update={"limited_by": limited_by, "reason": reason})
    if reason := _slow_loop(known, percentile_of(segments, 99)):
        return known.model_copy(update={"limited_by": "generator", "reason": reason})
    return known


def _sum(all_arrivals: Iterable[Arrivals]) -> Arrivals | None:
    each = list(all_arrivals)
    if not each:
        return None
    return Arrivals(
        sent=sum(a.sent for a in each),
        unsent=sum(a.unsent for a in each),
        late=sum(a.late for a in each),
        late_without_user=sum(a.late_without_user for a in each),
        most_in_flight=max(a.most_in_flight for a in each),
    )


def _behind(
    known: Delivery, arrivals: Arrivals, lag: Histogram, users: int
) -> tuple[LimitedBy, str] | None:
    """Return what kept requests from being sent on time, and how; None where they were."""
    missed = arrivals.late + arrivals.unsent
    if missed <= MOST_LATE * arrivals.due:
        return None
    share = missed / arrivals.due
    what = (
        f"{share:.1%} of the {arrivals.due:,} requests that were due were sent more than "
        f"{ON_TIME_MS:g} ms late" + (f", or never ({arrivals.unsent:,})" if arrivals.unsent else "")
    )
    cpu_share, waited_share = known.load_cpu_share or 0.0, known.load_waited_share or 0.0
    cpu = f"used {cpu_share:.0%} of a core"
    late_beats = lag.share_above(ON_TIME_MS)
    if (
        cpu_share + waited_share >= SATURATED
        or late_beats >= EXPLAINS * share
        or arrivals.late - arrivals.late_without_user >= EXPLAINS * missed
    ):
        return "generator", (
            f"the load process did not keep up with the rate: {what}, while it {cpu}, waited for "
            f"a processor in {waited_share:.0%} of its time, and its event loop came round late in "
            f"{late_beats:.1%} of all cases"
        )
    if arrivals.most_in_flight >= users:
        return "target", (
            f"the target did not keep up with the rate: {what}, while all {users} users waited "
            f"for its answers and the load process {cpu}"
        )
    return "users", (
        f"the users were too few for the rate: {what}, while at most {arrivals.most_in_flight} of "
        f"{users} waited for an answer and the others for the times of the Locust file"
    )


def _slow_loop(known: Delivery, p99_ms: float | None) -> str:
    """Say that the loop's lag is most of the latency; empty where it is not."""
    lag_ms = known.loop_lag_p99_ms
    if lag_ms is None or p99_ms is None or lag_ms <= max(LARGE_LAG_MS, EXPLAINS * p99_ms):
        return ""
    return (
        f"the load process itself was slow: its event loop came round {fmt.milliseconds(lag_ms)} "
        f"late (p99), which is most of the p99 latency of {fmt.milliseconds(p99_ms)}"
    )


def obstacle_to_speed(delivery: Delivery) -> str:
    """Say why no figure of speed tells of the target; empty where they do.

    What a slow target held back is in its own latencies.
    """
    return delivery.reason if delivery.limited_by in {"generator", "users"} else ""


def doubted(criteria: Iterable[Criterion], delivery: Delivery) -> tuple[Criterion, ...]:
    """Return criteria with those in doubt that rest on a load which was not delivered.

    Where the load process or its users limited it, that is latency and throughput. Where the
    target did, they are its own; but of requests that it kept from being sent, more than 1 %, the
    latency is only known to be long, so that no limit of latency is known to be kept.
    """
    if obstacle_to_speed(delivery):
        return tuple(
            _doubt(c, delivery.reason) if c.name in SPEED_CRITERIA else c for c in criteria
        )
    if delivery.due and delivery.unsent > MOST_LATE * delivery.due:
        return tuple(
            _doubt(c, delivery.reason) if c.met and c.name in LATENCY_CRITERIA else c
            for c in criteria
        )
    return tuple(criteria)


def unreached(criteria: Iterable[Criterion], held_back: str) -> tuple[Criterion, ...]:
    """Return criteria with a rate in doubt that was not reached, where the load held it back.

    Args:
        criteria: as they are judged by what was measured.
        held_back: why the load could send no more; empty where it could.
    """
    return tuple(
        _doubt(c, f"no higher rate was reached: {held_back}")
        if held_back and c.name == "requests_per_second" and c.met is False
        else c
        for c in criteria
    )


def _doubt(criterion: Criterion, reason: str) -> Criterion:
    return criterion.model_copy(update={"met": None, "reason": reason})
