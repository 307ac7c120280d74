"""What the target said of itself, as one value per segment: shares, rates, means and levels.

Counters are compared before and after each segment. An average since the start hides a decay: a
cache that stops hitting after an hour still shows half its hits after two.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from itertools import pairwise

from tsprof.records import Checkpoint, GaugeReading, Segment
from tsprof.report.model import GaugeKind

ENOUGH = 0.8
"""Part of the segments in which a gauge must be known to be judged."""
_HIT = re.compile(r"(?<![a-z])hit(s?)(?![a-z])")
_HITS_COUNTED = re.compile(r"(?<![a-z])hits?(?:_total)?$")
_HIT_RATE = re.compile(r"(?<![a-z])hits?_?(?:rate|ratio)$")
_SHARE = re.compile(r"(?<![a-z])(?:rate|ratio|share|fraction)$")
_NEW_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_IDENTITY = re.compile(r"(?:(?:^|[._])pid|process_start_time_seconds)$")
"""Says which process answers."""
_RESET = "it fell while its process lived on, so it does not count since the start"
_AS_COMPUTED = (
    "as the target computes it; where that is an average since its start, it hides a decay, which "
    "counters of hits and misses would show"
)
_SEVERAL_PROCESSES = (
    "each process of the target counts for itself, and the answers come from different ones; let "
    "the target answer for all of them (in prometheus_client: its multiprocess mode), or run one"
)


@dataclass(frozen=True, kw_only=True)
class Gauge:
    """One gauge over the segments."""

    name: str
    """Of the metric with its labels, or ``rate(...)`` or ``mean(...)`` of one."""
    source: str
    """The address that told it."""
    kind: GaugeKind
    """What it is."""
    values: tuple[float, ...]
    """One per segment; NaN where it is not known."""
    overall: float | None
    """Over all segments together; for a level, as it was last read; None when unknown."""
    hits: bool = False
    """It is a hit rate, of which less is worse."""
    remark: str = ""
    """What a reader must know about it."""

    @property
    def seen(self) -> int:
        """In how many segments it is known."""
        return sum(math.isfinite(value) for value in self.values)

    @property
    def judgeable(self) -> bool:
        """Whether it is known in enough segments."""
        return self.seen > 0 and self.seen >= ENOUGH * len(self.values)


@dataclass(frozen=True)
class Gauges:
    """All gauges of a run."""

    by_name: Mapping[str, Gauge]
    """Those that can be used."""
    unread: Mapping[str, str]
    """Addresses of which nothing can be used, and why."""
    refused: Mapping[str, str]
    """Counters that cannot be used, and why."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What was not used, and why."""
        reasons = {f"the gauges at {source}": reason for source, reason in self.unread.items()}
        return tuple(f"{what}: {why}" for what, why in (reasons | dict(self.refused)).items())

    def find(self, name: str) -> Gauge | None:
        """Return a gauge by its name; one whose name nothing else has is known without labels."""
        alike = [gauge for known, gauge in self.by_name.items() if _bare(known) == name]
        return self.by_name.get(name) or (alike[0] if len(alike) == 1 else None)

    def ending_in(self, name: str) -> str | None:
        """Return the full name of a gauge, whatever it begins with; None where there is none.

        Args:
            name: what it ends in: ``cache_hit_rate`` is ``shop_cache_hit_rate`` and
                ``cache.hit_rate``.
        """
        for known in self.by_name:
            if f"_{_bare(known).replace('.', '_')}".endswith(f"_{name}"):
                return known
        return None

    def told(self, limits: Mapping[str, str]) -> dict[str, str]:
        """Return, by their full names, the limits on gauges that there are.

        Args:
            limits: by what names end in.
        """
        named = ((self.ending_in(name), limit) for name, limit in limits.items())
        return {full: limit for full, limit in named if full is not None}

    def why_not(self, name: str) -> str:
        """Say why there is no gauge of that name, or too little of it."""
        gauge = self.find(name)
        if gauge is not None:
            return f"it is known in {gauge.seen} of {len(gauge.values)} segments only"
        several = [known for known in self.by_name if _bare(known) == name]
        if several:
            return f"it has several series; name one, such as {several[0]}"
        reasons = [f"{source}: {reason}" for source, reason in self.unread.items()]
        close = get_close_matches(name, self.by_name, n=1)
        nearest = f"; the nearest name is {close[0]}" if close else ""
        return "; ".join(reasons) or f"the target does not tell it{nearest}"


