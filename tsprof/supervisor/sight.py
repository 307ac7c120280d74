"""Where the exact ledger is not to be had, and why: told beside the verdict."""

import re
from collections import defaultdict

import psutil

from tsprof.agent import KNOWN, NEWEST, OLDEST
from tsprof.config import Settings
from tsprof.errors import AgentError
from tsprof.supervisor import native_agent
from tsprof.supervisor.agents import Agents
from tsprof.supervisor.instruments import TargetProcesses
from tsprof.supervisor.target_code import PYTHON

NAMED_PIDS = 5
_LIBC = re.compile(r"/(libc\.so|libc-[\d.]+\.so|ld-linux)[^/]*$")
_VERSION = re.compile(r"python(\d+)\.(\d+)")
_MUSL = re.compile(r"musl.*\.so")


def sight_notes(agents: Agents, target: TargetProcesses, settings: Settings) -> list[str]:
    """Say which processes are measured from outside, and why; those alike in one line."""
    if not settings.check.agent or settings.target.pid is not None:
        return ["measured from outside: resident memory only, so that small leaks stay unseen"]
    present = agents.connected()
    alike = defaultdict(list)
    for process in target.processes():
        try:
            agent = present.get(process.pid)
            reason = agent.blindness if agent else _why_outside(process)
            if reason:
                alike[process.name(), reason].append(process.pid)
        except psutil.Error:
            continue
    return [_note(name, pids, reason) for (name, reason), pids in alike.items()]


def _note(name: str, pids: list[int], reason: str) -> str:
    named = ", ".join(map(str, pids[:NAMED_PIDS]))
    more = f" and {len(pids) - NAMED_PIDS:,} more" if len(pids) > NAMED_PIDS else ""
    subject = f"process {named} ({name}) is" if len(pids) == 1 else f"{named}{more} ({name}) are"
    return f"{subject} measured from outside, where small leaks stay unseen: {reason}"


def _why_outside(process: psutil.Process) -> str:
    """Say why a process has no agent.

    Raises:
        psutil.Error: it has ended.
    """
    try:
        files = [mapping.path for mapping in process.memory_maps()]
    except psutil.AccessDenied:
        return "it may not be looked into"
    if reason := _why_not_loaded(files):
        return reason
    try:
        agent = str(native_agent.library())
    except AgentError as error:
        return str(error)
    if agent in files:
        listens = any(c.status == psutil.CONN_LISTEN for c in process.net_connections())
        if listens:
            return "it calls the kernel without the C library, as Go programs do"
        return "it does not serve, and was not forked from a program that does"
    return (
        "it is set-user-ID, cannot read the agent's file, or was started without LD_PRELOAD in its "
        "environment"
    )


def _why_not_loaded(files: list[str]) -> str:
    """Say why the agent cannot be in a program that maps these files; empty where it can."""
    if interpreters := [match for match in map(PYTHON.search, files) if match]:
        return _why_python_is_alone(interpreters[0].group())
    if any(map(_MUSL.search, files)):
        return "it runs on musl, whose malloc tells no counters"
    if not any(map(_LIBC.search, files)):
        return "it is statically linked, so that no agent can be loaded into it"
    return ""


def _why_python_is_alone(file: str) -> str:
    """Say why no agent is in a Python program, by the name of its interpreter's file."""
    version = _VERSION.search(file)
    if version and not OLDEST <= (int(version[1]), int(version[2])) <= NEWEST:
        return f"it runs on Python {version[1]}.{version[2]}, and tsprof's agent on {KNOWN} only"
    return f"it is not {KNOWN}, or it starts Python with -I, -E or -S, or it clears PYTHONPATH"
