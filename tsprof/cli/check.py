"""``tsprof check``."""

from typing import Any

import click

from tsprof.cli.options import BESIDES, examples, scenario_options
from tsprof.cli.scenario import run_scenario
from tsprof.cli.sections import SectionedCommand
from tsprof.units import DURATION


@click.command(
    cls=SectionedCommand,
    epilog=examples(
        "tsprof check --url /items -- uvicorn app:app --port {port}",
        "tsprof check --locustfile load.py --junit leaks.xml -- gunicorn -b :{port} app:app",
        "tsprof check --json - --quiet",
        "tsprof check --save-baseline main.json",
        "tsprof check --baseline main.json --acknowledged known.toml",
    ),
)
@click.option("--max-time", type=DURATION, help=f"Longest time under load (default 55s). {BESIDES}")
@scenario_options
def check(**parameters: Any) -> int:
    """Check a service for leaks.

    Starts the service, drives counted requests at it, and reads exact memory counters in the
    pauses between them. Ends with a verdict and an exit code as soon as it is sure: pass (0),
    fail (1) or inconclusive (3).
    """
    from tsprof.scenarios.check import plan

    return run_scenario("check", plan, parameters)
