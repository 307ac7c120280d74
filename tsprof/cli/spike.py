"""``tsprof spike``."""

from typing import Any

import click

from tsprof.cli.options import duration_option, examples, scale_option, scenario_options
from tsprof.cli.scenario import run_scenario
from tsprof.cli.sections import SectionedCommand
from tsprof.config.defaults import default


@click.command(
    cls=SectionedCommand,
    epilog=examples(
        "tsprof spike --url /items --rate 100 -- uvicorn app:app --port {port}",
        "tsprof spike --scale 0.1 --times 5 --criterion 'recovery_seconds < 10'",
    ),
)
@click.option(
    "--times",
    type=float,
    metavar="N",
    help=f"Multiply the load by this (default {default('spike', 'times')}).",
)
@duration_option("spike")
@scale_option
@scenario_options
def spike(**parameters: Any) -> int:
    """See how a service bears a sudden load.

    Multiplies users and rate for a while, and measures how long the service takes to serve as
    before, what it dropped, and what memory it kept.
    """
    from tsprof.scenarios.spike import plan

    return run_scenario("spike", plan, parameters)
