"""``tsprof flame``: where the CPU time goes, measured, or drawn from stored runs."""

import sys
from functools import partial
from typing import Any

import click

from tsprof.cli.options import (
    examples,
    load_options,
    output_options,
    target_command,
    target_options,
)
from tsprof.cli.scenario import run_scenario
from tsprof.cli.sections import SectionedCommand, section
from tsprof.errors import UsageError
from tsprof.units import DURATION


class FlameCommand(SectionedCommand):
    """A command that takes runs before ``--``, and the target's command after it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Set the words before ``--`` apart as ``runs``."""
        cut = args.index("--") if "--" in args else len(args)
        command = args[cut + 1 :]
        rest = super().parse_args(ctx, args[:cut])
        ctx.params["runs"] = ctx.params["command"]
        ctx.params["command"] = tuple(command)
        return rest


sampling_options = section(
    "Sampling",
    click.option(
        "--max-time",
        type=DURATION,
        help="Longest time under load (default 2m).",
    ),
    click.option(
        "--samples-per-second",
        type=int,
        metavar="N",
        help="How often each process is sampled (default 500).",
    ),
    click.option(
        "--native",
        is_flag=True,
        default=None,
        help="Show functions of C extensions, too; the target is held for each sample.",
    ),
    click.option(
        "--gil/--no-gil",
        default=None,
        help="Sample only threads that hold the GIL (default: yes). Without it system calls are "
        "told apart, but what waits for a processor counts as if it ran.",
    ),
    click.option(
        "--profiler",
        metavar="NAME",
        help="callgrind: count the instructions of a native program, which runs 50 times as long.",
    ),
    click.option("--threads", is_flag=True, default=None, help="Tell threads apart."),
    click.option("--idle", is_flag=True, default=None, help="Also threads that wait."),
    click.option(
        "--lines",
        is_flag=True,
        default=None,
        help="Then run it under Scalene: CPU time, memory and copies by line of your own code.",
    ),
    click.option(
        "--agent/--no-agent",
        default=None,
        help="Have an agent inside the target, which says whose code is whose (default: yes).",
    ),
)
"""How to sample."""


@click.command(
    cls=FlameCommand,
    epilog=examples(
        "tsprof flame --url /items -- uvicorn app:app --port {port}",
        "tsprof flame 20260314T150926-endurance",
        "tsprof flame --diff 20260314T150926-flame 20260315T101500-flame",
        "tsprof flame --memory 20260314T150926-check",
    ),
)
@click.option(
    "--diff",
    nargs=2,
    metavar="RUN_A RUN_B",
    help="Compare two stored runs, per request; a run with itself: its first half with its second.",
)
@click.option(
    "--memory",
    is_flag=True,
    help="Draw a stored run's memory: what its attribution window left behind, and what it had at "
    "its peak, by call stack.",
)
@click.option("--open", "show", is_flag=True, help="Open the picture in a browser.")
@sampling_options
@target_command
@target_options
@load_options
@output_options
def flame(
    runs: tuple[str, ...],
    diff: tuple[str, str] | None,
    *,
    memory: bool,
    show: bool,
    **parameters: Any,
) -> int:
    """Show where the CPU time goes.

    Starts the service, puts it under load, and samples the call stacks of all its processes from
    outside until the shares of the hottest functions are precise. Prints the functions with the
    most time, and writes a flame graph as HTML and SVG, speedscope JSON and folded stacks into the
    run's folder. With RUN, a name that tsprof runs lists, it draws what that run has sampled.
    """
    from tsprof.cli import pictures
    from tsprof.scenarios.flame import plan

    quiet = bool(parameters["quiet"])
    outputs = {name: parameters[name] for name in ("json", "junit", "markdown", "html")}
    draw = partial(pictures.draw, outputs=outputs, quiet=quiet, show=show)
    if memory and (diff or not runs):
        raise UsageError(
            "--memory draws what a stored run has found: name one",
            hint="tsprof check finds what leaks; tsprof runs lists its runs",
        )
    if diff or runs:
        if parameters["command"]:
            raise UsageError("a stored run is drawn, or a command is measured; not both")
        if len(runs) + bool(diff) > 1:
            raise UsageError(
                "name one run to draw, or two to compare with --diff",
                hint="a command to measure goes after --",
            )
        if memory:
            return pictures.show_memory(runs[0], outputs, quiet=quiet, show=show)
        if diff:
            return pictures.compare(*diff, outputs, quiet=quiet, show=show)
        return pictures.show_run(runs[0], outputs, sys.stdout.buffer, quiet=quiet, show=show)
    return run_scenario("flame", plan, parameters, draw)
