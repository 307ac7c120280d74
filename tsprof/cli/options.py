"""The options that commands share."""

import re
from pathlib import Path

import click

from tsprof.cli.sections import Decorator, section, together
from tsprof.config.criteria import CRITERIA
from tsprof.config.defaults import as_written
from tsprof.units import DURATION

_OWN_LIMIT = re.compile(r"\s*([a-z0-9_.]+)\s*(=)\s*([^=\s].*?)\s*")
_COMPARED = re.compile(r"\s*(.*?\S)\s*(<=|>=|<|>)\s*([^<>=]*[^<>=\s])\s*")


def examples(*lines: str) -> str:
    """Return the end of a command's help: command lines to copy."""
    title = "Example" if len(lines) == 1 else "Examples"
    return "\n".join(["\b", f"{title}:", *(f"  {line}" for line in lines)])


def _variables(
    context: click.Context, parameter: click.Parameter, texts: tuple[str, ...]
) -> dict[str, str] | None:
    """Split ``KEY=VALUE``."""
    for text in texts:
        if not text.partition("=")[0] or "=" not in text:
            raise click.BadParameter(f"{text!r} is not KEY=VALUE", context, parameter)
    return dict(text.split("=", 1) for text in texts) or None


def _limits(
    context: click.Context, parameter: click.Parameter, texts: tuple[str, ...]
) -> dict[str, str] | None:
    """Read criteria: ``p99_ms < 20``, ``error_rate=off``, ``cache_hit_rate > 80%``."""
    limits = {}
    for text in texts:
        match = _OWN_LIMIT.fullmatch(text) or _COMPARED.fullmatch(text)
        if match is None:
            form = "write it as in 'p99_ms < 20', 'error_rate=off' or 'cache_hit_rate > 80%'"
            raise click.BadParameter(f"{text!r} is no criterion; {form}", context, parameter)
        name, sign, limit = match.groups()
        known = CRITERIA.get(name)
        if known is not None and sign not in ("=", known.sign):
            wrong = f"{name} has to be {known.sign} its limit, not {sign}"
            raise click.BadParameter(wrong, context, parameter)
        limits[name] = limit if known is not None or sign == "=" else f"{sign} {limit}"
    return limits or None


def file_option(name: str, meaning: str) -> Decorator:
    """Return an option that names an output file, ``-`` for standard output.

    Args:
        name: of the option, such as ``--json``.
        meaning: the start of its help sentence.
    """
    return click.option(
        name,
        type=click.Path(path_type=Path, allow_dash=True),
        metavar="FILE",
        help=f"{meaning} (- for standard output).",
    )


target_command = click.argument("command", nargs=-1, type=click.UNPROCESSED, metavar="[-- COMMAND]")
"""The target's command, after ``--``."""

target_options = section(
    "Target",
    click.option(
        "--config",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Read this file instead of tsprof.toml or pyproject.toml.",
    ),
    click.option(
        "--ready",
        metavar="WHEN",
        help="When the target is ready: tcp (its port accepts), log:REGEX, or a URL that answers "
        "(default: the first --url is answered in any way; tcp with a Locust file).",
    ),
    click.option(
        "--ready-timeout",
        type=DURATION,
        help="How long the target may take to be ready (default 30s).",
    ),
    click.option(
        "--pid", type=int, metavar="PID", help="Measure this running process from outside."
    ),
    click.option(
        "--cwd",
        type=click.Path(path_type=Path),
        metavar="FOLDER",
        help="Run the command in this folder.",
    ),
    click.option(
        "--env",
        multiple=True,
        metavar="KEY=VALUE",
        callback=_variables,
        help="Set a variable for the target; can be repeated.",
    ),
)
"""How to start the target."""

load_options = section(
    "Load",
    click.option(
        "--locustfile",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="What users do (default locustfile.py).",
    ),
    click.option(
        "--url",
        multiple=True,
        metavar="PATH",
        help="Request this path with GET instead; can be repeated.",
    ),
    click.option(
        "--host", metavar="URL", help="Where the target serves (default http://127.0.0.1:{port})."
    ),
    click.option(
        "--users",
        type=int,
        metavar="N",
        help="Users at the same time (default: 10 in a check, more in other scenarios).",
    ),
    click.option(
        "--rate",
        type=float,
        metavar="R",
        help="Requests per second, due on a schedule whatever the target does; at most --users of "
        "them are under way at a time (default: a user sends when it has its last answer).",
    ),
    click.option(
        "--load-processes",
        "processes",
        type=int,
        metavar="N",
        help="Processes on this machine that share the load (default 1).",
    ),
    click.option(
        "--expect-workers",
        type=int,
        metavar="N",
        help="Wait for so many workers on other machines (tsprof worker) to share the load.",
    ),
    click.option(
        "--master-bind-host",
        metavar="ADDRESS",
        help="Where workers find this run (default 127.0.0.1). Elsewhere whoever reaches the port "
        "can join: Locust's protocol is neither encrypted nor authenticated.",
    ),
    click.option(
        "--master-bind-port",
        type=int,
        metavar="PORT",
        help="And at which port (default 5557).",
    ),
)
"""The requests to send, and who sends them."""

