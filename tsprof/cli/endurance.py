"""``tsprof endurance``."""

from typing import Any

import click

from tsprof.cli.options import BESIDES, examples, scenario_options
from tsprof.cli.scenario import run_scenario
from tsprof.cli.sections import Decorator, SectionedCommand
from tsprof.config.defaults import as_written
from tsprof.config.values import LONGEST_DURATION
from tsprof.errors import UsageError
from tsprof.units import DURATION


def _length(name: str, unit: float, meaning: str) -> Decorator:
    """Return an option that says how long the soak is; a unit has so many seconds."""

    def in_seconds(
        context: click.Context, parameter: click.Parameter, value: float | None
    ) -> float | None:
        if value is None:
            return None
        if not 0 < value * unit <= LONGEST_DURATION:
            wrong = f"must be more than 0 and at most a year, not {value:g}"
            raise click.BadParameter(wrong, context, parameter)
        return value * unit

    return click.option(
        name, type=float, callback=in_seconds, metavar=name[2].upper(), help=meaning
    )


@click.command(
    cls=SectionedCommand,
    epilog=examples(
        "tsprof endurance --hours 4 --url /items -- uvicorn app:app --port {port}",
        "tsprof endurance --minutes 30 --checkpoint-every 30s --keep-going",
        "tsprof endurance --hours 1 --baseline last-release.json",
    ),
)
@_length("--hours", 3600, f"How long, in hours (default {as_written('endurance', 'duration')}).")
@_length("--minutes", 60, f"How long, in minutes. {BESIDES}")
@_length("--seconds", 1, "How long, in seconds.")
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

    given = [length for length in (hours, minutes, seconds) if length is not None]
    if len(given) > 1:
        raise UsageError("--hours, --minutes and --seconds say the same thing; keep one")
    return run_scenario("endurance", plan, {**parameters, "duration": given[0] if given else None})
