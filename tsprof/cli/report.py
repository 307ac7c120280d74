"""``tsprof report``: show a stored run again, in any of the forms of a report."""

import sys
from pathlib import Path

import click

from tsprof.cli.options import examples, output_options
from tsprof.report import terminal
from tsprof.report.pipes import PipeConsole
from tsprof.report.write import write_outputs
from tsprof.store.reports import open_report
from tsprof.store.runs import home


@click.command(
    epilog=examples(
        "tsprof report",
        "tsprof report 20260314T150926-check --html leak.html",
        "tsprof report --json - --quiet",
    )
)
@click.argument("run", required=False)
@output_options
def report(
    run: str | None,
    *,
    json: Path | None,
    junit: Path | None,
    markdown: Path | None,
    html: Path | None,
    quiet: bool,
) -> None:
    """Show the report of a stored run.

    RUN is a name that tsprof runs lists, or a part of one that fits no other; the newest run by
    default. A run that was cut off is judged by what it measured. The exit code is 0 whatever the
    verdict.
    """
    found = open_report(home(), run)
    write_outputs(
        found, json=json, junit=junit, markdown=markdown, html=html, stdout=sys.stdout.buffer
    )
    if not quiet:
        to_stdout = Path("-") in {json, junit, markdown, html}
        console = PipeConsole(stderr=to_stdout, highlight=False)
        terminal.render(found, console, html=str(html or ""))
