"""``tsprof compare``."""

from pathlib import Path
from typing import Any

import click

from tsprof.cli.options import duration_option, examples, scale_option, scenario_options
from tsprof.cli.scenario import run_scenario
from tsprof.cli.sections import SectionedCommand


@click.command(
    cls=SectionedCommand,
    epilog=examples(
        "tsprof compare --url / --reference 'python old.py {port}' -- python new.py {port}",
        "tsprof compare --expect 90.5 --reference 'uvicorn slow:app --port {port}'",
    ),
)
@click.option(
    "--reference",
    metavar="COMMAND",
    help="The program to compare with, in quotes; {port} becomes a free port of its own.",
)
@click.option(
    "--reference-cwd",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Run it in this folder (default: that of the target).",
)
@click.option(
    "--expect",
    type=click.FloatRange(0, min_open=True),
    metavar="FACTOR",
    help="The target must serve so many times the reference's requests per second.",
)
@duration_option("compare")
@scale_option
@scenario_options
def compare(expect: float | None, **parameters: Any) -> int:
    """Compare two services under the same load.

    Starts both, and puts each under the load in short turns, so that what the machine does besides
    hits both alike. Says how many times as fast the target is, in requests per second, CPU time
    per request and latency, with intervals, and looks for leaks in both.
    """
    from tsprof.scenarios.compare import plan

    if expect is not None:
        limits = {"speedup": str(expect)} | (parameters.get("criterion") or {})
        parameters = {**parameters, "criterion": limits}
    return run_scenario("compare", plan, parameters)