def gauges_of(
    sources: Sequence[str],
    readings: Sequence[GaugeReading],
    segments: Sequence[Segment],
    checkpoints: Sequence[Checkpoint],
) -> Gauges:
    """Make gauges of what was read.

    Args:
        sources: the addresses that were to be asked.
        readings: of the whole run, in order; a segment's comes before the checkpoint that has the
            segment's number.
        segments: those to be judged.
        checkpoints: of the whole run, to tell a restart from another process that answers.
    """
    restarts = _restarts(checkpoints)
    by_name: dict[str, Gauge] = {}
    unread: dict[str, str] = {}
    refused: dict[str, str] = {}
    for source in sources:
        own = [reading for reading in readings if reading.source == source]
        reset = _fallen(own, restarts)
        if not own or reset is None:
            unread[source] = "nothing was read" if not own else _SEVERAL_PROCESSES
            continue
        refused |= dict.fromkeys(reset, _RESET)
        for gauge in _made(source, own, segments, restarts, reset):
            by_name.setdefault(gauge.name, gauge)
    return Gauges(by_name, unread, refused)


def _restarts(checkpoints: Sequence[Checkpoint]) -> frozenset[int]:
    """Return the checkpoints before which a process of the target had ended."""
    alive = [{reading.identity for reading in c.processes} for c in checkpoints]
    return frozenset(
        checkpoint.number
        for (before, after), checkpoint in zip(pairwise(alive), checkpoints[1:], strict=False)
        if before - after
    )


def _fallen(readings: Sequence[GaugeReading], restarts: frozenset[int]) -> set[str] | None:
    """Return the counters that fell though no process had ended, without their labels.

    None when it was another process that answered: most of what had changed fell (half of it is
    enough while the target rests, since the way back makes up the other half), or the reply names
    another process.
    """
    fallen: set[str] = set()
    for before, after in pairwise(readings):
        resting = before.checkpoint == after.checkpoint
        passed = range(before.checkpoint + 1, after.checkpoint + 1)
        if any(number in restarts for number in passed):
            continue
        changes = [
            (_bare(name), after.totals[name] - value)
            for name, value in before.totals.items()
            # A sum of negative observations may fall.
            if not _bare(name).endswith("_sum") and after.totals.get(name, value) != value
        ]
        fell = [name for name, change in changes if change < 0]
        another = any(
            after.levels.get(name, value) != value
            for name, value in before.levels.items()
            if _IDENTITY.search(name)
        )
        most = len(changes) / 2 if resting else (len(changes) + 1) / 2
        if another or (fell and len(fell) >= most):
            return None
        fallen.update(fell)
    return fallen


def _made(
    source: str,
    readings: Sequence[GaugeReading],
    segments: Sequence[Segment],
    restarts: frozenset[int],
    reset: set[str],
) -> Iterator[Gauge]:
    """Yield every gauge of one address; what was counted per segment comes first."""
    grown = {
        name: values
        for name, values in _growth(readings, segments, restarts).items()
        if _bare(name) not in reset
    }
    requests = [float(segment.requests) for segment in segments]
    several = Counter(_bare(name) for name in grown if "{" in name)
    for name, hits in grown.items():
        misses = grown.get(_HIT.sub(lambda hit: "misses" if hit[1] else "miss", name))
        # A series that is the only one of its name is told by the sum.
        alone = "{" in name and several[_bare(name)] == 1
        if misses is not None and misses is not hits and not alone:
            yield _share(source, name, hits, misses)
    for name, amounts in grown.items():
        bare = _bare(name)
        stem, labels = bare.removesuffix("_sum"), name[len(bare) :]
        counts = grown.get(f"{stem}_count{labels}") if stem != bare else None
        if counts is not None:
            yield _quotient(source, f"mean({stem}{labels})", "mean", amounts, counts)
        elif not bare.endswith(("_sum", "_count")):
            yield _quotient(source, f"rate({name})", "rate", amounts, requests)
    yield from _levels(source, readings, segments)


