"""``tsprof doctor``: say what works on this machine."""

import json as json_module
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click
from tabulate import tabulate

from tsprof.cli.options import examples, file_option
from tsprof.config.defaults import scenarios
from tsprof.doctor import Row, Status, examine, exit_code
from tsprof.report.text import clean
from tsprof.report.write import write_text
from tsprof.store.runs import home

_LONGEST_FOUND = 70


@click.command(
    epilog=examples(
        "tsprof doctor",
        "tsprof doctor --python .venv/bin/python",
        "tsprof doctor --scenario stress",
        "tsprof doctor --json -",
    )
)
@click.option(
    "--python",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Look at this interpreter, which runs the target.",
)
@click.option(
    "--scenario",
    type=click.Choice(["check", *scenarios()]),
    help="See, too, whether this folder is ready for it.",
)
@file_option("--json", "Write the findings as JSON")
def doctor(python: Path | None, scenario: str | None, json: Path | None) -> int:
    """Say what works on this machine.

    Looks at what tsprof uses, from the kernel to each profiler, and says what is missing, what
    that means and how to fix it. Ends with 0 when tsprof check, or the scenario, can work, else
    with 3.
    """
    rows = examine(home(), python, scenario)
    if json is not None:
        write_text("--json", json, _as_json(rows), sys.stdout.buffer)
    if json != Path("-"):
        click.echo(_as_text(rows, scenario or "check"))
    return exit_code(rows)


def _as_json(rows: Sequence[Row]) -> str:
    content = {"exit_code": exit_code(rows), "rows": [asdict(row) for row in rows]}
    return json_module.dumps(content, indent=2) + "\n"


def _as_text(rows: Sequence[Row], scenario: str) -> str:
    cells = [(row.status.value, row.name, clean(row.found, _LONGEST_FOUND)) for row in rows]
    lines = [tabulate(cells, tablefmt="plain", disable_numparse=True)]
    wanting = [row for row in rows if row.status is not Status.OK]
    if wanting:
        lines.append("\nWhat to do:")
    for row in wanting:
        lines += [f"- {row.name}: {clean(row.meaning)}", f"  {clean(row.fix)}"]
    answer = {
        0: f"\ntsprof {scenario} can work here.",
        3: f"\ntsprof {scenario} cannot work here: "
        + ", ".join(row.name for row in rows if row.needed and row.status is Status.MISSING),
    }
    return "\n".join([*lines, answer[exit_code(rows)]])
