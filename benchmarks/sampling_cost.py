"""What does sampling cost the target? CPU per request, with py-spy at work and without.

    python benchmarks/sampling_cost.py
    python benchmarks/sampling_cost.py --rounds 60 --rates 100 --every 1 --every 3 --every 20

As `overhead.py`, on the demo service: services of the same command take turns, and py-spy samples
one of them while it has its turn, each time or every so many times. A soak of four hours samples
one segment in 20, and one of two minutes each third: what that costs is measured as it is, over all
segments, those that are sampled and those that are not. Printed is the mean over rounds of CPU per
request over the plain service's in the same round, and its 95 % interval (bootstrap over rounds).
"""

import argparse
import random
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from statistics import fmean

from overhead import SERVICE, WARM_UP, Variant, segment, start
from tabulate import tabulate

from tsprof.analysis.attribution.sites import Origin
from tsprof.profilers.py_spy import PySpy
from tsprof.profilers.sampling import Sampling


@dataclass(frozen=True)
class Case:
    """One way of sampling the service."""

    service: Variant
    rate: int = 0
    """Samples a second; 0 for none."""
    every: int = 1
    """Rounds of which one is sampled."""


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=40, help="a multiple of each --every")
    parser.add_argument("--requests", type=int, default=3000, help="per round and variant")
    parser.add_argument("--rates", type=int, action="append", help="samples per second")
    parser.add_argument("--every", type=int, action="append", help="rounds of which one is sampled")
    options = parser.parse_args()
    command = (sys.executable, *SERVICE)
    cases = [Case(Variant("plain", command))]
    for rate, every in product(options.rates or [100], options.every or [1, 20]):
        name = f"{rate} samples a second, one segment in {every}"
        cases.append(Case(Variant(name, command), rate, every))
    behind = 0.0
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for case in cases:
            start(case.service, scratch, stack)
            segment(case.service, WARM_UP)
        for number in range(options.rounds):
            for case in random.Random(number).sample(cases, len(cases)):
                sampled = case.rate and number % case.every == 0
                behind = max(behind, turn(case, options.requests, scratch, sampled=bool(sampled)))
            print(f"round {number + 1}/{options.rounds}", file=sys.stderr)
    plain = cases[0].service
    print(tabulate([row(case, plain) for case in cases], headers="keys"))
    print(f"py-spy was behind by {behind:g} s at the worst")


def turn(case: Case, requests: int, scratch: Path, *, sampled: bool) -> float:
    """Let a service have its turn; return by how many seconds py-spy was behind."""
    service = case.service
    assert service.target is not None
    spy = None
    if sampled:
        pid = service.target.processes()[0].pid
        spy = PySpy(pid, scratch / "folded", Sampling(rate=case.rate))
        spy.wait_until_ready()
    service.cpu.append(segment(service, requests) / requests)
    if spy is None:
        return 0.0
    spy.stop()
    return spy.result(lambda _: Origin(kind="application")).behind


def row(case: Case, plain: Variant) -> dict[str, str]:
    """Return one row of the table."""
    ratios = [a / b for a, b in zip(case.service.cpu, plain.cpu, strict=True)]
    sampled = ratios[:: case.every]
    unsampled = [ratio for number, ratio in enumerate(ratios) if number % case.every]
    chance = random.Random(0)
    means = sorted(fmean((*again(sampled, chance), *again(unsampled, chance))) for _ in range(2000))
    return {
        "variant": case.service.name,
        "CPU per request (us)": f"{1e6 * fmean(case.service.cpu):.0f}",
        "over plain": f"{100 * (fmean(ratios) - 1):+.2f} %",
        "95 % interval": f"{100 * (means[49] - 1):+.2f} to {100 * (means[1949] - 1):+.2f} %",
    }


def again(ratios: Sequence[float], chance: random.Random) -> list[float]:
    """Draw as many rounds again."""
    return chance.choices(ratios, k=len(ratios)) if ratios else []


if __name__ == "__main__":
    main()
