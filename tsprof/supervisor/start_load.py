"""Start the load of a run, and wait for those who share it."""

import time

from tsprof.config import Settings
from tsprof.load.client import LoadProcess
from tsprof.load.spec import ONE_PROCESS, LoadSpec, Workers
from tsprof.loopback import LOOPBACK
from tsprof.report import format as fmt
from tsprof.report.progress import Progress
from tsprof.store.runs import LOAD_LOG
from tsprof.supervisor.bring_up import Place, Surroundings
from tsprof.supervisor.interrupts import InterruptedEarlyError, RunInterrupted
from tsprof.supervisor.plan import Plan


def start_load(settings: Settings, plan: Plan, place: Place, around: Surroundings) -> LoadProcess:
    """Start the load processes of this machine, and wait until those of others have joined.

    Args:
        settings: of the run.
        plan: says how many users there are and at what rate they send, in all processes together.
        place: where the target serves.
        around: what the run has; its stack ends the load.

    Raises:
        UsageError: the Locust file, or where the master is to listen, cannot be used.
        LoadError: a load process died, or not all were there in time.
        InterruptedEarlyError: the user asked before the load was ready.
    """
    load = settings.load
    workers = _workers(settings)
    if load.expect_workers:
        _announce(settings, around)
    began = time.monotonic()

    def tell(waits: str) -> None:
        try:
            around.interrupts.check()
        except RunInterrupted:
            raise InterruptedEarlyError from None
        phase = f"starting the load: {waits}"
        around.view.update(Progress(phase=phase, elapsed=time.monotonic() - began))

    process = LoadProcess.start(
        LoadSpec(
            host=place.host,
            users=plan.users,
            locustfile=load.locustfile,
            paths=load.url,
            rate=plan.rate,
        ),
        around.folder / LOAD_LOG,
        workers=workers,
        ui_port=load.locust_ui,
        tell=tell,
    )
    if process.ui_port is not None:
        around.view.line(f"Locust's page, to look at only: http://{LOOPBACK}:{process.ui_port}/")
    around.stack.callback(process.stop)
    return process


def _workers(settings: Settings) -> Workers:
    load = settings.load
    if not load.expect_workers:
        return Workers(load.processes) if load.processes != 1 else ONE_PROCESS
    return Workers(
        load.processes, load.expect_workers, load.master_bind_host, load.master_bind_port
    )


def _announce(settings: Settings, around: Surroundings) -> None:
    load = settings.load
    around.view.line(
        f"waiting for {fmt.count(load.expect_workers, 'worker')} at {load.master_bind_host}:"
        f"{load.master_bind_port}; where they are: tsprof worker --master-host THIS-MACHINE "
        f"--master-port {load.master_bind_port}"
    )
    if load.master_bind_host != LOOPBACK:
        around.view.line(
            "warning: whoever reaches this port can join the run and read the Locust file; what "
            "goes through it is neither encrypted nor authenticated"
        )
