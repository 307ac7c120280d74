"""A run that is being written, for those who follow it."""

from pathlib import Path
from typing import Any

from tsprof.histogram import bucket
from tsprof.records import Checkpoint, GaugeReading, ProcessReading, ProcessSample, Segment
from tsprof.store.database import RunDatabase
from tsprof.store.runs import DATABASE

FAST = {bucket(5.0): 99, bucket(50.0): 1}
SLOW = {bucket(500.0): 1000}


class Written:
    """A run that is being written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = RunDatabase(folder / DATABASE)
        self.second = 0

    def begins(self, scenario: str, criteria: dict[str, Any], **facts: Any) -> None:
        settings = {"criteria": criteria, "gauges": {"url": ["/metrics"], "watch": {}}}
        self.database.set_fact("scenario", scenario)
        self.database.set_fact("settings", settings)
        self.database.set_fact("provenance", {"machine": {"cores": "4"}})
        for name, value in facts.items():
            self.database.set_fact(name, value)

    def seconds(self, count: int, failures: int = 0, **kinds: int) -> None:
        """Store seconds of 100 requests, in which the target uses half a processor."""
        for _ in range(count):
            self.second += 1
            for role, share in (("target", 0.5), ("load", 0.25), ("supervisor", 0.05)):
                self.database.add(
                    ProcessSample(
                        second=self.second,
                        pid=hash(role) % 1000,
                        role=role,  # type: ignore[arg-type]  # one of the three
                        rss=1_000_000 + self.second,
                        cpu_seconds=share * self.second,
                        threads=1,
                        descriptors=5,
                        uss=1,
                        connections={"established": 7, "listen": 1},
                    )
                )
            self.database.add_second(
                {
                    "second": self.second,
                    "requests": 100,
                    "failures": failures,
                    "latency": FAST,
                    "max_ms": 50.0,
                    "in_flight": 0,
                    "failure_kinds": kinds,
                }
            )
        self.database.commit()

    def segment(self, *, slow: bool = False, **told: dict[str, float]) -> None:
        """Store a segment of 1,000 requests in 10 s, what the target told, and a checkpoint."""
        number = self._segments = getattr(self, "_segments", -1) + 1
        self.database.add(
            Segment(
                number=number,
                seconds=10.0,
                requests=1000,
                failures=2,
                intended=None,
                latency=SLOW if slow else FAST,
            )
        )
        for source, amounts in told.items():
            totals = {f"{source}_{name}": value * number for name, value in amounts.items()}
            levels = {f"{source}_size": 40.0}
            self.database.add(
                GaugeReading(checkpoint=number, source="/metrics", levels=levels, totals=totals)
            )
        reading = ProcessReading(pid=1, started=1.0, command="x", source="outside", rss=2_000_000)
        self.database.add(
            Checkpoint(
                number=number,
                seconds=float(self.second),
                requests=1000 * (number + 1),
                failures=0,
                processes=(reading,),
            )
        )
        self.database.commit()
