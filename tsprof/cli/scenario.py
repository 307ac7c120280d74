"""What all commands have in common that run a scenario: settings in, reports out."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from tsprof.analysis.comparison.allowances import Allowances
from tsprof.analysis.comparison.baseline import make_baseline, unfit
from tsprof.cli.monitors import Monitors
from tsprof.cli.settings import settings_from
from tsprof.config import Settings
from tsprof.config.model import STDOUT
from tsprof.errors import UsageError
from tsprof.report import format as fmt
from tsprof.report import terminal
from tsprof.report.live import LiveView
from tsprof.report.model import Report, Verdict
from tsprof.report.pipes import PipeConsole
from tsprof.report.write import write_outputs, write_text
from tsprof.store.acknowledgements import DEFAULT_FILE, read_acknowledgements
from tsprof.store.baselines import baseline_text, read_baseline
from tsprof.store.runs import home
from tsprof.supervisor.plan import Plan
from tsprof.supervisor.run import run


def run_scenario(
    scenario: str,
    plan: Callable[[Settings], Plan],
    parameters: Mapping[str, Any],
    also: Callable[[Path], None] | None = None,
) -> int:
    """Run a scenario and write its reports; return the exit code.

    Args:
        scenario: its name.
        plan: makes the scenario's plan from the settings.
        parameters: of the command, as ``scenario_options`` names them.
        also: is called with the run's folder once its report is out.
    """
    quiet = bool(parameters.get("quiet"))
    loaded = settings_from(scenario, parameters)
    planned = plan(loaded.settings)
    allowances = _allowances(loaded.settings, scenario)
    if allowances.expect_a_leak:  # which is no reason to stop looking for others
        planned = replace(planned, stop_on_leak=False)
    view = LiveView(quiet=quiet)
    with Monitors(parameters, view) as monitors:
        with view:
            for note in loaded.notes:
                view.line(note)
            report, folder = run(
                planned, loaded.settings, home(), view, allowances, on_begin=monitors.begin
            )
        monitors.end(report, print_report(report, loaded.settings, folder, quiet=quiet))
    if parameters.get("save_baseline") is not None:
        _save_baseline(report, parameters["save_baseline"], allowances, quiet=quiet)
    if also is not None:
        also(folder)
    return report.exit_code


def _allowances(settings: Settings, scenario: str) -> Allowances:
    """Read what was known before the run, so that a wrong file is found before it starts."""
    baseline, acknowledged = settings.check.baseline, settings.check.acknowledged
    if acknowledged is None and DEFAULT_FILE.exists():
        acknowledged = DEFAULT_FILE
    return Allowances(
        today=datetime.now().astimezone().date(),
        baseline=read_baseline(baseline, scenario) if baseline else None,
        acknowledgements=read_acknowledgements(acknowledged) if acknowledged else (),
    )


def _save_baseline(report: Report, file: Path, allowances: Allowances, *, quiet: bool) -> None:
    """Save a run as a baseline if it is fit for it, and say what became of it."""
    obstacle = unfit(report)
    if not obstacle and allowances.baseline is not None and report.verdict is Verdict.FAIL:
        obstacle = "it failed beside the baseline that it was compared with"
    if obstacle:
        click.echo(f"the run was not saved to {file}: {obstacle}", err=True)
        return
    baseline = make_baseline(report)
    write_text("--save-baseline", file, baseline_text(baseline), sys.stdout.buffer)
    leaks = sum(finding.kind == "leak" for finding in baseline.findings)
    known = f", in which {fmt.count(leaks, 'leak')} will be known" if leaks else ""
    if not quiet:
        click.echo(f"baseline: {file}{known}", err=True)


def print_report(report: Report, settings: Settings, folder: Path, *, quiet: bool) -> Path | None:
    """Print the report to the terminal, and write the files that were asked for.

    Returns:
        The file of the HTML report; None where there is none.

    A run has its HTML report in its folder, unless another place was asked for. Where a report goes
    to standard output, the terminal's goes to standard error.
    """
    files = _files(settings)
    to_stdout = STDOUT in files.values()
    console = PipeConsole(stderr=to_stdout, quiet=quiet, highlight=False, soft_wrap=False)
    terminal.render(report, console)
    html = files["html"] if files["html"] != STDOUT else None
    if files["html"] is None:
        page = folder / "report.html"
        try:
            write_outputs(report, html=page)
        except UsageError as error:  # nobody asked for this page: its lack is no failure
            click.echo(f"there is no HTML page of this run: {error}", err=True)
        else:
            console.print(f"HTML report: {page}", markup=False, soft_wrap=True)
            html = page
    write_outputs(report, **files, stdout=sys.stdout.buffer)
    return html


def _files(settings: Settings) -> dict[str, Path | None]:
    outputs = settings.report
    return {
        "json": outputs.json_file,
        "junit": outputs.junit_file,
        "markdown": outputs.markdown_file,
        "html": outputs.html_file,
    }
