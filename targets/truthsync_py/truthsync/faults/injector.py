"""Plants the chosen faults, a known number of times."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from truthsync.cache import LRUCache
from truthsync.faults.base import Fault
from truthsync.faults.catalogue import make_fault
from truthsync.faults.specification import FaultSpecification
from truthsync.faults.truth import true_bytes
from truthsync.verifier import Verdict


@dataclass
class _Planting:
    specification: FaultSpecification
    fault: Fault
    planted: int = 0


class FaultInjector:
    """The faults of one application, and the number of requests that they have seen."""

    def __init__(
        self, specifications: Iterable[FaultSpecification], cache: LRUCache[Verdict]
    ) -> None:
        """Make the faults of a service with this cache; they wait for the first request."""
        self.requests = 0
        self._plantings = [
            _Planting(specification, make_fault(specification, cache))
            for specification in specifications
        ]

    def start(self) -> None:
        """Start every fault, inside the running event loop."""
        for planting in self._plantings:
            planting.fault.start()

    def stop(self) -> None:
        """Stop every fault; what was planted in memory stays."""
        for planting in self._plantings:
            planting.fault.stop()

    async def on_request(self) -> None:
        """Count a request, plant the faults that are due, and wait as long as they say.

        After ``n`` requests a fault of rate ``r`` has been planted exactly ``floor(n * r)``
        times: no chance is involved, so that the truth is exact.
        """
        self.requests += 1
        delay = 0.0
        for planting in self._plantings:
            if _is_due(planting.specification, self.requests):
                planting.fault.plant(self.requests)
                planting.planted += 1
            delay += planting.fault.delay
        if delay:
            await asyncio.sleep(delay)

    def status(self) -> dict[str, dict[str, float | None]]:
        """Return, for each fault, what it has done and what it holds."""
        return {planting.specification.name: self._status(planting) for planting in self._plantings}

    def _status(self, planting: _Planting) -> dict[str, float | None]:
        live = planting.fault.live(planting.planted)
        held = held_bytes(planting.specification, live)
        return {
            "planted": planting.planted,
            "live": live,
            "bytes": held,
            "bytes_per_request": (None if held is None else round(held / max(1, self.requests), 6)),
            "delay_seconds": planting.fault.delay,
        }


def held_bytes(specification: FaultSpecification, live: int) -> int | None:
    """Return the true bytes of a fault with ``live`` events held; None where nobody can know."""
    if specification.name == "lazy":
        return None
    size = int(specification.numbers.get("size", 0))
    return true_bytes(specification.name, size, live)


def _is_due(specification: FaultSpecification, request: int) -> bool:
    if specification.name == "lazy":
        return request == specification.numbers["requests"]
    rate = specification.rate
    numerator, denominator = rate.numerator, rate.denominator
    return request * numerator // denominator > (request - 1) * numerator // denominator
