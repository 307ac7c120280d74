"""Reduce the capture of an attribution window to survivors by call stack.

Reading runs in a process of its own, ``capture_reader``, under a time and a memory limit.
"""

import subprocess
import sys
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from tsprof.analysis.attribution.captures import CaptureDigest
from tsprof.errors import TsprofError
from tsprof.exit_codes import ExitCode
from tsprof.profilers import capture_reader

MEMORY_LIMIT = 1 << 30
"""Bytes of private memory that the reading process may take."""
TIME_LIMIT = 120.0
"""Seconds that reading may take."""
STACKS_KEPT = 1000
"""Call stacks in a digest, those with the most bytes."""


class CaptureError(TsprofError):
    """A capture that cannot be read within its limits."""

    exit_code = ExitCode.INCONCLUSIVE


def digest(
    capture: Path,
    *,
    early_until: float,
    requests_early: int,
    requests_total: int,
    time_limit: float = TIME_LIMIT,
    memory_limit: int = MEMORY_LIMIT,
    stacks_kept: int = STACKS_KEPT,
) -> CaptureDigest:
    """Reduce a capture to the stacks whose allocations were alive at the window's end.

    Args:
        capture: The file that the agent's window wrote, memray's, tracemalloc's or heaptrack's.
        early_until: The time that the agent's ``window.mark`` returned (seconds since the epoch);
            a record of heaptrack has a mark of its own.
        requests_early: Requests to the whole target before the mark.
        requests_total: Requests to the whole target in the window.
        time_limit: Seconds after which reading is given up.
        memory_limit: Bytes of private memory for the reading process.
        stacks_kept: Stacks to keep, those with the most bytes.

    Raises:
        CaptureError: The file is missing, damaged, or too large for the limits.
    """
    numbers = (early_until, requests_early, requests_total, stacks_kept, memory_limit)
    command = [sys.executable, "-m", capture_reader.__name__, str(capture), *map(repr, numbers)]
    try:
        reader = subprocess.run(
            command, capture_output=True, timeout=time_limit, check=False, text=True
        )
    except subprocess.TimeoutExpired:
        raise CaptureError(
            f"reading {capture} took more than {time_limit:g} s",
            hint="use a shorter attribution window or a lower request rate",
        ) from None
    if reader.returncode:
        raise CaptureError(
            f"{capture} cannot be read: {_reason(reader)}",
            hint="use a shorter attribution window or a lower request rate",
        )
    try:
        return TypeAdapter(CaptureDigest).validate_json(reader.stdout)
    except ValidationError as error:
        raise CaptureError(f"{capture} was read to something unexpected: {error}") from error


def _reason(reader: subprocess.CompletedProcess[str]) -> str:
    if reader.returncode == capture_reader.OUT_OF_MEMORY or "bad_alloc" in reader.stderr:
        return "it needs more memory than the limit"
    if reader.returncode < 0:
        return f"the reader was ended by signal {-reader.returncode}"
    lines = reader.stderr.strip().splitlines()
    return lines[-1] if lines else f"the reader exited with {reader.returncode}"
