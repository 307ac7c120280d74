"""``tsprof baseline``."""

from typing import Any

import click

from tsprof.cli.options import duration_option, examples, scale_option, scenario_options
from tsprof.cli.scenario import run_scenario
from tsprof.cli.sections import SectionedCommand


@click.command(
    cls=SectionedCommand,
    epilog=examples(
        "tsprof baseline --url /items --rate 500 -- uvicorn app:app --port {port}",
        "tsprof baseline --scale 0.05 --gauges /metrics --save-baseline main.json",
        "tsprof baseline --baseline main.json --criterion 'p99_ms < 20'",
    ),
)
@duration_option("baseline")
@scale_option
@scenario_options
def baseline(**parameters: Any) -> int:
    """Measure a service under its usual load.

    Keeps a steady load up and holds the service to its criteria: latency, failed requests, its own
    cache hit rate, and no leak. With --save-baseline the run is what later
    ones are compared with.
    """
    from tsprof.scenarios.baseline import plan

    return run_scenario("baseline", plan, parameters)
