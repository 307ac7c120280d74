"""A worker: ``python -m tsprof.load.worker_process CHANNEL LIFELINE``, two file descriptors.

One of several load processes, on the master's machine or on another. The process that started it
says where the master is; from the master it learns what load to make, and when.
"""

import locust  # noqa: I001 - patches the standard library, so it comes before all else
import random
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import gevent
from locust.env import Environment
from locust.runners import WorkerRunner

from tsprof.errors import LoadError, TsprofError
from tsprof.load.abandon import abandon_connections
from tsprof.load.admission import install, listen
from tsprof.load.bounded_log import BoundedLog
from tsprof.load.bounded_stats import fill_from
from tsprof.load.channel import MasterChannel, SocketChannel
from tsprof.load.gate import Gate
from tsprof.load.joining import join
from tsprof.load.lease import Lease
from tsprof.load.locustfile import prepare
from tsprof.load.messages import (
    Enlist,
    Joined,
    Loaded,
    LoadLost,
    Ready,
    Refused,
    Welcome,
)
from tsprof.load.recorder import Recorder, ScheduledRecorder
from tsprof.load.session import LoadSession
from tsprof.load.spec import LoadSpec
from tsprof.load.startup import start_up


CONNECT_SECONDS = 20.0
"""From the master's word that this worker may join. It is not taken where others came first."""


def main() -> None:
    """Work for a master until it ends the load."""
    parent, log = start_up()
    enlist = parent.receive()
    if not isinstance(enlist, Enlist):
        sys.exit("A worker expects to be told where its master is.")
    try:
        with ExitStack() as stack:
            welcome = join(enlist)
            parent.send(Joined(1))
            _work(_own_spec(welcome, enlist.locustfile, stack), enlist, parent, log)
    except LoadError as error:
        parent.send(LoadLost(str(error)))
        sys.exit(str(error))
    except TsprofError as error:
        parent.send(Refused(str(error), error.hint))
        sys.exit(str(error))


def _own_spec(welcome: Welcome, own: Path | None, stack: ExitStack) -> LoadSpec:
    """Return the load with a Locust file of this machine: its own, or the master's."""
    spec = welcome.spec
    if spec.locustfile is None or welcome.locustfile is None:
        return spec
    if own is None:
        scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix="tsprof-worker-"))
        own = Path(scratch, spec.locustfile.name)
        own.write_text(welcome.locustfile, encoding="utf-8")
    return replace(spec, locustfile=own)


def _work(spec: LoadSpec, enlist: Enlist, parent: SocketChannel, log: BoundedLog) -> None:
    gate = Gate(spec.rate)
    recorder = ScheduledRecorder(gate.lateness_ms) if spec.rate else Recorder()
    install(gate, spec.users)
    listen(locust.events, recorder, spec.users)
    random.seed(spec.seed)

    def connected(environment: Environment) -> WorkerRunner:
        with gevent.Timeout(CONNECT_SECONDS, LoadError("the master did not take this worker")):
            runner = WorkerRunner(environment, enlist.master_host, enlist.master_port)
        fill_from(recorder, environment)
        return runner

    environment, notes = prepare(spec, connected)
    runner = environment.runner
    assert isinstance(runner, WorkerRunner)
    if spec.seed is not None:
        random.seed(spec.seed + runner.worker_index)  # each process picks its own tasks
    channel = MasterChannel(runner)
    session = LoadSession(environment, gate, recorder, channel, log=log, start_users=lambda: None)
    lease = Lease(gate)
    events: Any = environment.events  # Locust does not annotate its hooks
    events.heartbeat_received.add_listener(lease.renew)
    silence = LoadLost("nothing was heard of the master any more")
    dismissal = LoadLost("the master ended this worker's part in the load")
    gevent.spawn(_end_after, lease.over.wait, channel, silence)
    gevent.spawn(_end_after, runner.greenlet.join, channel, dismissal)
    gevent.spawn(_obey, parent, channel)
    # Not before the session listens: the master may send users at once.
    gevent.spawn(channel.send, Loaded(enlist.name, notes))
    gevent.spawn(parent.send, Ready(notes))
    end = session.serve()
    if isinstance(end, LoadLost):
        abandon_connections()
        raise LoadError(f"the load is lost: {end.reason}")


def _end_after(wait: Callable[[], object], channel: MasterChannel, end: LoadLost) -> None:
    wait()
    channel.put(end)


def _obey(parent: SocketChannel, channel: MasterChannel) -> None:
    """Take an order to stop also from the process that started this one."""
    channel.put(parent.receive())


if __name__ == "__main__":
    main()
