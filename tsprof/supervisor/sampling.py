"""Sampling: the call stacks of the target's processes while a segment lasts.

The profiler reads from outside, and without pausing the process, so that a sampled segment is a
segment like any other: it counts for the ledger, and its speed for the criteria.

Sampled is the thread that holds the GIL. The kernel calls a thread running also while it waits for
a processor, as it does whenever it comes back from a system call on a busy machine: where four
threads served requests of 1 ms of computation, three quarters of what seemed to run was in socket
calls that took a hundredth of the CPU time. Of the samples that held the GIL, 98 % were in the
computation. What the process used beyond that is shown as a whole.
"""

import tempfile
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from pathlib import Path

import psutil

from tsprof.analysis.attribution.sites import Origin
from tsprof.analysis.hotspots.profiles import bounded, completed, profile_of
from tsprof.probes.processes import cpu_times, lives
from tsprof.profilers import perf, py_spy
from tsprof.profilers.sampling import Profiler, Sampled, Sampling
from tsprof.records import SampledWindow, Segment
from tsprof.supervisor.busy import busy
from tsprof.supervisor.engine import Engine
from tsprof.supervisor.plan import Plan
from tsprof.supervisor.sampling_within import let_others_look, sample_within
from tsprof.supervisor.target_code import runs_python, target_origins

MOST_PROCESSES = 8
"""Processes that are sampled at a time, those that use the most CPU time."""
MOST_STACKS = 1000
"""Distinct stacks that are kept of a window; those of a segment of a minute are 200 to 600."""
LATE = "no hot paths: the profiler took too long to look into the target"
INSTEAD = (
    "Until then the agent inside the target samples: that costs it time, and it sees what lets go "
    "of the GIL, such as reads and writes, far too often: its shares are no measure"
)

Drive = Callable[[Callable[[], Segment]], Segment]
"""Drives a segment, sampled or not."""


