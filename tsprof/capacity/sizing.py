"""How many machines make a load: arithmetic alone."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from tsprof.capacity.prices import Instance

SHARING = 1.14
"""CPU per request of four load processes that share a load, over one's (docs/distributed.md)."""
RUN_MACHINES = 1
"""The machine of the run and its target; workers are added to it."""


@dataclass(frozen=True, kw_only=True)
class Demand:
    """What is asked for."""

    rate: float
    """Requests per second."""
    hours: float
    per_core: float
    """Requests per second that one load process makes with the whole of one core."""
    spare: float
    """The share of each worker's capacity that is left unused, at least: 0 to below 1."""


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """The machines of one type that make the load."""

    instance: Instance
    workers: int
    """Machines that make load."""
    processes_each: int
    """Load processes on each: never more than it has cores."""
    capacity: float
    """Requests per second that they can make at most."""
    headroom: float
    """The share of it that the rate leaves unused."""
    hourly: float
    """Price of an hour of all machines, that of the run included."""
    cost: float
    """Price of all hours."""

    @property
    def machines(self) -> int:
        """How many there are in all."""
        return self.workers + RUN_MACHINES

    @property
    def processes(self) -> int:
        """How many load processes there are."""
        return self.workers * self.processes_each


def fleet(instance: Instance, demand: Demand) -> Fleet:
    """Return the fewest machines of a type that make a load."""
    usable = 1 - demand.spare
    alone = demand.rate <= usable * demand.per_core
    each = demand.per_core if alone else demand.per_core / SHARING
    needed = 1 if alone else max(2, math.ceil(demand.rate / (usable * each)))
    workers = math.ceil(needed / instance.cores)
    processes_each = math.ceil(needed / workers)
    capacity = workers * processes_each * each
    hourly = (workers + RUN_MACHINES) * instance.hourly
    return Fleet(
        instance=instance,
        workers=workers,
        processes_each=processes_each,
        capacity=capacity,
        headroom=1 - demand.rate / capacity,
        hourly=hourly,
        cost=hourly * demand.hours,
    )


def cheapest_first(instances: Iterable[Instance], demand: Demand) -> tuple[Fleet, ...]:
    """Return the fleet of each type; of two that cost the same, that of fewer machines first."""
    fleets = (fleet(instance, demand) for instance in instances)
    return tuple(sorted(fleets, key=lambda one: (one.cost, one.workers, one.instance.name)))
