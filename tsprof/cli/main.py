"""The ``tsprof`` command: finds the command asked for, and turns what goes wrong into exit codes.

Kept light: a command's module, and with it pydantic, numpy or Locust, is imported when that command
is asked for, so that ``tsprof --help`` and shell completion answer at once.
"""

import errno
import importlib
import os
import platform
import select
import signal
import sys
import tempfile
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import NoReturn

import click

from tsprof import __version__
from tsprof.cli import wrong_option
from tsprof.errors import TsprofError
from tsprof.exit_codes import ExitCode

SIGPIPE_EXIT = 128 + signal.SIGPIPE
"""What a shell reports for a program that wrote into a closed pipe."""
_COMPLETION = "_TSPROF_COMPLETE"
"""The variable by which a shell asks for completions; click answers."""


@dataclass(frozen=True)
class Entry:
    """One command: where it is listed, what it is called, where it lives, what it does."""

    section: str
    name: str
    location: str
    """``module:attribute`` of its click command."""
    summary: str
    """The first line of its help; held here so that listing commands imports none."""


COMMANDS = (
    Entry("Scenarios", "check", "tsprof.cli.check:check", "Check a service for leaks."),
    Entry(
        "Scenarios",
        "baseline",
        "tsprof.cli.baseline:baseline",
        "Measure a service under its usual load.",
    ),
    Entry(
        "Scenarios",
        "stress",
        "tsprof.cli.stress:stress",
        "Find the highest rate that a service sustains.",
    ),
    Entry(
        "Scenarios",
        "spike",
        "tsprof.cli.spike:spike",
        "See how a service bears a sudden load.",
    ),
    Entry(
        "Scenarios",
        "endurance",
        "tsprof.cli.endurance:endurance",
        "Soak a service for hours.",
    ),
    Entry(
        "Scenarios",
        "compare",
        "tsprof.cli.compare:compare",
        "Compare two services under the same load.",
    ),
    Entry(
        "Scenarios",
        "flame",
        "tsprof.cli.flame:flame",
        "Show where the CPU time goes.",
    ),
    Entry(
        "Scenarios",
        "worker",
        "tsprof.cli.worker:worker",
        "Share the load of a run on another machine.",
    ),
    Entry("Results", "runs", "tsprof.cli.runs:runs", "List the stored runs."),
    Entry("Results", "report", "tsprof.cli.report:report", "Show the report of a stored run."),
    Entry("Results", "diff", "tsprof.cli.diff:diff", "Compare two stored runs."),
    Entry("Set-up", "init", "tsprof.cli.init:init", "Write a tsprof.toml for this project."),
    Entry("Set-up", "doctor", "tsprof.cli.doctor:doctor", "Say what works on this machine."),
    Entry(
        "Set-up",
        "plan",
        "tsprof.cli.plan:plan",
        "Say how many machines make a load, and what they cost.",
    ),
    Entry("Set-up", "data", "tsprof.cli.data:data", "Write synthetic claims for load tests."),
)
"""Every command, in the order in which help lists them."""


