"""Two targets that took turns under the same load: how many times as fast is one of them?

What the machine does besides moves both sides of a block alike, and blocks are nearly independent:
the factor is the mean of the blocks' log ratios, its interval that of Student's t. What the load
itself limited is a bound of the factor, not its value.
"""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from scipy.special import stdtrit

from tsprof.analysis.growth.noise import Floats
from tsprof.analysis.service.phases import Outcome
from tsprof.analysis.service.turns import (
    LEAST_BLOCKS,
    Turns,
    generator_limit,
    joined,
    obstacle,
    rate_limit,
    whole_blocks,
)
from tsprof.histogram import PARTS
from tsprof.report import format as fmt
from tsprof.report.model import Comparison, Criterion, Ratio, Reference, Report

SPEEDUPS: Mapping[str, str] = {"speedup": "requests_per_second", "cpu_speedup": "cpu_ms"}
"""Criteria of a comparison, and the figure that each is about."""
FIGURES: Mapping[str, tuple[Callable[[Turns], float | None], int]] = {
    "requests_per_second": (lambda turns: turns.requests_per_second, 1),
    "cpu_ms": (lambda turns: turns.cpu_ms, -1),
    "p50_ms": (lambda turns: turns.percentile(50), -1),
    "p99_ms": (lambda turns: turns.percentile(99), -1),
}
"""What is compared, and whether more (1) or less (-1) of it is better."""
SURE = 0.975
_ADVICE = (
    "let the users cost less CPU (tsprof.load.LeanHttpUser), share the load among "
    "--load-processes, or leave --rate out; or hold the target to its cost, as in "
    "--criterion 'cpu_speedup >= 2'"
)


def took_turns(reference: Report, theirs: Mapping[str, Turns], own: Mapping[str, Turns]) -> Outcome:
    """Return what a comparison came to.

    Args:
        reference: the report on the other target.
        theirs: its turns, by block.
        own: those of the target of the run.
    """
    blocks = whole_blocks(theirs, own)
    ratios = compare_blocks(blocks)
    whole = joined(list(own.values()))
    busy = whole.cpu_seconds / whole.seconds if whole.cpu_seconds and whole.seconds else None
    ended = "" if reference.complete else f"of the reference, {reference.reasons[0]}"
    return Outcome(
        segments=whole.segments,
        values={"cpu_percent": None if busy is None else 100 * busy},
        highlights=highlights(ratios),
        comparison=Comparison(reference=_summary(reference), blocks=len(blocks), ratios=ratios),
        obstacle=ended or obstacle(blocks),
    )


def _summary(report: Report) -> Reference:
    return Reference(
        command=report.provenance.command,
        verdict=report.verdict,
        reasons=report.reasons,
        growth=report.growth,
        rss_bytes=report.memory[-1].rss_bytes if report.memory else None,
        findings=report.findings,
    )


def compare_blocks(blocks: Sequence[tuple[Turns, Turns]]) -> tuple[Ratio, ...]:
    """Return how many times as good the target is, for each of ``FIGURES`` that is known.

    Args:
        blocks: the reference's turns and the target's, of each block.
    """
    if not blocks:
        return ()
    reference, target = (joined(side) for side in zip(*blocks, strict=True))
    slow = (generator_limit(reference.segments), generator_limit(target.segments))
    limits = {
        "requests_per_second": (
            rate_limit(reference.segments) or slow[0],
            rate_limit(target.segments) or slow[1],
        ),
        "cpu_ms": ("", ""),
    }
    ratios = []
    for name, (figure, better) in FIGURES.items():
        whole = figure(reference), figure(target)
        logs = [_log(figure(one), figure(other)) for one, other in blocks]
        known = [log for log in logs if log is not None]
        if len(known) < len(logs) or whole[0] is None or whole[1] is None:
            continue
        finest = 1 / PARTS if name in ("p50_ms", "p99_ms") else 0.0
        factor, low, high = _factor(better * np.array(known), finest)
        limited = limits.get(name, slow)
        ratios.append(
            Ratio(
                name=name,
                reference=whole[0],
                target=whole[1],
                factor=factor,
                low=low,
                high=high,
                reference_limited=limited[0],
                target_limited=limited[1],
            )
        )
    return tuple(ratios)


