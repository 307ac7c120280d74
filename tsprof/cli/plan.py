"""``tsprof plan``: say how many machines make a load, what they cost, and how to set them up."""

import json as json_module
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from tsprof.capacity.aws import Order, launch
from tsprof.capacity.calibration import calibrate
from tsprof.capacity.cloud_init import SetUp, for_run, for_workers
from tsprof.capacity.prices import Provider, read_prices, types_of
from tsprof.capacity.sizing import Demand, cheapest_first
from tsprof.capacity.summary import Plan, as_data, as_text
from tsprof.cli.options import examples, file_option
from tsprof.cli.plan_options import (
    HIGHEST_RATE,
    RUN_FILE,
    WORKER_FILE,
    core_options,
    launch_options,
    machine_options,
    set_up_options,
    up_to,
)
from tsprof.cli.sections import SectionedCommand
from tsprof.errors import UsageError
from tsprof.report.write import write_text

_LONGEST_HOURS = 24 * 366


@click.command(
    cls=SectionedCommand,
    epilog=examples(
        "tsprof plan --rate 30000 --hours 4",
        "tsprof plan --rate 30000 --locustfile load.py --provider gcp --output machines",
        "tsprof plan --rate 1e5 --requests-per-second-per-core 20000 --json -",
        "tsprof plan --rate 30000 --instance c6i.xlarge --launch --key-name me",
    ),
)
@click.option(
    "--rate",
    type=up_to(HIGHEST_RATE),
    required=True,
    metavar="R",
    help="Requests per second.",
)
@click.option(
    "--hours",
    type=up_to(_LONGEST_HOURS),
    default=1.0,
    metavar="H",
    help="How long (default 1).",
)
@core_options
@machine_options
@set_up_options
@launch_options
@file_option("--json", "Write the plan as JSON")
def plan(json: Path | None, output: Path | None, **parameters: Any) -> None:
    """Say how many machines make a load, and what they cost.

    Measures how many requests per second one core of this machine makes, in a short run of the
    load against a server of its own, and says how many workers of which type are needed for a
    rate, what they cost for the hours and how much headroom is left. Then prints or writes what
    sets them up (cloud-init). Nothing is started and no cloud is asked unless --launch says so.
    """
    planned = _planned(parameters)
    set_up = SetUp(
        fleet=planned.chosen,
        demand=planned.demand,
        package=parameters["package"],
        run_address=parameters["master_host"],
    )
    files = {RUN_FILE: for_run(set_up), WORKER_FILE: for_workers(set_up)}
    if json is not None:
        text = json_module.dumps(as_data(planned), indent=2) + "\n"
        write_text("--json", json, text, sys.stdout.buffer)
    if json != Path("-"):
        click.echo(as_text(planned))
    if output is not None:
        _write(output, files)
    elif json != Path("-") and not parameters["launches"]:
        for name, text in files.items():
            click.echo(f"\n{name}:\n\n{text}", nl=False)
    if parameters["launches"]:
        _launch(planned, set_up, parameters)


def _planned(parameters: Mapping[str, Any]) -> Plan:
    """Read the prices, measure what was not given, and compare the types of machines."""
    per_core, locustfile, urls = (parameters[name] for name in ("per_core", "locustfile", "url"))
    if per_core and (locustfile or urls):
        raise UsageError(
            "--requests-per-second-per-core takes the place of a measurement with"
            " --locustfile or --url; keep one"
        )
    if parameters["headroom"] >= 1:
        raise UsageError("with a headroom of 100% no capacity is left to use")
    if parameters["launches"] and parameters["provider"] == "gcp":
        raise UsageError("--launch starts machines on AWS alone")
    prices = read_prices(parameters["prices"])
    provider: Provider | None = "aws" if parameters["launches"] else parameters["provider"]
    types = types_of(prices, provider, parameters["instance"])
    calibration = None if per_core else calibrate(locustfile, urls or ("/",))
    demand = Demand(
        rate=parameters["rate"],
        hours=parameters["hours"],
        per_core=calibration.per_core if calibration else per_core,
        spare=parameters["headroom"],
    )
    return Plan(
        demand=demand,
        calibration=calibration,
        prices=prices,
        fleets=cheapest_first(types, demand),
    )


def _write(folder: Path, files: Mapping[str, str]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{folder} cannot be made: {error.strerror}") from error
    for name, text in files.items():
        write_text("--output", folder / name, text)
        click.echo(f"wrote {folder / name}", err=True)


def _launch(planned: Plan, set_up: SetUp, parameters: Mapping[str, Any]) -> None:
    """Start the machines once the user has agreed to what they cost."""
    region = parameters["region"] or planned.prices.regions["aws"]
    chosen = planned.chosen
    question = (
        f"start {chosen.machines} x {chosen.instance.name} in {region} for about"
        f" {planned.prices.currency} {chosen.hourly:,.2f} per hour?"
    )
    if not (parameters["yes"] or click.confirm(question, err=True)):
        raise click.Abort
    order = Order(
        region=region,
        **{name: parameters[name] for name in ("image", "subnet", "key_name", "ssh_from")},
    )
    name = f"tsprof-{datetime.now(UTC):%Y%m%dT%H%M%S}"
    launched = launch(set_up, order, name, lambda text: click.echo(text, err=True))
    click.echo(
        f"\nstarted {chosen.machines} machines as {name}; workers join {launched.run_address}"
        f" and end by themselves.\nWhen you have the reports, end all of them:\n{launched.end}",
        err=True,
    )
