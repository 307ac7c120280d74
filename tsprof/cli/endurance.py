"""``tsprof endurance``."""

from typing import Any

import click

from tsprof.cli.options import examples, scenario_options
from tsprof.cli.scenario import run_scenario
from tsprof.errors import UsageError
from tsprof.units import DURATION


@click.command(
    epilog=examples(
        "tsprof endurance --hours 4 --url /items -- uvicorn app:app --port {port}",
        "tsprof endurance --minutes 30 --checkpoint-every 30s --keep-going",
        "tsprof endurance --hours 1 --baseline last-release.json",
    )
)
@click.option("--hours", type=float, metavar="H", help="How long, in hours (default 4).")
@click.option("--minutes", type=float, metavar="M", help="How long, in minutes.")
@click.option("--seconds", type=float, metavar="S", help="How long, in seconds.")
@click.option(
    "--checkpoint-every", type=DURATION, help="Time under load between checkpoints (default 60s)."
)
@scenario_options
def endurance(
    hours: float | None, minutes: float | None, seconds: float | None, **parameters: Any
) -> int:
    """Soak a service for hours.

    Keeps the service under continuous load, takes an exact checkpoint every so often, and judges
    leaks and the drift of latency, throughput, errors and the target's own gauges. A leak that is
    certain ends the run; --keep-going runs on.
    """
    from tsprof.scenarios.endurance import plan

    lengths = {3600.0: hours, 60.0: minutes, 1.0: seconds}
    given = [unit * value for unit, value in lengths.items() if value is not None]
    if len(given) > 1:
        raise UsageError("--hours, --minutes and --seconds say the same thing; keep one")
    return run_scenario(plan, {**parameters, "duration": given[0] if given else None})
