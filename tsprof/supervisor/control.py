"""The positive control: memory that tsprof plants itself must show in the ledger."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import psutil
from pydantic import NonNegativeInt

from tsprof.supervisor.agents import Agents
from tsprof.supervisor.counters import Counters, Part, parsed, read_counters
from tsprof.supervisor.process_watch import News

CONTROL_TOLERANCE = 4096
"""Bytes that an idle process may move by itself between two readings, such as the agent's own
reply (880 to 2,500 bytes, measured on Python 3.9 to 3.14)."""


class _Planted(Part):
    blocks: NonNegativeInt
    python_bytes: NonNegativeInt
    native_bytes: NonNegativeInt


class Control:
    """Puts each agent to the test once."""

    def __init__(self) -> None:
        """Know of none yet."""
        self._tested: set[int] = set()

    def of_new(self, agents: Agents) -> Iterator[News]:
        """Prove the ledger in the processes whose agents have not been tested; yield the results.

        Args:
            agents: of the target; those that cannot read their program's heap are left out.
        """
        new = {
            pid
            for pid, agent in agents.connected().items()
            if pid not in self._tested and not agent.blindness
        }
        if not new:
            return
        results = positive_control(agents, new)
        if not all(result.passed for result in results.values()):
            results = positive_control(agents, new)  # a job may have run just then
        for pid, result in results.items():
            self._tested.add(pid)
            if result.passed:
                yield "control_passed", result.text, pid
            else:
                yield (
                    "control_failed",
                    f"the positive control failed in process {pid}: {result.text}",
                    pid,
                )


@dataclass(frozen=True)
class ControlResult:
    """Outcome of the positive control in one process."""

    passed: bool
    text: str


def positive_control(agents: Agents, pids: Collection[int]) -> dict[int, ControlResult]:
    """Plant a known number of blocks and bytes in processes, and see whether they show.

    What the control plants is read like any other memory; it is taken back afterwards. A process
    may move by itself what it also moves between the readings before and after. One that ends
    meanwhile has no result.
    """
    read_counters(agents, pids)  # the first checkpoint allocates what later ones reuse
    before = read_counters(agents, pids)
    replies = agents.ask("plant", pids=pids)
    planted = {pid: parsed(_Planted, reply) for pid, reply in replies.items()}
    during = read_counters(agents, pids)
    agents.ask("unplant", pids=pids)
    after = read_counters(agents, pids)
    return {
        pid: _judge(first, planted.get(pid), during.get(pid), after.get(pid))
        for pid, first in before.items()
        if pid in after or psutil.pid_exists(pid)
    }


def _judge(
    before: Counters | str | None,
    planted: _Planted | str | None,
    during: Counters | str | None,
    after: Counters | str | None,
) -> ControlResult:
    if not (
        isinstance(before, Counters)
        and isinstance(planted, _Planted)
        and isinstance(during, Counters)
        and isinstance(after, Counters)
    ):
        reasons = [reply for reply in (before, planted, during, after) if isinstance(reply, str)]
        return ControlResult(passed=False, text=next(iter(reasons), "it did not answer"))
    expected = planted.python_bytes + planted.native_bytes
    seen = during.live - before.live
    restless = abs(after.live - before.live)
    if abs(seen - expected) <= restless + CONTROL_TOLERANCE:
        return ControlResult(
            passed=True, text=f"positive control: a planted {expected:,} bytes showed in the ledger"
        )
    text = f"planted {expected:,} bytes in {planted.blocks:,} blocks, the ledger showed {seen:,}"
    return ControlResult(passed=False, text=text)