def _log(reference: float | None, target: float | None) -> float | None:
    return math.log(target / reference) if reference and target else None


def _factor(logs: Floats, finest: float) -> tuple[float, float | None, float | None]:
    """Return the factor and its interval, which is no finer than what is read."""
    middle = float(np.mean(logs))
    if len(logs) < LEAST_BLOCKS:
        return math.exp(middle), None, None
    error = float(np.std(logs, ddof=1)) / math.sqrt(len(logs))
    reach = max(float(stdtrit(len(logs) - 1, SURE)) * error, finest)
    return math.exp(middle), math.exp(middle - reach), math.exp(middle + reach)


def judge_speedups(
    limits: Mapping[str, float], comparison: Comparison | None, why_not: str
) -> tuple[Criterion, ...]:
    """Hold a comparison to the factors that were expected.

    Args:
        limits: by the names of ``SPEEDUPS``; others are left out.
        comparison: of the run; None where it was of one target.
        why_not: why the two cannot be compared; empty where they can.

    Returns:
        Met or missed where the whole interval is beyond the limit. A side that was limited by the
        load would have done better: that makes the factor a lower bound where it is the target's
        side, which meets a limit but misses none, and an upper bound where it is the reference's.
    """
    by_name = {ratio.name: ratio for ratio in comparison.ratios} if comparison else {}
    return tuple(
        _judged(name, limits[name], by_name.get(figure), why_not)
        for name, figure in SPEEDUPS.items()
        if name in limits
    )


def _judged(name: str, limit: float, ratio: Ratio | None, why_not: str) -> Criterion:
    known = Criterion(name=name, limit=limit, value=None, met=None, comparison=">=")
    if why_not:
        return known.model_copy(update={"reason": "the two targets could not be compared"})
    if ratio is None or ratio.low is None or ratio.high is None:
        return known
    met = ratio.low >= limit and not ratio.reference_limited
    missed = ratio.high < limit and not ratio.target_limited
    sides = {"reference": ratio.reference_limited, "target": ratio.target_limited}
    limited = "; ".join(f"of the {side}: {text}" for side, text in sides.items() if text)
    if limited and not met and not missed:
        return known.model_copy(update={"reason": f"the load limited what was measured {limited}"})
    return known.model_copy(
        update={"value": ratio.factor, "met": True if met else False if missed else None}
    )


def advice_on_speedups(
    criteria: Sequence[Criterion], comparison: Comparison | None
) -> tuple[str, ...]:
    """Return what to do where the load kept a speedup from being told."""
    ratios = comparison.ratios if comparison else ()
    limited = {ratio.name for ratio in ratios if ratio.reference_limited or ratio.target_limited}
    if not any(c.met is None and SPEEDUPS.get(c.name) in limited for c in criteria):
        return ()
    return (_ADVICE,)


def highlights(ratios: Sequence[Ratio]) -> tuple[str, ...]:
    """Return what a comparison comes to, in sentences."""
    words = {
        "requests_per_second": "requests per second: {} those of the reference",
        "cpu_ms": "CPU time per request: that of the reference is {} the target's",
    }
    return tuple(words[ratio.name].format(_times(ratio)) for ratio in ratios if ratio.name in words)


def _times(ratio: Ratio) -> str:
    bound = {(True, False): "at most ", (False, True): "at least "}.get(
        (bool(ratio.reference_limited), bool(ratio.target_limited)), ""
    )
    if ratio.low is None or ratio.high is None:
        return f"{bound}{fmt.number(ratio.factor)} times"
    between = f"{fmt.number(ratio.low)} to {fmt.number(ratio.high)}"
    same = ", no difference" if ratio.low <= 1 <= ratio.high and not bound else ""
    return f"{bound}{fmt.number(ratio.factor)} times ({between}{same})"
