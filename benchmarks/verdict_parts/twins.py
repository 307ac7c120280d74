"""The twins of the demo service, and what is right to say of their faults and look-alikes."""

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

ROOT = Path(__file__).parents[2]
PYTHON_SERVICE = ROOT / "targets" / "truthsync_py"
RUST_SERVICE = ROOT / "targets" / "truthsync_rs"
_TRUTH_OF_PYTHON = """
import sys
from truthsync.faults.injector import held_bytes
from truthsync.faults.specification import parse_faults
(fault,) = parse_faults(sys.argv[1])
print(*(held_bytes(fault, int(int(count) * fault.rate)) or 0 for count in sys.argv[2:]))
"""


@dataclass(frozen=True)
class Case:
    """A fault or look-alike, and the verdicts that are right for it."""

    faults: str
    right: tuple[str, ...]
    resource: str = "memory"
    owner: str = "python_objects"

    @property
    def name(self) -> str:
        """As TRUTHSYNC_FAULTS spells it."""
        return self.faults or "clean"

    @property
    def rate(self) -> float:
        """Events per request of the fault."""
        return float(self.faults.split(":")[1])


@dataclass(frozen=True)
class Twin:
    """One of the services."""

    command: tuple[str, ...]
    cases: tuple[Case, ...]
    held: Callable[[str, int, int], tuple[float, float]]
    """The true bytes that a fault holds after each of two numbers of requests."""

    def bytes_per_request(self, case: Case, first: int, last: int) -> float:
        """Return what a fault of memory truly grows by between two numbers of requests."""
        before, after = self.held(case.faults, first, last)
        return (after - before) / (last - first)


def held_by_python(interpreter: str, faults: str, first: int, last: int) -> tuple[float, float]:
    """Return what the Python twin's own arithmetic says; object sizes differ among versions."""
    told = subprocess.run(
        [interpreter, "-c", _TRUTH_OF_PYTHON, faults, str(first), str(last)],
        env=os.environ | {"PYTHONPATH": str(PYTHON_SERVICE)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    before, after = map(float, told.stdout.split())
    return before, after


def held_by_rust(faults: str, first: int, last: int) -> tuple[float, float]:
    """Return what the Rust twin says."""
    told = subprocess.run(
        [RUST_PROGRAM, "truth", str(first), str(last)],
        env=os.environ | {"TRUTHSYNC_FAULTS": faults},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    before, after = map(int, told.stdout.split())
    return before, after


def build_rust() -> None:
    """Build the Rust twin, if something has changed."""
    subprocess.run(["cargo", "build", "--quiet", "--release"], cwd=RUST_SERVICE, check=True)


FAIL, CLEAN = ("fail",), ("pass", "inconclusive")
RUST_PROGRAM = str(RUST_SERVICE / "target" / "release" / "truthsync")
LOOK_ALIKES = (
    Case("", ("pass",)),
    Case("lru:1:5000", CLEAN),
    Case("job:3:50000000", CLEAN),
    Case("ttl:1:5", CLEAN),
    Case("ttl:1:30", CLEAN),
    Case("lazy:5000", CLEAN),
    Case("lru:1:200000", CLEAN),
)


def _native(*faults: str) -> tuple[Case, ...]:
    return tuple(Case(fault, FAIL, owner="native_heap") for fault in faults)


PYTHON_CASES = (
    Case("list:0.1:300", FAIL),
    Case("list:1:20", FAIL),
    Case("list:1:2000", FAIL),
    Case("callbacks:0.1:300", FAIL),
    Case("dict:0.1:300", FAIL),
    Case("dict:1:2000", FAIL),
    Case("tracebacks:0.1:300", FAIL),
    Case("cycle:0.1:300", FAIL, "garbage"),
    *_native("native:0.1:300", "native:1:2000"),
    Case("fd:0.002", FAIL, "fd"),
    Case("thread:0.002", FAIL, "thread"),
    Case("task:0.01", FAIL, "task"),
    *LOOK_ALIKES,
)


def python_twin(interpreter: str) -> Twin:
    """Return the Python service, run by an interpreter that has what it needs."""
    return Twin(
        (
            *(interpreter, "-m", "uvicorn", "--app-dir", str(PYTHON_SERVICE)),
            *("truthsync.app:app", "--port", "{port}", "--log-level", "warning"),
        ),
        PYTHON_CASES,
        partial(held_by_python, interpreter),
    )


RUST = Twin(
    (RUST_PROGRAM, "--port", "{port}"),
    (
        *_native("list:0.1:300", "list:1:20", "list:1:2000"),
        *_native("callbacks:0.1:300", "callbacks:1:1000"),
        *_native("dict:0.1:300", "dict:1:100", "dict:1:2000"),
        *_native("cycle:0.1:300", "cycle:1:1000"),
        *_native("native:0.1:500", "native:1:2000"),
        *_native("channel:0.1:500", "channel:1:50", "channel:1:2000"),
        *_native("task:0.2", "task:1"),
        Case("fd:0.002", FAIL, "fd"),
        Case("thread:0.002", FAIL, "thread"),
        *LOOK_ALIKES,
    ),
    held_by_rust,
)
