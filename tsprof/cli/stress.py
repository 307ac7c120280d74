"""``tsprof stress``."""

from typing import Any

import click

from tsprof.cli.options import duration_option, examples, scale_option, scenario_options
from tsprof.cli.scenario import run_scenario
from tsprof.cli.sections import SectionedCommand


@click.command(
    cls=SectionedCommand,
    epilog=examples(
        "tsprof stress --url /items -- uvicorn app:app --port {port}",
        "tsprof stress --scale 0.05 --users 100 --criterion 'requests_per_second > 2000'",
    ),
)
@duration_option("stress")
@scale_option
@scenario_options
def stress(**parameters: Any) -> int:
    """Find the highest rate that a service sustains.

    Holds one rate after the other, each higher than the last one that the service answered in
    full, and says what gives way first: a processor, the machine, errors, or the load itself.
    A leak that shows meanwhile fails the run, too.
    """
    from tsprof.scenarios.stress import plan

    return run_scenario("stress", plan, parameters)
