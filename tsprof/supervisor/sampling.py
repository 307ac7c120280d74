"""Sampling: the call stacks of the target's processes while a segment lasts.

The profiler reads from outside, and without pausing the process, so that a sampled segment is a
segment like any other: it counts for the ledger, and its speed for the criteria.

The kernel says of a thread that it runs also while it waits for a processor, and a thread comes
back from a system call only to wait for the GIL. Where one thread does the work, that hardly
matters. Where four served a request of 1 ms of computation, three quarters of what seemed to run
was in socket calls that took a hundredth of the CPU time; of the samples that held the GIL, 98 %
were in the computation.
"""

import tempfile
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

import psutil

from tsprof.analysis.hotspots.profiles import bounded, profile_of
from tsprof.profilers.py_spy import PySpy, Sampled, Sampling, is_refusal, program
from tsprof.records import SampledWindow, Segment
from tsprof.supervisor.engine import Engine
from tsprof.supervisor.plan import Plan
from tsprof.supervisor.sampling_within import let_others_look, sample_within
from tsprof.supervisor.target_code import runs_python, target_origins

MOST_PROCESSES = 8
"""Processes that are sampled at a time, those that use the most CPU time."""
LEAST_SHARE = 0.02
"""Of the target's CPU time, from which a process is sampled: gunicorn's master has 0.001."""
ONE_THREAD = 0.95
"""Part of a process's CPU time that one thread must use for the process to count as one."""
MOST_STACKS = 1000
"""Distinct stacks that are kept of a window; those of a segment of a minute are 200 to 600."""
REFUSED = (
    "the kernel does not let py-spy look into the target (permission denied): run tsprof as the "
    "target's user; or sudo sysctl kernel.yama.ptrace_scope=0; or docker run --cap-add SYS_PTRACE"
)


INSTEAD = (
    "Until then the agent inside the target samples: that costs it time, and long calls of C code "
    "are seen at their end"
)
NO_PYTHON = "no process of the target runs Python, so that py-spy has nothing to sample"
HELD = (
    "several threads run at a time, so that the one that holds the GIL was sampled: what runs "
    "without it, as system calls do, is not in the picture"
)

Drive = Callable[[Callable[[], Segment]], Segment]
"""Drives a segment, sampled or not."""


@dataclass(frozen=True)
class _Usage:
    """What a process has used since its start, in seconds."""

    cpu: float
    threads: Mapping[int, float]
    """Of the threads that are alive, by id."""

    def since(self, before: "_Usage | None") -> float:
        return self.cpu - (before.cpu if before else 0.0)

    def is_of_one_thread(self, before: "_Usage | None") -> bool:
        """Tell whether one thread did nearly all since then; those that have ended are others."""
        known = before.threads if before else {}
        most = max((cpu - known.get(tid, 0.0) for tid, cpu in self.threads.items()), default=0.0)
        return most >= ONE_THREAD * self.since(before)


