"""Who is shown a run while it lasts, as the options say."""

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from tsprof.monitor.dashboard import standing
from tsprof.monitor.watch import RunWatch
from tsprof.report.live import LiveView
from tsprof.report.model import Report

if TYPE_CHECKING:
    from tsprof.monitor.page import LivePage


class Monitors:
    """The terminal, the page in a browser and Prometheus; a context manager, which ends them."""

    def __init__(self, parameters: Mapping[str, Any], view: LiveView) -> None:
        """Show nothing yet.

        Args:
            parameters: of the command, as ``monitor_options`` names them.
            view: the terminal, which is also told where the others are served.
        """
        self._parameters = parameters
        self._view = view
        self._stack = ExitStack()
        self._page: LivePage | None = None

    def begin(self, folder: Path) -> None:
        """Show the run in a folder, which has begun.

        Raises:
            UsageError: a port is taken.
        """
        watch = RunWatch(folder)
        self._view.follow(lambda: standing(*watch.look()))
        if (port := self._parameters.get("prometheus")) is not None:
            from tsprof.monitor.prometheus import serving_metrics

            served = self._stack.enter_context(serving_metrics(folder, port))
            self._view.line(f"metrics for Prometheus: http://127.0.0.1:{served}/metrics")
        if (port := self._parameters.get("web")) is not None:
            from tsprof.monitor.page import LivePage

            self._page = self._stack.enter_context(LivePage(folder, port))
            self._view.line(f"live page: http://127.0.0.1:{self._page.port}/")

    def end(self, report: Report, html: Path | None) -> None:
        """Show how the run ended, to who looks on.

        Args:
            report: of the run.
            html: its page, where there is one.
        """
        if self._page is not None:
            self._page.end(report, str(html.resolve()) if html else "")

    def __enter__(self) -> Self:
        """Wait for the run."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop."""
        self._stack.__exit__(kind, error, traceback)
