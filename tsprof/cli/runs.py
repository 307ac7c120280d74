"""``tsprof runs``: list the stored runs, and delete old ones."""

import json
import shutil
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from tsprof.cli.options import examples, file_option
from tsprof.errors import StoreError
from tsprof.report import format as fmt
from tsprof.report.tables import plain_table
from tsprof.report.text import clean
from tsprof.report.write import write_text
from tsprof.store.runs import RunSummary, home, list_runs
from tsprof.units import DURATION

_LONGEST_NAME = 60


@click.command(
    epilog=examples("tsprof runs", "tsprof runs --json -", "tsprof runs --delete-older 7d")
)
@file_option("--json", "Write the list as JSON")
@click.option(
    "--delete-older",
    type=DURATION,
    help="Delete the runs that nothing was written to for so long.",
)
def runs(json: Path | None, delete_older: float | None) -> None:
    """List the stored runs.

    The newest comes first. Runs are stored under .tsprof, or where TSPROF_HOME says.
    """
    stored = list_runs(home())
    if delete_older is not None:
        old = [run for run in stored if not run.under_way and _age(run) > delete_older]
        _delete(old)
        deleted, freed = fmt.count(len(old), "run"), sum(run.disk_bytes for run in old)
        click.echo(f"deleted {deleted}, {fmt.size(freed)}", err=True)
        stored = [run for run in stored if run not in old]
    if json is not None:
        write_text("--json", json, _as_json(stored), sys.stdout.buffer)
    elif stored:
        click.echo(_table(stored))
    else:
        click.echo(f"no run is stored under {home()}; tsprof check makes one", err=True)


def _age(run: RunSummary) -> float:
    """Seconds since something was last written to a run."""
    # Listing a run opens its database, and SQLite then touches files that hold nothing.
    files = [file for file in run.path.iterdir() if not file.name.endswith(("-shm", "-wal"))]
    logs = [file for file in run.path.glob("*-wal") if file.stat().st_size]
    newest = max(file.stat().st_mtime for file in (*files, *logs))
    return datetime.now(UTC).timestamp() - newest


def _delete(old: Sequence[RunSummary]) -> None:
    for run in old:
        try:
            shutil.rmtree(run.path)
        except OSError as error:
            raise StoreError(f"{run.path} cannot be deleted: {error.strerror or error}") from error


def _as_json(stored: Sequence[RunSummary]) -> str:
    return json.dumps([_record(run) for run in stored], indent=2) + "\n"


def _record(run: RunSummary) -> dict[str, Any]:
    return {
        "name": run.name,
        "path": str(run.path),
        "scenario": run.scenario,
        "verdict": run.verdict,
        "started": run.started,
        "seconds": run.seconds,
        "requests": run.requests,
        "bytes_per_request": run.bytes_per_request,
        "disk_bytes": run.disk_bytes,
        "complete": run.complete,
        "under_way": run.under_way,
    }


def _table(stored: Sequence[RunSummary]) -> str:
    rows = [
        (
            clean(run.name, _LONGEST_NAME),
            clean(run.scenario, _LONGEST_NAME),
            run.verdict or ("still running" if run.under_way else "unfinished"),
            fmt.number(run.requests),
            "" if run.bytes_per_request is None else fmt.size(run.bytes_per_request),
            fmt.duration(run.seconds),
            fmt.size(run.disk_bytes),
        )
        for run in stored
    ]
    headers = ("run", "scenario", "verdict", "requests", "growth/request", "duration", "on disk")
    return "\n".join(plain_table(headers, rows, numbers={3, 4, 5, 6}))
