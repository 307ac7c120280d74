"""The options of ``tsprof plan``."""

from pathlib import Path

import click

from tsprof import __version__
from tsprof.capacity.cloud_init import PLACEHOLDER
from tsprof.cli.sections import section
from tsprof.errors import UsageError
from tsprof.units import UnitType, parse_number, parse_share

RUN_FILE, WORKER_FILE = "run.yaml", "worker.yaml"
"""What --output writes."""
HIGHEST_RATE = 1e9


def up_to(most: float) -> UnitType:
    """Return the type of an option that is a number above 0; click's own takes nan for one."""

    def parse(text: str | float) -> float:
        number = parse_number(text)
        if not 0 < number <= most:
            raise UsageError(
                f"{text} is out of range", hint=f"more than 0 and at most {most:,.10g} is possible"
            )
        return number

    return UnitType("number", parse)


core_options = section(
    "What one core makes",
    click.option(
        "--requests-per-second-per-core",
        "per_core",
        type=up_to(HIGHEST_RATE),
        metavar="N",
        help="Take this instead of measuring it here, for some five seconds.",
    ),
    click.option(
        "--locustfile",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Measure with what these users do, against a server that answers all alike.",
    ),
    click.option(
        "--url",
        multiple=True,
        metavar="PATH",
        help="Measure with GET of this path (the default, with /); can be repeated.",
    ),
)
"""What the load process makes of one core."""

machine_options = section(
    "Machines",
    click.option("--provider", type=click.Choice(["aws", "gcp"]), help="Look at this one alone."),
    click.option("--instance", metavar="NAME", help="Take this type, not the cheapest."),
    click.option(
        "--prices",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Read types and prices from this file.",
    ),
    click.option(
        "--headroom",
        type=UnitType("share", parse_share),
        default="30%",
        help="The share of what workers can make that is left unused, at least (default 30%).",
    ),
)
"""Which machines there are."""

set_up_options = section(
    "Set-up",
    click.option(
        "--output",
        type=click.Path(path_type=Path),
        metavar="FOLDER",
        help=f"Write the cloud-init to {RUN_FILE} and {WORKER_FILE} in this folder.",
    ),
    click.option(
        "--master-host",
        default=PLACEHOLDER,
        metavar="HOST",
        help=f"Where workers find the run (default {PLACEHOLDER}, to be replaced by hand).",
    ),
    click.option(
        "--package",
        default=f"tsprof=={__version__}",
        metavar="NAME",
        help="What pip installs there: a version, or the URL of a wheel (default: this version).",
    ),
)
"""How they are set up."""

launch_options = section(
    "Start on AWS",
    click.option(
        "--launch",
        "launches",
        is_flag=True,
        help="Start the machines, after asking. This costs money. Needs tsprof[aws].",
    ),
    click.option("--yes", is_flag=True, help="Do not ask."),
    click.option("--region", metavar="NAME", help="Where (default: where the prices hold)."),
    click.option("--image", metavar="AMI", help="The image (default: Ubuntu 24.04's newest)."),
    click.option("--subnet", metavar="ID", help="The subnet (default: one of the region)."),
    click.option("--key-name", metavar="NAME", help="The SSH key pair."),
    click.option(
        "--ssh-from", metavar="CIDR", help="Let these addresses reach port 22 (default: none)."
    ),
)
"""How they are started."""
