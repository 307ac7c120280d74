"""``tsprof diff``: two runs beside each other."""

import sys
from pathlib import Path

import click

from tsprof.analysis.comparison.difference import compare_runs
from tsprof.cli.options import examples, file_option
from tsprof.errors import StoreError, UsageError
from tsprof.report import json_report
from tsprof.report.difference import as_json
from tsprof.report.difference_text import as_markdown, print_difference
from tsprof.report.model import Report
from tsprof.report.pipes import PipeConsole
from tsprof.report.write import write_text
from tsprof.store.reports import open_report
from tsprof.store.runs import home, run_names


@click.command(
    epilog=examples(
        "tsprof diff",
        "tsprof diff 20260314T150926-check",
        "tsprof diff main.json branch.json --markdown comment.md",
    )
)
@click.argument("before", required=False, metavar="[RUN_A]")
@click.argument("after", required=False, metavar="[RUN_B]")
@file_option("--json", "Write the difference as JSON")
@file_option("--markdown", "Write the difference as Markdown")
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but problems.")
def diff(
    before: str | None, after: str | None, *, json: Path | None, markdown: Path | None, quiet: bool
) -> None:
    """Compare two stored runs.

    RUN_A and RUN_B are names that tsprof runs lists, parts of them that fit no other, or files that
    --json wrote; by default the run before the newest, and the newest. For growth, leaks, their
    sites and holders, latency, throughput, errors and CPU time, it prints the change with its
    interval, and marks what is beyond noise. The exit code is 0 whatever changed.
    """
    difference = compare_runs(_served(before or _previous()), _served(after))
    if json is not None and json == markdown:
        raise UsageError(f"--json and --markdown both write to {json}")
    if json is not None:
        write_text("--json", json, as_json(difference), sys.stdout.buffer)
    if markdown is not None:
        write_text("--markdown", markdown, as_markdown(difference), sys.stdout.buffer)
    if not quiet:
        console = PipeConsole(stderr=Path("-") in {json, markdown}, highlight=False)
        print_difference(difference, console)


def _served(name: str | None) -> Report:
    """Read a run's report.

    Raises:
        UsageError: there is none that can be read, or the run had no requests.
    """
    report = _report(name)
    if report.requests == 0:
        raise UsageError(
            f"{name or report.provenance.run or 'the newest run'} had no requests, so there is "
            "nothing to compare",
            hint="tsprof runs lists the others",
        )
    return report


def _report(name: str | None) -> Report:
    if name is not None and Path(name).is_file():
        return json_report.parse(Path(name).read_bytes(), source=name)
    try:
        return open_report(home(), name)
    except StoreError as error:  # no fault of tsprof's: another run can be compared
        raise UsageError(str(error), hint=error.hint) from error


def _previous() -> str:
    names = run_names(home())
    if len(names) < 2:  # noqa: PLR2004 - two are compared
        raise UsageError(
            f"there are not two runs under {home()}",
            hint="tsprof check makes one; or name two files",
        )
    return names[1]
