"""What the load did since the run began."""

from collections import Counter
from dataclasses import dataclass, field, replace

from tsprof.load.messages import Quiet
from tsprof.records import LoadCost

LEAST_REQUESTS = 20
"""Requests after which a load that only fails is given up."""


@dataclass
class LoadTotals:
    """What all segments so far add up to."""

    requests: int = 0
    failures: int = 0
    endpoints: Counter[str] = field(default_factory=Counter)
    """Requests by method and name."""
    costs: dict[str, LoadCost] = field(default_factory=dict)
    """What each load process did and used, by its name."""
    uncertain: bool = False
    """Whether more requests may have come since the last checkpoint than were counted."""

    @property
    def only_fails(self) -> bool:
        """Whether no request succeeds, so that there is nothing to measure."""
        return self.requests >= LEAST_REQUESTS and self.failures == self.requests

    def add(self, done: Quiet) -> None:
        """Add a segment."""
        self.requests += done.completed
        self.failures += done.failures
        for endpoint in done.endpoints:
            self.endpoints[f"{endpoint.method} {endpoint.name}"] += endpoint.requests
        for cost in done.processes:  # what a process used is told since it began
            before = self.costs.get(cost.name)
            requests = cost.requests + (before.requests if before else 0)
            self.costs[cost.name] = replace(cost, requests=requests)
        self.uncertain = self.uncertain or done.uncertain
