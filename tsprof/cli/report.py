"""``tsprof report``: show a stored run again, in any of the forms of a report."""

import sys
from pathlib import Path

import click

from tsprof.cli.options import examples, output_options
from tsprof.errors import UsageError
from tsprof.report import json_report, terminal, ticket
from tsprof.report import markdown as markdown_report
from tsprof.report.pipes import PipeConsole
from tsprof.report.write import write_outputs, write_text
from tsprof.store.reports import open_report
from tsprof.store.runs import home

_PRINTED = {"ticket": ticket.render, "markdown": markdown_report.render, "json": json_report.render}


@click.command(
    epilog=examples(
        "tsprof report",
        "tsprof report 20260314T150926-check --html leak.html",
        "tsprof report --json - --quiet",
        "tsprof report --format ticket > leak.md",
    )
)
@click.argument("run", required=False)
@click.option(
    "--format",
    "form",
    type=click.Choice(["terminal", "ticket", "markdown", "json"]),
    default="terminal",
    show_default=True,
    help="What to print; ticket is a text for an issue tracker, one for each leak.",
)
@output_options
def report(
    run: str | None,
    *,
    form: str,
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
    to_stdout = Path("-") in {json, junit, markdown, html}
    if to_stdout and form != "terminal":
        raise UsageError(f"--format {form} and a report to - both write to standard output")
    found = open_report(home(), run)
    write_outputs(
        found, json=json, junit=junit, markdown=markdown, html=html, stdout=sys.stdout.buffer
    )
    if form != "terminal":
        write_text("--format", "-", _PRINTED[form](found), sys.stdout.buffer)
    elif not quiet:
        console = PipeConsole(stderr=to_stdout, highlight=False)
        terminal.render(found, console, html=str(html or ""))
