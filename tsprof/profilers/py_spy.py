"""py-spy: samples the call stacks of a running Python process from outside."""

import re
import selectors
import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from shutil import which

from tsprof.analysis.attribution.sites import Origin
from tsprof.analysis.hotspots.profiles import frame_of
from tsprof.profilers.sampling import (
    END_PATIENCE,
    LONGEST_OUTPUT,
    START_PATIENCE,
    Sampled,
    Sampling,
)
from tsprof.stacks import Frame

REFUSED = (
    "the kernel does not let py-spy look into the target (permission denied): run tsprof as the "
    "target's user; or sudo sysctl kernel.yama.ptrace_scope=0; or docker run --cap-add SYS_PTRACE"
)
AGENT = "/tsprof/agent/"
"""In the paths of tsprof's own files in the target."""
_FRAME = re.compile(r"(?P<function>(?!thread |process ).*?) \((?P<file>.*?)(?::(?P<line>\d+))?\)")
_WAITS = re.compile(r"(^|[;.])select \([^;]*/selectors\.py(:\d+)?\)$")
_COUNTS = re.compile(r"Samples: (\d+) Errors: (\d+)")
_BEHIND = re.compile(r"([\d.]+)(ns|µs|ms|s) behind in sampling")
_TOLD = re.compile(r"Error: |\d+: .*\(os error \d+\)$")
_SECONDS = {"ns": 1e-9, "µs": 1e-6, "ms": 1e-3, "s": 1.0}


def program() -> str | None:
    """Return the path of py-spy: the one installed with tsprof, or else one on PATH."""
    beside = Path(sys.executable).parent / "py-spy"
    return str(beside) if beside.is_file() else which("py-spy")


class PySpy:
    """py-spy at work on one process."""

    def __init__(self, pid: int, file: Path, sampling: Sampling) -> None:
        """Start it.

        Args:
            pid: the process.
            file: where it may write.
            sampling: how.

        Raises:
            OSError: it cannot be started.
        """
        self._file = file
        self._sampling = sampling
        self._process = subprocess.Popen(
            [
                program() or "py-spy",
                *("record", "--pid", str(pid), "--output", str(file), "--format", "raw"),
                *("--full-filenames", "--rate", str(sampling.rate)),
                *(["--native"] if sampling.native else ["--nonblocking"]),
                *(["--gil"] if sampling.gil and not sampling.idle else []),
                *(["--threads"] if sampling.threads else []),
                *(["--idle"] if sampling.idle else []),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def wait_until_ready(self) -> bool:
        """Return once it samples or has failed; False where that takes too long."""
        assert self._process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            return bool(selector.select(START_PATIENCE))  # it says that it samples

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
            origin: tells whose code a file is.
        """
        try:
            output, _ = self._process.communicate(timeout=END_PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            return Sampled(stacks={}, problem="py-spy did not come to an end")
        said = output.decode(errors="replace")
        lines: list[str] = []
        with suppress(OSError):
            with self._file.open(encoding="utf-8", errors="replace") as file:
                lines = file.read(LONGEST_OUTPUT).splitlines()
            self._file.unlink()
        counts = _COUNTS.search(said)
        if counts is None:
            refused = is_refusal(said)
            return Sampled(
                stacks={}, problem=REFUSED if refused else _problem(said), refused=refused
            )
        return Sampled(
            stacks=read_folded(lines, origin, waits=self._sampling.idle),
            errors=int(counts[2]),
            behind=max((float(n) * _SECONDS[unit] for n, unit in _BEHIND.findall(said)), default=0),
        )


def _problem(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    told = [line for line in lines if _TOLD.match(line)]
    return ("; ".join(told[:2]) or "".join(lines[-1:]) or "it said nothing")[:300]


def is_refusal(said: str) -> bool:
    """Tell by what py-spy said whether the kernel did not let it look."""
    return "ermission" in said or "EPERM" in said


def read_folded(
    lines: Iterable[str], origin: Callable[[str], Origin], *, waits: bool = False
) -> dict[tuple[Frame, ...], float]:
    """Read folded call stacks: frames from outside in, with semicolons, a blank, and the count.

    Args:
        lines: as py-spy writes them; what is none is passed over.
        origin: tells whose code a file is.
        waits: keep what seems to run and is in a selector. The kernel says so of a thread that an
            event has woken and that waits for a processor: a third of the samples of an asyncio
            service on a busy machine.
    """
    stacks: defaultdict[tuple[Frame, ...], float] = defaultdict(float)
    known: dict[str, Frame] = {}
    for line in lines:
        text, _, count = line.rpartition(" ")
        if not text or not count.isdecimal() or AGENT in text:
            continue
        if not waits and _WAITS.search(text):
            continue
        words = text.split(";")
        for word in words:
            if word not in known:
                known[word] = _frame(word, origin)
        stacks[tuple(known[word] for word in words)] += int(count)
    return dict(stacks)


def _frame(text: str, origin: Callable[[str], Origin]) -> Frame:
    match = _FRAME.fullmatch(text)
    if match is None:
        return Frame(function=text, origin="interpreter")  # a thread, or a process
    return frame_of(match["function"], match["file"], int(match["line"] or 0), origin)
