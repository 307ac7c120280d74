"""The folder of runs: ``<home>/runs/<time>-<scenario>/`` with run.db, target.log, captures/."""

import os
import re
import shutil
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tsprof.errors import StoreError, UsageError
from tsprof.report.model import Report
from tsprof.store.database import RunDatabase
from tsprof.store.under_way import is_under_way

DATABASE = "run.db"
TARGET_LOG = "target.log"
LOG_LINES = 15
"""Last lines of the target's output that reports show."""
LOAD_LOG = "load.log"
REFERENCE = "reference"
"""In the folder of a comparison: the run of the target that it compares with."""
NOT_READY_LOG = "not-ready.log"
"""Beside the runs: what the latest target printed that never served."""


def home() -> Path:
    """Return where runs are stored: ``TSPROF_HOME``, or ``.tsprof`` in the working directory."""
    return Path(os.environ.get("TSPROF_HOME") or ".tsprof").absolute()


def create_run(where: Path, scenario: str, now: datetime) -> Path:
    """Create the folder of a new run and return it.

    Raises:
        UsageError: the folder cannot be written.
    """
    stamp = now.astimezone(UTC).strftime("%Y%m%dT%H%M%S")
    runs = where / "runs"
    try:
        runs.mkdir(parents=True, exist_ok=True)
        ignore = where / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n")  # runs are nobody's source code
        for suffix in ("", *(f"-{n}" for n in range(2, 1000))):
            folder = runs / f"{stamp}-{scenario}{suffix}"
            try:
                folder.mkdir()
            except FileExistsError:
                continue
            return folder
    except OSError as error:
        raise UsageError(
            f"runs cannot be stored under {where}: {error.strerror}",
            hint="TSPROF_HOME names another place",
        ) from error
    raise UsageError(f"there are a thousand runs of the same second under {runs}")


def discard_run(folder: Path) -> None:
    """Remove what a run has written that never began."""
    shutil.rmtree(folder, ignore_errors=True)


def keep_target_log(where: Path, folder: Path) -> Path | None:
    """Move the log of a target that never served out of its run, over the one before.

    Returns:
        Where it is now; None where there is none, or nothing in it.
    """
    log, kept = folder / TARGET_LOG, where / NOT_READY_LOG
    with suppress(OSError):
        if log.stat().st_size:
            return log.replace(kept)
    return None


@dataclass(frozen=True, kw_only=True)
class RunSummary:
    """One line of ``tsprof runs``."""

    name: str
    path: Path
    scenario: str
    verdict: str | None
    """None for a run that is under way or was cut off."""
    started: str
    seconds: float
    requests: int
    bytes_per_request: float | None
    """None where nothing was measured."""
    disk_bytes: int
    complete: bool
    under_way: bool
    """Whether it is still being written."""


def list_runs(where: Path) -> list[RunSummary]:
    """Return the stored runs, newest first; what is not a readable run is left out."""
    folder = where / "runs"
    if not folder.is_dir():
        return []
    summaries = []
    for path in sorted(folder.iterdir(), reverse=True):
        if (path / DATABASE).is_file():
            try:
                summaries.append(_summary(path))
            except (StoreError, ValueError):
                continue
    return summaries


def _summary(path: Path) -> RunSummary:
    with closing(RunDatabase(path / DATABASE, read_only=True)) as database:
        stored = database.fact("report")
        report = Report.model_validate(stored) if stored else None
        scenario = database.fact("scenario") or ""
        started = database.fact("started") or ""
        checkpoints = [] if report else database.checkpoints()
    last = checkpoints[-1] if checkpoints else None
    return RunSummary(
        name=path.name,
        path=path,
        scenario=report.scenario if report else scenario,
        verdict=report.verdict.value if report else None,
        started=started,
        seconds=report.seconds if report else (last.seconds if last else 0.0),
        requests=report.requests if report else (last.requests if last else 0),
        bytes_per_request=_bytes_per_request(report) if report else None,
        disk_bytes=disk_bytes(path),
        complete=report is not None and report.complete,
        under_way=report is None and is_under_way(path),
    )


def _bytes_per_request(report: Report) -> float | None:
    growth = report.growth
    return growth.bytes_per_request if growth.to_request > growth.from_request else None


def disk_bytes(path: Path) -> int:
    """Return the bytes of all files below a folder."""
    return sum(f.stat().st_size for f in path.rglob("*") if f.is_file())


def run_names(where: Path) -> list[str]:
    """Return the names of the stored runs, newest first."""
    folder = where / "runs"
    if not folder.is_dir():
        return []
    return sorted((p.name for p in folder.iterdir() if (p / DATABASE).is_file()), reverse=True)


def find_run(where: Path, name: str | None) -> Path:
    """Return the folder of a run by its name, a unique part of it, or None for the newest.

    Raises:
        UsageError: there is none, or the part fits several.
    """
    folder = where / "runs"
    names = run_names(where)
    if not names:
        raise UsageError(f"no run is stored under {where}", hint="tsprof check makes one")
    if name is None:
        return folder / names[0]
    if name in names:
        return folder / name
    fitting = [n for n in names if re.search(re.escape(name), n)]
    if len(fitting) == 1:
        return folder / fitting[0]
    if not fitting:
        raise UsageError(f"no run named {name!r} under {where}", hint="tsprof runs lists them")
    raise UsageError(f"{name!r} fits {len(fitting)} runs: {', '.join(fitting[:5])}")


def tail(path: Path, lines: int) -> list[str]:
    """Return the last lines of a log, each cut at 500 characters.

    A log of bounded size goes on where ``NAME.1`` ends.
    """
    text = _end(path)
    if text.count(b"\n") < lines:
        text = _end(path.with_name(f"{path.name}.1")) + text
    return [line[:500] for line in text.decode(errors="replace").splitlines()[-lines:]]


def _end(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - 65536))
            return file.read()
    except OSError:
        return b""
