"""Serves a run's metrics to a Prometheus server on this machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from tsprof.errors import UsageError
from tsprof.loopback import LOOPBACK
from tsprof.monitor.metrics import metrics
from tsprof.store.follow import RunFollower


class RunCollector(Collector):
    """What a registry asks for the metrics of a run."""

    def __init__(self, folder: Path) -> None:
        """Follow the run in a folder."""
        self._folder = folder
        self._follower: RunFollower | None = None
        self._asking = Lock()

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics as they are now."""
        with self._asking:  # a server answers each scrape in a thread of its own
            if self._follower is None:
                self._follower = RunFollower(self._folder)
            found = list(metrics(self._follower.look()))
        yield from found


@contextmanager
def serving_metrics(folder: Path, port: int) -> Iterator[int]:
    """Serve the metrics of a run at ``/metrics`` on loopback for as long as the context lasts.

    Args:
        folder: the run's.
        port: to listen at; 0 for a free one.

    Yields:
        The port.

    Raises:
        UsageError: the port is taken.
    """
    registry = CollectorRegistry(auto_describe=False)
    try:
        server, thread = start_http_server(port, addr=LOOPBACK, registry=registry)
    except OSError as error:
        raise UsageError(
            f"--prometheus: port {port} cannot be listened at: {error.strerror}",
            hint="name another, or 0 for one that is free",
        ) from error
    registry.register(RunCollector(folder))
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
