"""What does sampling cost the target? CPU per request, with py-spy at work and without.

    python benchmarks/sampling_cost.py
    python benchmarks/sampling_cost.py --rounds 40 --rates 100 --rates 1000

As `overhead.py`, on the demo service: services of the same command take turns, and py-spy samples
one of them while it has its turn. That is what a sampled segment costs; a soak samples one in ten.
"""

import argparse
import random
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from overhead import SERVICE, WARM_UP, Variant, row, segment, start
from tabulate import tabulate

from tsprof.analysis.attribution.sites import Origin
from tsprof.profilers.py_spy import PySpy
from tsprof.profilers.sampling import Sampling


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--requests", type=int, default=3000, help="per round and variant")
    parser.add_argument("--rates", type=int, action="append", help="samples per second")
    options = parser.parse_args()
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        plain = Variant("plain", (sys.executable, *SERVICE))
        rates = options.rates or [100, 200]
        sampled = [(Variant(f"{rate} samples a second", plain.command), rate) for rate in rates]
        variants = [(plain, 0), *sampled]
        for variant, _ in variants:
            start(variant, scratch, stack)
            segment(variant, WARM_UP)
        behind = 0.0
        for number in range(options.rounds):
            for variant, rate in random.Random(number).sample(variants, len(variants)):
                assert variant.target is not None
                first = variant.target.processes()[0].pid
                spy = PySpy(first, scratch / "folded", Sampling(rate=rate)) if rate else None
                variant.cpu.append(segment(variant, options.requests) / options.requests)
                if spy is not None:
                    spy.stop()
                    behind = max(behind, spy.result(lambda _: Origin(kind="application")).behind)
            print(f"round {number + 1}/{options.rounds}", file=sys.stderr)
    print(tabulate([row(variant, plain) for variant, _ in variants], headers="keys"))
    print(f"py-spy was behind by {behind:g} s at the worst")


if __name__ == "__main__":
    main()
