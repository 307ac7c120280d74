"""Bring the target up: find its place, launch it with the agent on its way in, wait for it."""

import os
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from tsprof.config import Settings
from tsprof.errors import AgentError, NotReadyError, UsageError
from tsprof.report.live import LiveView
from tsprof.report.progress import Progress
from tsprof.store.runs import TARGET_LOG
from tsprof.supervisor import native_agent, temporary_folder
from tsprof.supervisor.agents import Agents
from tsprof.supervisor.instruments import TargetProcesses
from tsprof.supervisor.interrupts import InterruptedEarlyError, Interrupts, RunInterrupted
from tsprof.supervisor.launch import (
    LaunchOrder,
    Target,
    free_port,
    is_listening,
    wait_until_ready,
)
from tsprof.supervisor.readiness import readiness
from tsprof.supervisor.tool import NONE, Tool
from tsprof.supervisor.watched_process import WatchedProcess
from tsprof.supervisor.wrong_port import has_no_place, watch_for_wrong_port


@dataclass(frozen=True)
class Place:
    """Where the target serves."""

    host: str
    port: int

    def fill(self, text: str) -> str:
        """Return the text with ``{port}`` replaced."""
        return text.replace("{port}", str(self.port))


def find_place(settings: Settings) -> Place:
    """Return where the target will serve.

    Raises:
        UsageError: something else serves there.
    """
    port = free_port()
    place = Place(settings.load.host.replace("{port}", str(port)), port)
    if settings.target.pid is None and is_listening(place.host):
        raise UsageError(
            f"something else already serves at {place.host}, and the load would go there",
            hint="end it, or write {port} in the command and leave --host out",
        )
    return place


@dataclass(frozen=True)
class Surroundings:
    """What a target is brought up in."""

    agents: Agents
    folder: Path
    """Of the run; the target's output is logged there."""
    interrupts: Interrupts
    view: LiveView
    temporary_folder: Path | None
    """For the target's temporary files."""
    stack: ExitStack
    """Takes the target down at its end."""


def bring_up(
    settings: Settings, place: Place, around: Surroundings, tool: Tool = NONE
) -> TargetProcesses:
    """Launch the target, or find the running one, and wait until it serves.

    Args:
        settings: of the run.
        place: where it is to serve.
        around: what it is launched in.
        tool: that it is to run under.

    Raises:
        UsageError: the command cannot be executed.
        NotReadyError: the target never served.
        InterruptedEarlyError: the user asked before it did.
    """
    if settings.target.pid is not None:
        if not is_listening(place.host):
            raise NotReadyError(f"nothing serves at {place.host}")
        return WatchedProcess(settings.target.pid)
    environment = dict(os.environ)
    environment.update(temporary_folder.environment(around.temporary_folder))
    environment.update({k: place.fill(v) for k, v in settings.target.env.items()})
    environment.update(tool.variables)
    if tool.preload:
        before = environment.get("LD_PRELOAD")
        environment["LD_PRELOAD"] = " ".join(filter(None, (tool.preload, before)))
    if settings.check.agent and tool.agent:
        environment.update(around.agents.environment(environment))
        with suppress(AgentError):  # sight_notes tells where that matters
            environment.update(native_agent.environment(environment, native_agent.library()))
    target = Target(
        LaunchOrder(
            command=[*tool.prefix, *(place.fill(word) for word in settings.target.command)],
            cwd=(settings.target.cwd or Path.cwd()).absolute(),
            environment=environment,
            log=around.folder / TARGET_LOG,
            temporary=around.temporary_folder,
        )
    )
    around.stack.enter_context(target)
    began = time.monotonic()
    look: Callable[[], object] | None = None
    if has_no_place(settings.target.command, settings.target.env, settings.load.host):
        look = watch_for_wrong_port(target.processes, place.host)

    def pump() -> None:
        if look:
            look()
        try:
            around.interrupts.check()
        except RunInterrupted:
            raise InterruptedEarlyError from None
        around.view.update(
            Progress(phase="waiting for the target", elapsed=time.monotonic() - began)
        )

    ready = settings.target.ready
    check, what = readiness(
        None if ready is None else place.fill(ready), place.host, settings.load.url, target.log
    )
    wait_until_ready(target, check, settings.target.ready_timeout * tool.slowdown, what, pump)
    return target