run_options = section(
    "Measuring",
    click.option(
        "--gauges",
        multiple=True,
        metavar="PATH",
        help="Read what the target tells of itself here (/metrics, /stats); can be repeated.",
    ),
    click.option(
        "--criterion",
        multiple=True,
        metavar="LIMIT",
        callback=_limits,
        help="A limit to keep, as in 'p99_ms < 20'; NAME=off drops one; can be repeated.",
    ),
    click.option(
        "--attribute/--no-attribute",
        default=None,
        help="Follow a leak to the lines that allocate it (default: yes).",
    ),
    click.option(
        "--profiler",
        metavar="NAME",
        help="The profiler that finds those lines: memray, tracemalloc, heaptrack, "
        "valgrind, massif or jemalloc.",
    ),
    click.option(
        "--hot-paths/--no-hot-paths",
        default=None,
        help="Sample where the CPU time goes (default: yes).",
    ),
    click.option(
        "--agent/--no-agent",
        default=None,
        help="Measure from inside the target (default: yes).",
    ),
    click.option(
        "--keep-going/--no-keep-going",
        default=None,
        help="Use the whole time even when the verdict is certain (default: no).",
    ),
    click.option(
        "--drain",
        type=DURATION,
        help="How long a target that grew may rest to let go (default 15s; longer while it does).",
    ),
    click.option(
        "--hang-timeout",
        type=DURATION,
        help="A target that answers nothing for so long has hung (default 30s).",
    ),
)
"""How to measure."""

monitor_options = section(
    "Monitoring",
    click.option(
        "--prometheus",
        type=click.IntRange(0, 65535),
        metavar="PORT",
        help="Serve the run's own metrics at this port of 127.0.0.1 (0 for a free one).",
    ),
    click.option(
        "--web",
        type=click.IntRange(0, 65535),
        is_flag=False,
        flag_value=0,
        metavar="[PORT]",
        help="Serve a page that shows the run at this port of 127.0.0.1 (default: a free one).",
    ),
    click.option(
        "--locust-ui",
        type=click.IntRange(0, 65535),
        is_flag=False,
        flag_value=8089,
        metavar="[PORT]",
        help="Serve Locust's own page, to look at only, at this port of 127.0.0.1 (default 8089).",
    ),
)
"""How others can see the run while it lasts."""

known_options = section(
    "Known before",
    click.option(
        "--baseline",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Fail only for what is worse than this baseline.",
    ),
    click.option(
        "--save-baseline",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Save this run as a baseline, unless it is inconclusive or worse than --baseline.",
    ),
    click.option(
        "--acknowledged",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Findings that need not fail (default .tsprof-acknowledged.toml, if it is there).",
    ),
)
"""What was known before the run."""

output_options = section(
    "Reports",
    file_option("--json", "Write the report as JSON"),
    file_option("--junit", "Write the report as JUnit XML"),
    file_option("--markdown", "Write the report as Markdown"),
    file_option("--html", "Write the report as one HTML page"),
    click.option("--quiet", "-q", is_flag=True, help="Print nothing but problems."),
)
"""Where reports go."""


BESIDES = "To rest and to look for a culprit takes some 30 s more."
"""What the time under load leaves out."""


def duration_option(scenario: str) -> Decorator:
    """Return the option that says how long a scenario lasts, and how long it usually does."""
    usual = as_written(scenario, "duration")
    meaning = f"How long it runs (default {usual}). {BESIDES}"
    return click.option("--duration", type=DURATION, help=meaning)


scale_option = click.option(
    "--scale",
    type=click.FloatRange(0, 1000, min_open=True),
    metavar="F",
    help="Multiply every length of time by this: 0.05 makes 3 minutes of an hour.",
)
"""How much shorter than its defaults a scenario is."""

scenario_options = together(
    target_command,
    target_options,
    load_options,
    run_options,
    monitor_options,
    known_options,
    output_options,
)
"""All that a command which runs a scenario has in common with the others."""
