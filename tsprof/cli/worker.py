"""``tsprof worker``."""

import os
import signal
import socket
from pathlib import Path

import click

from tsprof.cli.options import examples
from tsprof.errors import UsageError
from tsprof.units import DURATION

DEFAULT_TIMEOUT = 300.0


@click.command(
    epilog=examples(
        "tsprof worker --master-host 10.0.0.5",
        "tsprof worker --master-host build-7 --master-port 6000 --locustfile load.py",
    )
)
@click.option("--master-host", required=True, metavar="HOST", help="Where the run is.")
@click.option(
    "--master-port",
    type=click.IntRange(1, 65535),
    default=5557,
    metavar="PORT",
    help="And at which port (default 5557).",
)
@click.option(
    "--locustfile",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="What users do here, instead of the Locust file that the master sends.",
)
@click.option(
    "--timeout",
    type=DURATION,
    default=DEFAULT_TIMEOUT,
    help="How long to look for the master (default 5m).",
)
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but problems.")
def worker(
    master_host: str, master_port: int, locustfile: Path | None, timeout: float, *, quiet: bool
) -> int:
    """Share the load of a run on another machine.

    Joins a run that was started with --expect-workers, and makes its part of the load until that
    ends. It runs the Locust file that the master sends: join only runs that you trust.

    Exit codes: 0 the run has ended, 2 the master does not take this worker or its Locust file
    cannot be used, 3 there was no master or it was lost, 130 interrupted.
    """
    from tsprof.load.hired import work
    from tsprof.load.messages import Enlist
    from tsprof.store.runs import home

    if locustfile is not None and not locustfile.is_file():
        raise UsageError(f"there is no Locust file {locustfile}")

    def tell(text: str) -> None:
        if not quiet:
            click.echo(text, err=True)

    for number in (signal.SIGINT, signal.SIGTERM):  # scripts start programs with SIGINT ignored
        signal.signal(number, signal.default_int_handler)
    folder = home()
    folder.mkdir(parents=True, exist_ok=True)
    name = f"worker {socket.gethostname()} ({os.getpid()})"
    tell(f"{name}: looking for a run at {master_host}:{master_port}, for up to {timeout:g} s")
    work(
        Enlist(master_host, master_port, timeout, name, locustfile),
        folder / "worker.log",
        tell,
    )
    return 0