def _growth(
    readings: Sequence[GaugeReading], segments: Sequence[Segment], restarts: frozenset[int]
) -> dict[str, list[float]]:
    """Return how much each total grew in each segment; NaN where that is not known."""
    summed = [(reading.checkpoint, _summed(reading.totals)) for reading in readings]
    before, after = dict(summed), dict(reversed(summed))
    grown: dict[str, list[float]] = {name: [] for _, totals in summed for name in totals}
    for segment in segments:
        early, late = before.get(segment.number - 1), after.get(segment.number)
        restarted = segment.number in restarts and _any_fell(early or {}, late or {})
        for name, values in grown.items():
            if early is None or late is None or restarted or (name in early and name not in late):
                values.append(math.nan)
                continue
            # A counter with labels is told only from its first event on.
            change = late.get(name, 0.0) - early.get(name, 0.0)
            values.append(change if change >= 0 or _bare(name).endswith("_sum") else math.nan)
    return grown


def _any_fell(early: Mapping[str, float], late: Mapping[str, float]) -> bool:
    return any(late.get(name, 0.0) < value for name, value in early.items())


def _summed(totals: Mapping[str, float]) -> dict[str, float]:
    """Return the totals, and for each name with labels the sum over them."""
    series: dict[str, list[float]] = defaultdict(list)
    for name, value in totals.items():
        series[_bare(name)].append(value)
    return {bare: math.fsum(values) for bare, values in series.items()} | dict(totals)


def _bare(name: str) -> str:
    """Return a name without its labels; ``rate(...)`` and the like keep their form."""
    bare, labels, _ = name.partition("{")
    return bare + ")" if labels and "(" in bare else bare


def _share(source: str, name: str, hits: list[float], misses: list[float]) -> Gauge:
    bare = _bare(name)
    called = _HITS_COUNTED.sub("hit_rate", bare) + name[len(bare) :]
    if called == name:  # the word stands in a label
        called = f"hit_rate({name})"
    lookups = [hit + miss for hit, miss in zip(hits, misses, strict=True)]
    share = _quotient(source, called, "share", hits, lookups)
    return replace(share, hits=True, remark="from hits and misses counted in each segment")


def _quotient(
    source: str, name: str, kind: GaugeKind, parts: list[float], wholes: list[float]
) -> Gauge:
    pairs = list(zip(parts, wholes, strict=True))
    known = [(p, w) for p, w in pairs if math.isfinite(p) and math.isfinite(w)]
    total = math.fsum(whole for _, whole in known)
    return Gauge(
        name=name,
        source=source,
        kind=kind,
        values=tuple(part / whole if whole > 0 else math.nan for part, whole in pairs),
        overall=math.fsum(part for part, _ in known) / total if total > 0 else None,
    )


def _levels(
    source: str, readings: Sequence[GaugeReading], segments: Sequence[Segment]
) -> Iterator[Gauge]:
    told = {reading.checkpoint: reading.levels for reading in reversed(readings)}
    for name in dict.fromkeys(name for reading in readings for name in reading.levels):
        if _IDENTITY.search(name):
            continue
        values = tuple(told.get(s.number, {}).get(name, math.nan) for s in segments)
        known = [value for value in values if math.isfinite(value)]
        within = all(0 <= value <= 1 for value in known)
        words = _NEW_WORD.sub("_", _bare(name)).lower()
        hits = within and _HIT_RATE.search(words) is not None
        share = hits or (within and _SHARE.search(words) is not None)
        yield Gauge(
            name=name,
            source=source,
            kind="share" if share else "level",
            values=values,
            overall=known[-1] if known else None,
            hits=hits,
            remark=_AS_COMPUTED if hits else "",
        )