@dataclass
class Sampler:
    """Samples segments, and stores what was seen of each process."""

    engine: Engine
    sampling: Sampling
    seconds: float = 0.0
    """Of a segment, in a run that is there to sample: then perf samples programs without Python,
    and the agents sample where the kernel does not let py-spy look. 0 where it must cost nothing.
    """
    windows: list[SampledWindow] = field(default_factory=list)
    """All so far."""
    problem: str = ""
    """Why nothing can be seen; empty while it can."""
    _used: dict[int, float] = field(default_factory=dict)
    """CPU time of each process when it was last looked at."""
    _python: set[int] = field(default_factory=set)
    """Processes that are known to run Python."""
    _let: set[int] = field(default_factory=set)
    """Those that have been asked to let others look."""
    _told: set[str] = field(default_factory=set)
    _within: bool = False
    """The agents sample."""

    def __post_init__(self) -> None:
        """Note what each process has used so far.

        Raises:
            UsageError: the target is a native program, and perf, which samples those, is missing.
        """
        self._used = self._usage()
        # Before the first checkpoint, so that what the agent loads for it is nobody's growth.
        self._let_look(self._python)
        if self._python and py_spy.program() is None:
            self._give_up("py-spy is not installed: pip install py-spy")
        elif not self._python and not self.seconds:
            self.problem = "no process of the target runs Python"
        elif not self._python:
            perf.require()

    def segment(self, drive: Callable[[], Segment]) -> Segment:
        """Sample while a segment lasts.

        Args:
            drive: the segment.
        """
        if self.problem:
            return drive()
        before = self._usage()
        began = self.engine.seconds
        chosen = self._choose(before)
        segment, seen = (self._inside if self._within else self._outside)(drive, chosen)
        after = self._usage()
        for pid, sampled in seen.items():
            # Of one that has ended, what it used in its last seconds is not known.
            used = after[pid] - before[pid] if pid in after else 0.0
            self._keep(sampled, segment, pid, began, used)
        self.engine.instruments.database.commit()
        return segment

    def _outside(
        self, drive: Callable[[], Segment], chosen: Sequence[int]
    ) -> tuple[Segment, dict[int, Sampled]]:
        self._let_look(self._python.intersection(chosen))
        with ExitStack() as stack:
            at_work = self._start(chosen, stack)
            try:
                if not all(each.wait_until_ready() for each in at_work.values()):
                    self._give_up(LATE)
                segment = drive()
                for each in at_work.values():
                    each.stop()
            except BaseException:
                for each in at_work.values():
                    each.kill()
                raise
            return segment, {pid: each.result(self._origin) for pid, each in at_work.items()}

    def _start(self, chosen: Sequence[int], stack: ExitStack) -> dict[int, Profiler]:
        """Set a profiler to work on each process; their files are gone when the stack ends."""
        at_work: dict[int, Profiler] = {}
        try:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="tsprof-"))
            for pid in chosen:
                profiler = py_spy.PySpy if pid in self._python else perf.Perf
                at_work[pid] = profiler(pid, Path(folder, str(pid)), self.sampling)
        except OSError as error:
            self._give_up(f"no hot paths: the profiler cannot be started: {error}")
        return at_work

    def _inside(
        self, drive: Callable[[], Segment], chosen: Sequence[int]
    ) -> tuple[Segment, dict[int, Sampled]]:
        agents = self.engine.instruments.agents
        with ThreadPoolExecutor(1) as executor:
            asked = executor.submit(sample_within, agents, chosen, self.seconds, self._origin)
            segment = drive()
            return segment, asked.result()

    @cached_property
    def _origin(self) -> Callable[[str], Origin]:
        """Tells whose code a file is; finding out takes 0.1 s once."""
        return target_origins(self.engine)

    def _choose(self, usage: dict[int, float]) -> list[int]:
        """Return the processes that did most of the work since the last look."""
        known, self._used = self._used, usage
        chosen = busy(usage, known)
        if len(chosen) > MOST_PROCESSES:
            self._note(f"sampled: {MOST_PROCESSES} of {len(chosen)} busy processes of the target")
        return chosen[:MOST_PROCESSES]

    def _let_look(self, pids: Collection[int]) -> None:
        let_others_look(self.engine.instruments.agents, set(pids) - self._let)
        self._let.update(pids)

    def _keep(
        self, seen: Sampled, segment: Segment, pid: int, began: float, cpu_seconds: float
    ) -> None:
        if seen.refused:
            self._refused(seen.problem, pid)
        elif seen.problem:
            if lives(pid):
                self._note(f"process {pid} could not be sampled: {seen.problem}")
        else:
            held = self.sampling.gil and not self.sampling.idle and pid in self._python
            rate = self.sampling.rate if held and not self._within else 0
            stacks = completed(seen.stacks, cpu_seconds * rate)
            profile = profile_of(
                stacks,
                requests=segment.requests,
                seconds=segment.seconds,
                cpu_seconds=cpu_seconds,
            )
            window = SampledWindow(
                segment=segment.number,
                pid=pid,
                command=_command(pid),
                began=began,
                profile=bounded(profile, MOST_STACKS),
                rate=rate,
                errors=seen.errors,
                behind=seen.behind,
            )
            self.windows.append(window)
            self.engine.instruments.database.add(window)

    def _refused(self, problem: str, pid: int) -> None:
        if self.seconds and pid in self.engine.instruments.agents.interpreters():
            self._within = True
            self._note(f"{problem}. {INSTEAD}")
        else:
            self._give_up(problem)

    def _usage(self) -> dict[int, float]:
        """Return what each process has used that can be sampled."""
        processes = self.engine.instruments.target.processes()
        self._python |= {process.pid for process in processes if self._runs_python(process)}
        kept = [p for p in processes if self.seconds or p.pid in self._python]
        return cpu_times(kept)

    def _runs_python(self, process: psutil.Process) -> bool:
        try:
            return process.pid in self._python or runs_python(process)
        except psutil.AccessDenied:
            return True  # py-spy will say why it may not look
        except psutil.Error:
            return False

    def _give_up(self, problem: str) -> None:
        self.problem = problem
        self._note(problem)

    def _note(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            self.engine.note("note", text)


def sampled_in_turn(engine: Engine, plan: Plan) -> Drive:
    """Return what drives segments, and samples those whose turn it is.

    To be called before the target is under load.
    """
    if plan.sampling is None:
        return lambda drive: drive()
    sampler, turns = Sampler(engine, plan.sampling), count(1)

    def segment(drive: Callable[[], Segment]) -> Segment:
        return sampler.segment(drive) if next(turns) % plan.sampled_every == 0 else drive()

    return segment


def _command(pid: int) -> str:
    try:
        return " ".join(psutil.Process(pid).cmdline())
    except psutil.Error:
        return ""