@dataclass
class Sampler:
    """Samples segments, and stores what was seen of each process."""

    engine: Engine
    sampling: Sampling
    within_seconds: float = 0.0
    """Seconds of a segment that the agents sample where the kernel does not let py-spy look; 0 for
    none, because that costs the target time."""
    windows: list[SampledWindow] = field(default_factory=list)
    """All so far."""
    problem: str = ""
    """Why nothing can be seen; empty while it can."""
    _used: dict[int, _Usage] = field(default_factory=dict)
    """By each process, when it was last looked at."""
    _told: set[str] = field(default_factory=set)
    _let: set[int] = field(default_factory=set)
    """Processes that have been asked to let py-spy look."""
    _within: bool = False
    """The agents sample."""

    def __post_init__(self) -> None:
        """Note what each process has used so far."""
        self._used = self._usage()
        # Before the first checkpoint, so that what the agent loads for it is nobody's growth.
        self._let_look(self._used.keys())
        if not self._used:
            self.problem = NO_PYTHON
        elif program() is None:
            self._give_up("py-spy is not installed: pip install py-spy")

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
            used = after[pid].since(before[pid]) if pid in after else 0.0
            self._keep(sampled, segment, pid, began, used)
        self.engine.instruments.database.commit()
        return segment

    def _outside(
        self, drive: Callable[[], Segment], chosen: Mapping[int, Sampling]
    ) -> tuple[Segment, dict[int, Sampled]]:
        self._let_look(chosen.keys())
        with tempfile.TemporaryDirectory(prefix="tsprof-") as folder:
            at_work = {}
            try:
                for pid, sampling in chosen.items():
                    at_work[pid] = PySpy(pid, Path(folder, f"{pid}.folded"), sampling)
            except OSError as error:
                self._give_up(f"py-spy cannot be started: {error}")
            try:
                segment = drive()
                for profiler in at_work.values():
                    profiler.stop()
            except BaseException:
                for profiler in at_work.values():
                    profiler.kill()
                raise
            origin = target_origins(self.engine)
            return segment, {pid: profiler.result(origin) for pid, profiler in at_work.items()}

    def _inside(
        self, drive: Callable[[], Segment], chosen: Mapping[int, Sampling]
    ) -> tuple[Segment, dict[int, Sampled]]:
        agents, origin = self.engine.instruments.agents, target_origins(self.engine)
        with ThreadPoolExecutor(1) as executor:
            asked = executor.submit(sample_within, agents, chosen, self.within_seconds, origin)
            segment = drive()
            return segment, asked.result()

    def _choose(self, usage: dict[int, _Usage]) -> dict[int, Sampling]:
        """Return how to sample the processes that did most of the work since the last look."""
        known, self._used = self._used, usage
        gained = {pid: used.since(known.get(pid)) for pid, used in usage.items()}
        busy = sorted(gained, key=lambda pid: -gained[pid])
        chosen = [pid for pid in busy if gained[pid] >= LEAST_SHARE * sum(gained.values())]
        if len(chosen) > MOST_PROCESSES:
            self._note(f"sampled: {MOST_PROCESSES} of {len(chosen)} busy processes of the target")
        how = {}
        for pid in chosen[:MOST_PROCESSES]:
            one = usage[pid].is_of_one_thread(known.get(pid)) or self.sampling.idle
            how[pid] = replace(self.sampling, gil=self.sampling.gil or not one)
            if not one and not self._within:
                self._note(HELD)
        return how

    def _let_look(self, pids: Collection[int]) -> None:
        let_others_look(self.engine.instruments.agents, set(pids) - self._let)
        self._let.update(pids)

    def _keep(
        self, seen: Sampled, segment: Segment, pid: int, began: float, cpu_seconds: float
    ) -> None:
        if seen.problem:
            if is_refusal(seen.problem):
                self._refused()
            elif psutil.pid_exists(pid):
                self._note(f"process {pid} could not be sampled: {seen.problem}")
            return
        profile = profile_of(seen.stacks, requests=segment.requests, seconds=segment.seconds)
        window = SampledWindow(
            segment=segment.number,
            pid=pid,
            command=_command(pid),
            began=began,
            cpu_seconds=cpu_seconds,
            profile=bounded(profile, MOST_STACKS),
            errors=seen.errors,
            behind=seen.behind,
        )
        self.windows.append(window)
        self.engine.instruments.database.add(window)

    def _usage(self) -> dict[int, _Usage]:
        """Return what each process with Python in it has used."""
        usage = {}
        for process in self.engine.instruments.target.processes():
            with suppress(psutil.Error):
                if process.pid in self._used or _runs_python(process):
                    threads = {t.id: t.user_time + t.system_time for t in process.threads()}
                    times = process.cpu_times()
                    usage[process.pid] = _Usage(times.user + times.system, threads)
        return usage

    def _refused(self) -> None:
        if self.within_seconds and self.engine.instruments.agents.interpreters():
            self._within = True
            self._note(f"{REFUSED}. {INSTEAD}")
        else:
            self._give_up(REFUSED)

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


def _runs_python(process: psutil.Process) -> bool:
    try:
        return runs_python(process)
    except psutil.AccessDenied:
        return True  # the profiler will say why it may not


def _command(pid: int) -> str:
    try:
        return " ".join(psutil.Process(pid).cmdline())
    except psutil.Error:
        return ""
