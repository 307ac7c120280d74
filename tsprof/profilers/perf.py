"""perf: samples the call stacks of native programs."""

import signal
import subprocess
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path, PurePath
from shutil import which

from tsprof.analysis.attribution.sites import Origin
from tsprof.errors import UsageError
from tsprof.profilers.sampling import END_PATIENCE, LONGEST_OUTPUT, Sampled, Sampling
from tsprof.stacks import Frame

REFUSED = (
    "the kernel does not let perf sample the target (permission denied): "
    "sudo sysctl kernel.perf_event_paranoid=1; or docker run --cap-add PERFMON"
)
STACK_BYTES = 8192
"""Of each sample's stack, from which callers are found: most programs are built without frame
pointers. A sample takes as much on disk."""
MOST_RATE = 400
"""Samples per second: reading one takes 0.3 ms."""
START_SECONDS = 0.5
"""Until it samples: a window of 2 s without that pause lost a third of its samples."""
_KERNEL = "kernel"


def program() -> str | None:
    """Return the path of perf."""
    return which("perf")


def require() -> None:
    """Make sure that perf is there.

    Raises:
        UsageError: it is not installed.
    """
    if program() is None:
        raise UsageError(
            "perf, which samples native programs, is not installed",
            hint="apt install linux-perf, or count instructions with --profiler callgrind",
        )


class Perf:
    """perf at work on one process, by the processor's clock, which virtual machines have, too."""

    def __init__(self, pid: int, file: Path, sampling: Sampling) -> None:
        """Start it.

        Args:
            pid: the process.
            file: where it may write.
            sampling: how; only the rate matters.

        Raises:
            OSError: it cannot be started.
        """
        self._file = file
        self._program = program() or "perf"
        self._process = subprocess.Popen(
            [
                *(self._program, "record", "--pid", str(pid), "--output", str(file)),
                *("--event", "cpu-clock", "--freq", str(min(sampling.rate, MOST_RATE))),
                *("--call-graph", f"dwarf,{STACK_BYTES}", "--quiet"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def wait_until_ready(self) -> bool:
        """Return True after a while: it does not say when it samples."""
        time.sleep(START_SECONDS)
        return True

    def stop(self) -> None:
        """Let it come to an end; ``result`` waits for that."""
        self._process.send_signal(signal.SIGINT)

    def kill(self) -> None:
        """End it at once; there is no result."""
        self._process.kill()
        self._process.communicate()
        self._file.unlink(missing_ok=True)

    def result(self, origin: Callable[[str], Origin]) -> Sampled:
        """Return what it saw, and remove its file.

        Args:
            origin: is not asked: what the program itself does not do, shared objects do.
        """
        del origin
        try:
            said = self._process.communicate(timeout=END_PATIENCE)[0].decode(errors="replace")
            script = subprocess.run(
                [
                    *(self._program, "script", "--input", str(self._file), "--force"),
                    *("--no-inline", "--fields", "ip,sym,dso"),
                ],
                capture_output=True,
                timeout=END_PATIENCE,
                check=False,
            )
        except subprocess.TimeoutExpired:
            self.kill()
            return Sampled(stacks={}, problem="perf did not come to an end")
        self._file.unlink(missing_ok=True)
        if script.returncode:
            refused = "ermission" in said
            lines = [line for line in said.splitlines() if line.strip()]
            problem = REFUSED if refused else (lines[-1:] or ["it said nothing"])[0][:300]
            return Sampled(stacks={}, problem=problem, refused=refused)
        text = script.stdout[:LONGEST_OUTPUT].decode(errors="replace")
        return Sampled(stacks=read_script(text.splitlines()))


def read_script(lines: Iterable[str]) -> dict[tuple[Frame, ...], float]:
    """Read what ``perf script`` prints: blocks of lines, one for each frame, innermost first.

    Args:
        lines: such as ``    11b9 cold (/usr/bin/burn)``; what is none is passed over.
    """
    stacks: defaultdict[tuple[Frame, ...], float] = defaultdict(float)
    frames: list[tuple[str, str]] = []
    for line in (*lines, ""):
        _, _, rest = line.strip().partition(" ")
        symbol, found, shared_object = rest.rpartition(" (")
        if found:
            frames.append((symbol.partition("@@")[0].strip(), shared_object.removesuffix(")")))
        elif frames and not line.strip():
            program = frames[-1][1]
            stacks[tuple(_frame(*frame, program) for frame in reversed(frames))] += 1
            frames = []
    return dict(stacks)


def _frame(symbol: str, shared_object: str, program: str) -> Frame:
    if shared_object.startswith("[kernel"):
        return Frame(function=symbol, origin="native", package=_KERNEL)
    return Frame(
        function=symbol,
        file=shared_object,
        origin="application" if shared_object == program else "native",
        package=PurePath(shared_object).name,
    )
