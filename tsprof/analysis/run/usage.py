"""What the probes' samples of a run come to."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tsprof.records import ProcessSample


@dataclass(frozen=True)
class Descriptors:
    """How many file descriptors a process had open."""

    first: int
    last: int
    limit: int


@dataclass
class Usage:
    """What the probes saw, summed: bytes by second, CPU seconds by second and by role.

    ``rss`` and ``cpu`` are the target's; ``load_waited`` is for how long the load processes were
    ready to run and had no processor.
    """

    rss: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    cpu: dict[int, float] = field(default_factory=lambda: defaultdict(float))
    load_cpu: dict[int, float] = field(default_factory=lambda: defaultdict(float))
    load_waited: dict[int, float] = field(default_factory=lambda: defaultdict(float))
    last_waited: dict[int, float] = field(default_factory=dict)
    last_cpu: dict[tuple[str, int], float] = field(default_factory=dict)
    peak: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    descriptors: dict[int, Descriptors] = field(default_factory=dict)
    """By process of the target, where its limit is known."""
    own_memory: dict[int, int] = field(default_factory=dict)
    """Bytes by process of the target, as last read (USS)."""
    sockets: dict[int, Mapping[str, int]] = field(default_factory=dict)
    """Internet sockets by process of the target and state, as last counted."""
    total_cpu: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    def mean_cpu_percent(self) -> float | None:
        """Return the target's mean CPU use in percent of one core; None without samples."""
        return 100 * sum(self.cpu.values()) / len(self.cpu) if self.cpu else None

    def add(self, sample: ProcessSample) -> None:
        """Take in a sample; they come in the order of time."""
        key = (sample.role, sample.pid)
        # Less than before is another process, which was given the same pid.
        used = max(0.0, sample.cpu_seconds - self.last_cpu.get(key, sample.cpu_seconds))
        self.last_cpu[key] = sample.cpu_seconds
        self.total_cpu[sample.role] += used
        self.peak[sample.role] = max(self.peak[sample.role], sample.rss)
        if sample.role == "target":
            self.rss[sample.second] += sample.rss
            self.cpu[sample.second] += used
            if sample.descriptor_limit:
                known = self.descriptors.get(sample.pid)
                first = known.first if known else sample.descriptors
                self.descriptors[sample.pid] = Descriptors(
                    first, sample.descriptors, sample.descriptor_limit
                )
            if sample.uss is not None:
                self.own_memory[sample.pid] = sample.uss
                self.sockets[sample.pid] = sample.connections
        elif sample.role == "load":
            self.load_cpu[sample.second] += used
            before = self.last_waited.get(sample.pid, 0.0)
            self.load_waited[sample.second] += max(0.0, sample.waited_seconds - before)
            self.last_waited[sample.pid] = sample.waited_seconds


def sum_samples(samples: Iterable[ProcessSample]) -> Usage:
    """Sum the samples of a run as they pass, since there are many."""
    sums = Usage()
    for sample in samples:
        sums.add(sample)
    return sums
