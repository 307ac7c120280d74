"""A plan as text for people, and as plain data."""

import platform
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tabulate import tabulate

from tsprof.capacity.calibration import ROUNDS, Calibration
from tsprof.capacity.cloud_init import FIREWALL
from tsprof.capacity.prices import PriceList
from tsprof.capacity.sizing import RUN_MACHINES, SHARING, Demand, Fleet
from tsprof.report import format as fmt

SCHEMA = 1
_MEASURED_PROCESSES = 4
"""Up to so many load processes is what sharing costs known."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How a load can be made, and what that costs."""

    demand: Demand
    calibration: Calibration | None
    """What one core of this machine was seen to make; None where that was given."""
    prices: PriceList
    fleets: tuple[Fleet, ...]
    """The cheapest first; at least one."""

    @property
    def chosen(self) -> Fleet:
        """The fleet that is set up."""
        return self.fleets[0]


def as_data(plan: Plan) -> dict[str, Any]:
    """Return the plan for JSON."""
    demand, prices = plan.demand, plan.prices
    return {
        "schema": SCHEMA,
        "requests_per_second": demand.rate,
        "hours": demand.hours,
        "requests_per_second_per_core": round(demand.per_core, 1),
        "measured": plan.calibration is not None,
        "least_headroom": demand.spare,
        "prices": {
            "date": prices.date.isoformat(),
            "currency": prices.currency,
            "regions": dict(prices.regions),
        },
        "chosen": _row(plan.chosen),
        "fleets": [_row(fleet) for fleet in plan.fleets],
        "firewall": list(FIREWALL),
        "notes": list(notes(plan)),
    }


def _row(fleet: Fleet) -> dict[str, Any]:
    return {
        "provider": fleet.instance.provider,
        "instance": fleet.instance.name,
        "worker_machines": fleet.workers,
        "run_machines": RUN_MACHINES,
        "load_processes": fleet.processes,
        "load_processes_per_worker": fleet.processes_each,
        "capacity_requests_per_second": round(fleet.capacity, 1),
        "headroom": round(fleet.headroom, 4),
        "hourly": round(fleet.hourly, 4),
        "cost": round(fleet.cost, 4),
    }


def as_text(plan: Plan) -> str:
    """Return the plan for a terminal."""
    demand, chosen = plan.demand, plan.chosen
    currency = plan.prices.currency
    processes = fmt.count(chosen.processes, "load process", "load processes")
    answer = (
        f"{chosen.machines} machines of {chosen.instance.name} ({chosen.instance.provider}) make"
        f" {demand.rate:,.10g} requests/s for {demand.hours:g} h: {currency} {chosen.cost:,.2f}"
    )
    parts = (
        f"{fmt.count(chosen.workers, 'worker')} with {processes}, and {RUN_MACHINES} for the run"
        f" and its target; {chosen.headroom:.0%} of what the workers can make is left"
    )
    headers = ["provider", "instance", "workers", "load processes", "can make", "headroom"]
    table = tabulate(
        [
            (
                fleet.instance.provider,
                fleet.instance.name,
                fleet.workers,
                fleet.processes,
                f"{fleet.capacity:,.0f}/s",
                f"{fleet.headroom:.0%}",
                f"{fleet.hourly:,.2f}",
                f"{fleet.cost:,.2f}",
            )
            for fleet in plan.fleets
        ],
        headers=[*headers, f"{currency} per hour", f"for {demand.hours:g} h"],
        disable_numparse=True,
        colalign=("left", "left", *["right"] * 6),
    )
    lines = [
        answer,
        parts,
        f"one core makes {demand.per_core:,.0f} requests/s, {_basis(plan)}",
        "",
        table,
        "",
        "Open in the firewall:",
        *(f"- {line}" for line in FIREWALL),
        "",
        "Notes:",
        *(f"- {line}" for line in notes(plan)),
    ]
    return "\n".join(lines)


def _basis(plan: Plan) -> str:
    if plan.calibration is None:
        return "as given"
    seen = plan.calibration
    return (
        f"measured here with {seen.requests:,} requests ({seen.lowest:,.0f} to {seen.highest:,.0f}"
        f" in {ROUNDS} rounds)"
    )


def notes(plan: Plan) -> Iterator[str]:
    """What a reader must know of the figures."""
    prices = plan.prices
    where = ", ".join(f"{name} {region}" for name, region in prices.regions.items())
    yield (
        f"prices are on-demand list prices of Linux as of {prices.date.isoformat()} ({where});"
        " disks, traffic and taxes come on top"
    )
    yield (
        "the machine of the run is counted at the workers' type; the target may need another,"
        " and its machine stays until you end it"
    )
    yield "small types have little network: hold the bytes of your requests against its limits"
    if plan.chosen.processes > 1:
        yield f"processes that share a load need {SHARING:g} times the CPU of one, as measured"
    if plan.chosen.processes > _MEASURED_PROCESSES:
        yield (
            f"that was measured with up to {_MEASURED_PROCESSES} processes; what more than that"
            " need was not"
        )
    if plan.calibration is None:
        return
    here, there = platform.machine(), plan.chosen.instance.architecture
    yield (
        f"what one core makes is that of this machine{'' if here == there else f', {here}'};"
        f" run tsprof plan on an idle {plan.chosen.instance.name}"
        f"{'' if here == there else f', {there}'}, and give its figure with"
        " --requests-per-second-per-core"
    )
    if plan.calibration.failures:
        yield (
            f"{plan.calibration.failures:,} of {plan.calibration.requests:,} requests failed in the"
            " calibration, whose server answers all alike: yours may cost the load more or less"
        )
