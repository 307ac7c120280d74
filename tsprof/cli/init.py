"""``tsprof init``: write a configuration file for the project in the working directory."""

import shutil
import tomllib
from pathlib import Path

import click

from tsprof.cli.options import examples, target_command
from tsprof.config import complete
from tsprof.config.files import TSPROF_TOML
from tsprof.config.problems import validated
from tsprof.config.reference import toml
from tsprof.errors import UsageError
from tsprof.guess import Guess, guess
from tsprof.report.text import clean

MOST_NAMED = 8
"""Routes that are left out and told one by one."""


@click.command(
    epilog=examples("tsprof init", "tsprof init --print", "tsprof init -- ./server --port {port}")
)
@target_command
@click.option("--force", is_flag=True, help="Overwrite a tsprof.toml that is already there.")
@click.option(
    "--print",
    "--dry-run",
    "print_only",
    is_flag=True,
    help="Print the file instead of writing it.",
)
def init(command: tuple[str, ...], *, force: bool, print_only: bool) -> None:
    """Write a tsprof.toml for this project.

    Looks at Procfile, Dockerfile, requirements and code to see how the service is started and what
    can be requested from it, and says what each guess rests on. Nothing of the project is run.
    A command after -- is taken instead of a guess.
    """
    directory = Path()
    file = directory / TSPROF_TOML
    if file.exists() and not (force or print_only):
        raise UsageError(
            f"{file} exists already", hint="--force overwrites it, --print shows what would be new"
        )
    guessed = _guessed(directory, command)
    text = render(guessed)
    _expect_usable(text, directory)
    for label, evidence in (("command", guessed.command_evidence), ("load", guessed.load_evidence)):
        click.echo(f"{label}: {clean(evidence)}", err=True)
    if guessed.left_out:
        click.echo(_left_out(guessed.left_out), err=True)
    for doubt in guessed.doubts:
        click.echo(f"look at this: {clean(doubt)}", err=True)
    if print_only:
        click.echo(text, nl=False)
        return
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}") from error
    click.echo(f"wrote {file}; tsprof check uses it", err=True)


def _guessed(directory: Path, command: tuple[str, ...]) -> Guess:
    guessed = guess(directory, "python" if shutil.which("python") else "python3", command)
    if guessed is None:
        raise UsageError(
            "nothing here says how the service is started: no Procfile, no application in the code",
            hint="name the command: tsprof init -- COMMAND, with {port} for the port",
        )
    return guessed


def render(guessed: Guess) -> str:
    """Return the text of a configuration file, with what each line rests on as its comment."""
    lines = [
        "# How tsprof starts and loads this service; written by tsprof init.",
        "# {port} stands for a free port.",
        "",
        "[target]",
        f"# {_comment(guessed.command_evidence)}",
        f"command = {toml(guessed.command)}",
    ]
    if guessed.cwd is not None:
        lines.append(f"cwd = {toml(str(guessed.cwd))}")
    if guessed.env:
        lines.append(f"env = {toml(dict(guessed.env))}")
    lines += [
        '# ready = "/ready"  # by default the service is ready when it answers',
        '# ready_timeout = "30s"',
        "",
        "[load]",
        f"# {_comment(guessed.load_evidence)}",
        *_about_urls(guessed),
        f"locustfile = {toml(str(guessed.locustfile))}"
        if guessed.locustfile
        else f"url = {toml(guessed.urls if guessed.urls[1:] else guessed.urls[0])}",
        "users = 10",
        "# rate = 200  # requests per second; as many as the users can by default",
        "",
        "[check]",
        '# max_time = "55s"  # longest time under load',
        "# attribute = false  # do not follow a leak to its lines",
        "",
        "[endurance]",
        "# hours = 4",
        "",
        "# [criteria]",
        "# p99_ms = 50",
        '# error_rate = "1%"',
        '# memory = "512MB"',
        "",
        "# [report]",
        '# junit = "tsprof.xml"',
    ]
    return "\n".join(lines) + "\n"


def _about_urls(guessed: Guess) -> list[str]:
    if guessed.locustfile:
        return []
    lines = ["# Drop a path that answers only those who have logged in: tsprof does not."]
    if guessed.left_out:
        lines.append(f"# {_left_out(guessed.left_out)}")
        lines.append("# A Locust file can request those: name it as locustfile, in place of url.")
    return lines


def _left_out(reasons: tuple[str, ...]) -> str:
    further = len(reasons) - MOST_NAMED
    named = [clean(reason, 80) for reason in reasons[:MOST_NAMED]]
    return f"left out: {', '.join(named)}{f', and {further} more' if further > 0 else ''}"


def _comment(text: str) -> str:
    """One line: a file name may hold anything."""
    return clean(text, 200)


def _expect_usable(text: str, directory: Path) -> None:
    """Refuse to write a file that ``tsprof check`` would refuse to read."""
    try:
        tables = tomllib.loads(text.encode().decode())
    except ValueError as error:  # a lone surrogate or a control character in a name
        raise UsageError(f"the command cannot be written to a file: {error}") from error
    complete(validated(tables, lambda table, key: f"[{table}] {key}".strip()), directory)
