"""The recipe without tsprof: trace the service with memray, and rank what was never freed."""

import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from attribution_parts.cases import Case
from memray import FileReader

from tsprof.load.client import LoadProcess
from tsprof.load.messages import LoadLost, Quiet
from tsprof.load.spec import LoadSpec
from tsprof.supervisor.launch import LaunchOrder, Target, free_port, wait_until_ready
from tsprof.supervisor.readiness import readiness

LONGEST = 15.0
"""Seconds of load, about as long as that of a check; what was done by then is judged."""


@dataclass(frozen=True)
class Ranking:
    """The functions of the application by what they never freed, the largest first."""

    sites: tuple[tuple[str, str], ...]
    """Function and file name."""
    seconds: float
    """From the start of the service to the ranking."""

    def rank(self, functions: Sequence[str], file: str) -> int | None:
        """Return the place of the first of these functions, counted from 1."""
        for place, (function, where) in enumerate(self.sites, 1):
            if where == file and function in functions:
                return place
        return None


def rank_unfreed(case: Case, requests: int, users: int, environment: dict[str, str]) -> Ranking:
    """Run a service under memray with so many requests at most, and rank what it never freed."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        capture = Path(folder) / "capture.bin"
        _serve_traced(case, capture, requests, users, environment)
        sizes: Counter[tuple[str, str]] = Counter()
        for file in sorted(Path(folder).glob("capture.bin*")):
            sizes.update(_unfreed(file))
    ranked = tuple(site for site, _ in sizes.most_common())
    return Ranking(ranked, time.monotonic() - began)


def _serve_traced(
    case: Case, capture: Path, requests: int, users: int, environment: dict[str, str]
) -> None:
    port = free_port()
    host = f"http://127.0.0.1:{port}"
    options = ("--quiet", "--trace-python-allocators", "--follow-fork", "-o", str(capture))
    command = (sys.executable, "-m", "memray", "run", *options, *case.command[1:])
    with ExitStack() as stack:
        log = capture.with_suffix(".log")
        target = Target(
            LaunchOrder(
                command=[word.replace("{port}", str(port)) for word in command],
                cwd=capture.parent,
                environment=os.environ | environment,
                log=log,
            )
        )
        stack.callback(target.stop)
        check, _ = readiness("tcp", host, (), target.log)
        wait_until_ready(target, check, 60, host, lambda: None)
        spec = LoadSpec(host=host, users=users, locustfile=case.load, seed=1)
        load = LoadProcess.start(spec, capture.with_suffix(".load"))
        stack.callback(load.stop)
        load.open_gate(requests)
        deadline = time.monotonic() + LONGEST
        while time.monotonic() < deadline:
            for event in load.poll(1.0):
                if isinstance(event, LoadLost):
                    raise SystemExit(f"{case.name}: {event.reason}")
                if isinstance(event, Quiet):
                    return


def _unfreed(capture: Path) -> Counter[tuple[str, str]]:
    """Return bytes by the innermost function of the application."""
    sizes: Counter[tuple[str, str]] = Counter()
    try:
        with FileReader(capture) as reader:
            for record in reader.get_leaked_allocation_records(merge_threads=True):
                for function, file, _ in record.stack_trace():
                    if _is_application(file):
                        sizes[function, Path(file).name] += record.size
                        break
    except OSError as error:
        print(f"{capture.name}: {error}", file=sys.stderr)
    return sizes


def _is_application(file: str) -> bool:
    libraries = (sys.prefix, sys.base_prefix)
    return file.endswith(".py") and not file.startswith(libraries)
