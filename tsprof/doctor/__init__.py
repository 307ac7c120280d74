"""What this machine can and cannot do for tsprof, and how to fix each."""

from collections.abc import Sequence
from pathlib import Path

from tsprof.doctor import access, interpreter, machine, readiness, tools
from tsprof.doctor.row import Row, Status
from tsprof.exit_codes import ExitCode

__all__ = ["Row", "Status", "examine", "exit_code"]


def examine(home: Path, python: Path | None = None, scenario: str | None = None) -> tuple[Row, ...]:
    """Look at this machine.

    Starts a few short processes: each tool to ask its version, py-spy on this very process.

    Args:
        home: where runs are stored.
        python: the interpreter that runs the target; None to look at none.
        scenario: one that shall run in this folder; None for the machine alone.

    Raises:
        UsageError: ``python`` is no Python interpreter.
    """
    return (
        *machine.rows(home),
        *access.rows(),
        *tools.rows(),
        *(interpreter.rows(python) if python is not None else ()),
        *(readiness.rows(scenario, Path()) if scenario is not None else ()),
    )


def exit_code(rows: Sequence[Row]) -> ExitCode:
    """Return PASS when what was examined can work here, else INCONCLUSIVE."""
    missing = any(row.needed and row.status is Status.MISSING for row in rows)
    return ExitCode.INCONCLUSIVE if missing else ExitCode.PASS
