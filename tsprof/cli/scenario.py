"""What all commands have in common that run a scenario: settings in, reports out."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from tsprof.cli.options import settings_from
from tsprof.config import Settings
from tsprof.report import terminal
from tsprof.report.live import LiveView
from tsprof.report.model import Report
from tsprof.report.write import write_outputs
from tsprof.store.runs import home
from tsprof.supervisor.plan import Plan
from tsprof.supervisor.run import run


def run_scenario(plan: Callable[[Settings], Plan], parameters: Mapping[str, Any]) -> int:
    """Run a scenario and write its reports; return the exit code.

    Args:
        plan: makes the scenario's plan from the settings.
        parameters: of the command, as ``scenario_options`` names them.
    """
    quiet = bool(parameters.get("quiet"))
    loaded = settings_from(parameters)
    with LiveView(quiet=quiet) as view:
        for note in loaded.notes:
            view.line(note)
        report, folder = run(plan(loaded.settings), loaded.settings, home(), view)
    print_report(report, loaded.settings, folder, quiet=quiet)
    return report.exit_code


def print_report(report: Report, settings: Settings, folder: Path, *, quiet: bool) -> None:
    """Write the files that were asked for, and the report to the terminal.

    A run has its HTML report in its folder, unless another place was asked for. Where a report goes to standard output, the
    terminal's goes to standard error.
    """
    outputs = settings.report
    page = outputs.html_file or folder / "report.html"
    write_outputs(
        report,
        json=outputs.json_file,
        junit=outputs.junit_file,
        markdown=outputs.markdown_file,
        html=page,
        stdout=sys.stdout.buffer,
    )
    if quiet:
        return
    to_stdout = Path("-") in (outputs.json_file, outputs.junit_file, outputs.markdown_file, page)
    console = Console(stderr=to_stdout, highlight=False, soft_wrap=False)
    terminal.render(report, console)
    if page != Path("-"):
        console.print(f"HTML report: {page}", markup=False, soft_wrap=True)
