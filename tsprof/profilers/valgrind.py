"""valgrind: how a program is started under its tools, and how they are told what to do."""

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tsprof.errors import TsprofError, UsageError
from tsprof.exit_codes import ExitCode

CALLERS = 50
"""Frames of a stack that are noted: the application's lie under those of a framework."""
RECORDS = 2000
"""Loss records that are told, those with the most bytes."""
SNAPSHOTS = 100
"""Of a heap over time: where there would be more, massif drops every other one."""
LEAST_OF_PEAK = 0.5
"""Part of a peak, in percent, below which a call stack is not told. massif keeps the trees of some
earlier peaks: with all stacks, those of a Rust service came to more than 128 MiB after 3,000
requests; with these to 0.9 MB after 900."""
_PIPE = "vgdb"
_ERRORS = "{pid}.xml"


class ValgrindError(TsprofError):
    """A tool of valgrind gives no answer."""

    exit_code = ExitCode.INCONCLUSIVE


@dataclass(frozen=True)
class Valgrind:
    """The programs of valgrind, and the folder in which they meet."""

    program: str
    debugger: str
    """``vgdb``, which speaks to a program that runs under valgrind."""
    folder: Path
    """Takes their pipes, and what is found in each process."""

    @property
    def callgrind(self) -> tuple[str, ...]:
        """The command that is put before the target's, to count instructions once that is asked."""
        return (
            self.program,
            "--tool=callgrind",
            "--instr-atstart=no",
            f"--callgrind-out-file={self.folder / 'counts.%p'}",
            f"--separate-callers={CALLERS}",
            "--demangle=no",  # a mark between callers is in demangled names, too
            "--compress-pos=no",
            "--compress-strings=no",
            "--trace-children=yes",
            f"--vgdb-prefix={self.folder / _PIPE}",
        )

    @property
    def memcheck(self) -> tuple[str, ...]:
        """The command that is put before the target's, to watch its memory."""
        return (
            self.program,
            "--tool=memcheck",
            "--leak-check=no",  # at its end; it is asked while the target rests
            "--xml=yes",
            f"--xml-file={self.folder / _ERRORS.format(pid='%p')}",
            "--trace-children=yes",
            "--child-silent-after-fork=no",
            f"--num-callers={CALLERS}",
            "--fullpath-after=",
            f"--vgdb-prefix={self.folder / _PIPE}",
        )

    @property
    def massif(self) -> tuple[str, ...]:
        """The command that is put before the target's, to follow its heap."""
        return (
            self.program,
            "--tool=massif",
            f"--massif-out-file={self.folder / 'heap.%p'}",
            "--time-unit=ms",
            f"--max-snapshots={SNAPSHOTS}",
            "--detailed-freq=1000000",  # the peak alone
            f"--threshold={LEAST_OF_PEAK}",
            f"--depth={CALLERS}",
            "--trace-children=yes",
            "--fullpath-after=",
            f"--vgdb-prefix={self.folder / _PIPE}",
        )

    def processes(self) -> set[int]:
        """Return the pids of the programs that have run under it."""
        pipes = self.folder.glob(f"{_PIPE}-from-vgdb-to-*")
        return {int(pipe.name.split("-to-")[1].split("-")[0]) for pipe in pipes}

    def leak_check(self, pid: int, time_limit: float) -> str:
        """Return what memcheck tells of all blocks of a process that are not freed.

        Raises:
            ValgrindError: it did not answer.
        """
        words = ("leak_check", "full", "kinds", "all", "any", "limited", str(RECORDS))
        return self.tell(pid, words, time_limit)

    def heap(self, pid: int, time_limit: float) -> Path:
        """Have massif write what a process has allocated, by call stack, and return the file.

        Raises:
            ValgrindError: it did not.
        """
        return self._written(pid, "xtmemory", "now.{pid}.ms", time_limit)  # as its ending says

    def heap_over_time(self, pid: int, time_limit: float) -> Path:
        """Have massif write all its snapshots of a process, and return the file.

        Raises:
            ValgrindError: it did not.
        """
        return self._written(pid, "all_snapshots", "all.{pid}", time_limit)

    def _written(self, pid: int, word: str, name: str, time_limit: float) -> Path:
        file = self.folder / name.format(pid=pid)
        file.unlink(missing_ok=True)
        self.tell(pid, (word, str(file)), time_limit)
        if not file.exists():
            raise ValgrindError(f"it wrote no {word}")
        return file

    def counts(self, pid: int, time_limit: float) -> Path:
        """Have callgrind write what it counted since the last time, and return the file.

        Raises:
            ValgrindError: it did not.
        """
        self.tell(pid, ("dump",), time_limit)
        files = self.folder.glob(f"counts.{pid}.*")
        newest = max(files, key=lambda file: int(file.suffix[1:]), default=None)
        if newest is None:
            raise ValgrindError("it wrote no counts")
        return newest

    def tell(self, pid: int, words: Sequence[str], time_limit: float) -> str:
        """Tell the tool in a process to do something, and return its answer.

        Raises:
            ValgrindError: it did not answer.
        """
        command = [
            self.debugger,
            f"--pid={pid}",
            f"--vgdb-prefix={self.folder / _PIPE}",
            *words,
        ]
        try:
            done = subprocess.run(
                command,
                capture_output=True,
                text=True,
                errors="replace",
                stdin=subprocess.DEVNULL,
                timeout=time_limit,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise ValgrindError(f"no answer within {time_limit:g} s") from None
        except OSError as error:
            raise ValgrindError(str(error)) from error
        if done.returncode:
            lines = done.stderr.strip().splitlines() or [f"vgdb: exit code {done.returncode}"]
            raise ValgrindError(lines[-1][:200])
        return done.stdout

    def errors(self) -> list[Path]:
        """Return the files that tell the errors of each process."""
        return sorted(self.folder.glob(_ERRORS.format(pid="*")))


def find(folder: Path) -> Valgrind | None:
    """Return valgrind, to meet in a folder; None where it is not installed as a whole."""
    program, debugger = shutil.which("valgrind"), shutil.which("vgdb")
    return Valgrind(program, debugger, folder) if program and debugger else None


def require() -> None:
    """Make sure that valgrind is there.

    Raises:
        UsageError: it is not installed.
    """
    if find(Path()) is None:
        raise UsageError(
            "valgrind is not installed", hint="apt install valgrind, or leave --profiler out"
        )