class CommandTable(click.Group):
    """A group whose commands are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the table."""
        del ctx
        return [entry.name for entry in COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; None for a name that is not in the table."""
        del ctx
        location = next((entry.location for entry in COMMANDS if entry.name == cmd_name), None)
        if location is None:
            return None
        module, attribute = location.split(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command to run; name the nearest for one that does not exist."""
        names = self.list_commands(ctx)
        if args[0] not in names and not args[0].startswith("-"):
            close = get_close_matches(args[0], names, n=1)
            suggestion = f"; did you mean {close[0]!r}?" if close else ""
            raise click.UsageError(f"there is no command {args[0]!r}{suggestion}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands by section."""
        del ctx
        for section in dict.fromkeys(entry.section for entry in COMMANDS):
            rows = [(entry.name, entry.summary) for entry in COMMANDS if entry.section == section]
            with formatter.section(section):
                formatter.write_dl(rows)


@click.group(
    cls=CommandTable,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="\b\nExit codes:\n"
    "  0    pass\n"
    "  1    fail: a leak, a criterion missed, or the target died under load\n"
    "  2    wrong options or configuration; nothing was run\n"
    "  3    inconclusive; the report says why\n"
    "  4    the target never became ready\n"
    "  70   a fault in tsprof\n"
    "  130  interrupted\n"
    "\n\b\nExample:\n  tsprof check --url /items -- uvicorn app:app --port {port}",
)
@click.version_option(__version__, prog_name="tsprof", message="%(prog)s %(version)s")
@click.pass_context
def cli(context: click.Context) -> int | None:
    """Find out whether a service leaks, where, and what it costs."""
    if context.invoked_subcommand is not None:
        return None
    click.echo(context.get_help(), err=True)
    return int(ExitCode.USAGE)


def main() -> NoReturn:
    """Run the command of ``sys.argv`` and exit."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command and return the exit status; what goes wrong is told on standard error."""
    try:
        result = _invoke(arguments)
        sys.stdout.flush()
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the last line of defence
        return _status_after(error)
    return result if isinstance(result, int) else int(ExitCode.PASS)


def _invoke(arguments: Sequence[str]) -> object:
    if _COMPLETION in os.environ:
        cli.main(prog_name="tsprof", complete_var=_COMPLETION)
    # Not cli.main(): it ends with 1 on a closed pipe, and 1 says that the target leaks.
    try:
        with cli.make_context("tsprof", list(arguments)) as context:
            return cli.invoke(context)
    except click.exceptions.Exit as end:  # --help and --version
        return end.exit_code


def _status_after(error: BaseException) -> int:  # noqa: PLR0911 - one for each way to end
    """Say what ended a command early, and return the exit status for it."""
    match error:
        case TsprofError():
            _tell(str(error), error.hint)
            return int(error.exit_code)
        case click.NoSuchOption():
            _tell(wrong_option.message(error), _advice(error))
            return int(ExitCode.USAGE)
        case click.ClickException():
            _tell(wrong_option.plain(error.format_message()), _advice(error))
            return int(ExitCode.USAGE)
        case click.Abort() | KeyboardInterrupt():
            _tell("interrupted")
            return int(ExitCode.INTERRUPTED)
        case BrokenPipeError() if _reader_has_gone():
            _drop_output()
            return SIGPIPE_EXIT
        case OSError(errno=errno.EACCES | errno.EPERM | errno.ENAMETOOLONG, filename=str() as name):
            _tell(f"{name}: {error.strerror}", "name another place, or run tsprof as another user")
            return int(ExitCode.USAGE)
        case OSError(errno=errno.ENOSPC | errno.EDQUOT):
            _drop_output()
            _tell(f"cannot write {error.filename or 'the output'}: {error.strerror}")
            return int(ExitCode.INTERNAL)
        case _:
            return _fault(error)


def _tell(message: str, hint: str = "") -> None:
    """Write a message and its hint to standard error, with nothing in it that steers a terminal."""
    for line in (f"tsprof: {message}", hint and f"hint: {hint}"):
        if line:
            click.echo("".join(map(_harmless, line)), err=True)


def _harmless(character: str) -> str:
    if character.isprintable() or character in "\n\t":
        return character
    return character.encode("unicode_escape", "surrogatepass").decode()


def _advice(error: click.ClickException) -> str:
    """What to do about a wrong command line."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    if context is None:
        return "tsprof --help"
    known = ""
    if isinstance(error, click.NoSuchOption):
        known = wrong_option.advice(error, context.command_path)
    return known or f"{context.command_path} --help"


def _fault(error: BaseException) -> int:
    """Report a fault in tsprof itself: one line, and the traceback in a file."""
    text = "".join(traceback.format_exception(error))
    header = f"tsprof {__version__}, Python {platform.python_version()}, {platform.platform()}\n"
    where = _save_fault(header + text)
    if os.environ.get("TSPROF_DEBUG") == "1" or where is None:
        click.echo(text, err=True)
    summary = f"{type(error).__name__}: {error}".splitlines()[0]
    _tell(f"a fault in tsprof ({summary})", f"please report it with {where}" if where else "")
    return int(ExitCode.INTERNAL)


def _save_fault(text: str) -> Path | None:
    """Write a traceback under the tsprof home or, failing that, the temporary folder."""
    # Not tsprof.store.runs.home(): importing it may be what failed.
    home = Path(os.environ.get("TSPROF_HOME") or ".tsprof").absolute()
    name = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{os.getpid()}.txt"
    for folder in (home / "faults", Path(tempfile.gettempdir()) / "tsprof-faults"):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            file = folder / name
            file.write_text(text, errors="backslashreplace")
        except OSError:
            continue
        return file
    return None


def _reader_has_gone() -> bool:
    """Tell whether standard output is a pipe that nobody reads (rather than a target's socket)."""
    poll = select.poll()
    poll.register(sys.stdout.fileno(), 0)
    return any(events & select.POLLERR for _, events in poll.poll(0))


def _drop_output() -> None:
    """Send what is left in the buffers nowhere; the interpreter would fail over it at its exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
