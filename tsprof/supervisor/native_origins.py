"""Where native programs make descriptors and start threads: noted by their agent under load."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from tsprof.analysis.attribution.listings import NativeListing
from tsprof.analysis.attribution.sites import STACK_FRAMES, Origin
from tsprof.profilers import heaptrack
from tsprof.profilers.native_origin import native_origin
from tsprof.profilers.return_addresses import Addresses, Mapped, frames_returned_to, mapped
from tsprof.profilers.survivors import UnreadableError
from tsprof.supervisor.agents import Agents, Reply

PATIENCE = 20.0
MOST_STACKS = 200
"""Call stacks of a process that are made into functions and lines, those that made the most."""
_MOST_MAPPED = 16 << 20
"""Characters of the list of what is mapped into a process that are read."""
_Address = Annotated[int, Field(ge=0, lt=1 << 64)]


@dataclass(frozen=True, kw_only=True)
class _Answer:
    """The agent's answer, see ``agent/native/origins.h``."""

    descriptors: Mapping[int, int]
    threads: Mapping[int, int]
    stacks: Mapping[int, Annotated[Addresses, Field(max_length=STACK_FRAMES)]]


_ANSWER = TypeAdapter(_Answer)


@dataclass(frozen=True)
class NativeOrigins:
    """What the agents in native programs noted."""

    listings: Mapping[int, NativeListing]
    """By pid."""
    files: frozenset[str]
    """Source files, and programs and libraries without debug information, in the stacks."""

    def origins_beside(self, others: Callable[[str], Origin]) -> Callable[[str], Origin]:
        """Return what tells whose code a file is, in a target that may run Python as well.

        Args:
            others: tells it of a file that is no native program's.
        """
        return lambda file: native_origin(file) if file in self.files else others(file)


def start_native_notes(
    agents: Agents, pids: Collection[int], note: Callable[[str], None]
) -> set[int]:
    """Have the native programs among the processes note their calls; return which do so.

    Args:
        agents: of the target, which is at rest.
        pids: of the processes that are looked at.
        note: is told why one of them does not.
    """
    natives = {pid for pid, agent in agents.connected().items() if not agent.python} & set(pids)
    if natives and heaptrack.find() is None:
        note(
            "which function of a native program opens or starts what grows is not followed, "
            "because heaptrack is not installed (apt install heaptrack)"
        )
        return set()
    noting = set()
    for pid, reply in agents.ask("resources.start", pids=natives, timeout=PATIENCE).items():
        if isinstance(reply, Mapping) and reply.get("recording") is True:
            noting.add(pid)
        else:
            reason = reply if isinstance(reply, str) else reply.get("refused")
            note(f"process {pid}: what it opens is not followed: {reason}")
    return noting


def end_native_notes(
    agents: Agents, pids: Collection[int], note: Callable[[str], None]
) -> NativeOrigins:
    """End the notes; return what they tell of the things that are there now.

    Args:
        agents: of the target, which is at rest.
        pids: of the processes that note their calls.
        note: is told why those of one cannot be read.
    """
    found = {}
    for pid, reply in agents.ask("resources.stop", pids=pids, timeout=PATIENCE).items():
        try:
            found[pid] = _listing(pid, reply)
        except UnreadableError as error:
            note(f"process {pid}: what it opens is not known: {error}")
    stacks = [stack for listing in found.values() for stack in listing.stacks.values()]
    return NativeOrigins(found, frozenset(file for stack in stacks for _, file, _ in stack))


def _listing(pid: int, answer: Reply) -> NativeListing:
    """Make functions and lines of an answer; what comes out of a target may be anything."""
    if isinstance(answer, str):
        raise UnreadableError(answer)
    try:
        reply = _ANSWER.validate_python(answer)
    except ValidationError as error:
        raise UnreadableError("its answer is not valid") from error
    used = Counter([*reply.descriptors.values(), *reply.threads.values()])
    stacks = {n: reply.stacks[n] for n, _ in used.most_common(MOST_STACKS) if n in reply.stacks}
    frames = frames_returned_to(stacks.values(), _modules(pid)) if stacks else {}
    return NativeListing(
        descriptors=reply.descriptors,
        threads=reply.threads,
        stacks={number: frames.get(addresses, ()) for number, addresses in stacks.items()},
    )


def _modules(pid: int) -> list[Mapped]:
    try:
        with Path(f"/proc/{pid}/maps").open(errors="replace") as text:
            lines = text.read(_MOST_MAPPED).splitlines()
    except OSError as error:
        raise UnreadableError(f"what is loaded into it cannot be read: {error.strerror}") from error
    return list(filter(None, map(mapped, lines)))
