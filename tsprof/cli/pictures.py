"""The pictures of a run's call stacks: drawn into its folder, and told of."""

import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import BinaryIO

import click
from pydantic import TypeAdapter

from tsprof.analysis.hotspots.difference import hot_changes
from tsprof.analysis.hotspots.hot_paths import by_process, halves, side, whole
from tsprof.errors import UsageError
from tsprof.exit_codes import ExitCode
from tsprof.records import SampledWindow
from tsprof.report import hot_difference_text, terminal
from tsprof.report.flame import flame_html, flame_svg, folded, speedscope_json
from tsprof.report.lines import lines_html, print_lines
from tsprof.report.model import HotDifference
from tsprof.report.pipes import PipeConsole
from tsprof.report.write import write_outputs, write_text
from tsprof.stacks import StackProfile
from tsprof.store.database import RunDatabase
from tsprof.store.reports import line_profile, open_report, window_memory
from tsprof.store.runs import DATABASE, find_run, home

NAME = "flame"
"""Of the files, before their endings."""


def draw(folder: Path, *, outputs: Mapping[str, Path | None], quiet: bool, show: bool) -> None:
    """Draw all that a run has sampled: together, and each process by itself where there are more.

    Args:
        folder: of the run; nothing is drawn where it has sampled nothing.
        outputs: files for its report: one of them may go to standard output.
        quiet: do not say where the pictures are.
        show: open the page in a browser.
    """
    windows = _windows(folder)
    if not windows:
        return
    profile = whole(windows)
    title = f"{folder.name}: all processes"
    files = _write(folder, NAME, profile, title)
    processes = by_process(windows)
    if len(processes) > 1:
        commands = {window.pid: window.command for window in windows}
        for pid, one in processes.items():
            page = flame_html(one, title=f"{folder.name}: process {pid} ({commands[pid]})")
            files.append(_file(folder / f"{NAME}-{pid}.html", page))
    lines = line_profile(folder)
    if lines is not None:
        files.append(_file(folder / "lines.html", lines_html(lines, f"{folder.name}: by line")))
        if not quiet:
            print_lines(lines, _console(outputs))
    _tell(files, quiet=quiet, show=show)


def show_run(
    name: str,
    outputs: Mapping[str, Path | None],
    stdout: BinaryIO,
    *,
    quiet: bool,
    show: bool,
) -> int:
    """Print and draw what a stored run has sampled.

    Args:
        name: of the run.
        outputs: files for its report, as ``write_outputs`` takes them.
        stdout: for ``-``.
        quiet: print nothing.
        show: open the page in a browser.

    Raises:
        UsageError: there is no such run, or it has sampled nothing.
    """
    folder = find_run(home(), name)
    _need_windows(folder)
    report = open_report(home(), folder.name)
    write_outputs(report, **outputs, stdout=stdout)
    if not quiet and report.hot_paths is not None:
        terminal.render_hot_paths(report, _console(outputs))
    draw(folder, outputs=outputs, quiet=quiet, show=show)
    return int(ExitCode.PASS)


def show_memory(name: str, outputs: Mapping[str, Path | None], *, quiet: bool, show: bool) -> int:
    """Draw what survived the attribution window of a stored run, and what it had at its peak.

    Args:
        name: of the run.
        outputs: ``html``: a file for the first of the pictures.
        quiet: do not say where the pictures are.
        show: open the page in a browser.

    Raises:
        UsageError: there is no such run, it opened no window, or another form is asked for.
    """
    if any(file for form, file in outputs.items() if form != "html"):
        raise UsageError("what survived is written with --html only, and into the run's folder")
    folder = find_run(home(), name)
    survivors, peak = window_memory(folder)
    pictures = [
        (name, profile, f"{folder.name}: {what}")
        for name, profile, what in (
            ("memory", survivors, "memory of the window's early part that was there at its end"),
            ("memory-peak", peak, "memory that was allocated when that was most"),
        )
        if profile is not None and profile.total
    ]
    if not pictures:
        raise UsageError(
            f"{folder.name} has seen no allocations that survived",
            hint="tsprof check opens an attribution window where memory grows; --attribute always",
        )
    if outputs["html"]:
        _, profile, title = pictures[0]
        page = flame_html(profile, title=title)
        write_text("--html", outputs["html"], page, sys.stdout.buffer)
    files = [file for picture in pictures for file in _write(folder, *picture)]
    _tell(files, quiet=quiet, show=show)
    return int(ExitCode.PASS)


def compare(
    before: str, after: str, outputs: Mapping[str, Path | None], *, quiet: bool, show: bool
) -> int:
    """Print and draw what changed between two runs, or between the halves of one.

    Args:
        before: name of the earlier run.
        after: name of the later run.
        outputs: ``json``: a file for the changes; ``html``: one for the picture.
        quiet: print nothing.
        show: open the page in a browser.

    Raises:
        UsageError: there is no such run, it has sampled too little, the two have seen different
            things, or another form is asked for.
    """
    if outputs["junit"] or outputs["markdown"]:
        raise UsageError("a difference is written with --json and --html only")
    first, second = find_run(home(), before), find_run(home(), after)
    was, now = _need_windows(first), _need_windows(second)
    title = f"{first.name} to {second.name}"
    if first == second:
        was, now = halves(now)
        title = f"{first.name}: first half to second"
        if not was:
            raise UsageError(f"{first.name} has not enough sampled segments for two halves")
    earlier, later = whole(was), whole(now)
    if earlier.unit != later.unit:
        raise UsageError(
            f"{earlier.unit} of {first.name} cannot be compared with {later.unit} of {second.name}"
        )
    folders = (open_report(home(), run.name).provenance.folder for run in (first, second))
    difference = hot_changes(*map(side, (was, now), folders))
    if outputs["json"]:
        text = TypeAdapter(HotDifference).dump_json(difference, indent=2).decode() + "\n"
        write_text("--json", outputs["json"], text, sys.stdout.buffer)
    if not quiet and later.unit == "samples":
        hot_difference_text.print_difference(difference, title, _console(outputs))
    elif not quiet:
        told = f"{title}: {later.unit} are counted; the picture shows each change"
        _console(outputs).print(told, soft_wrap=True)
    page = flame_html(later, title, earlier, difference.changes)
    if outputs["html"]:
        write_text("--html", outputs["html"], page, sys.stdout.buffer)
    files = [_file(second / f"{NAME}-diff.html", page)]
    files.append(
        _file(second / f"{NAME}-diff.svg", flame_svg(later, title, earlier, difference.changes))
    )
    _tell(files, quiet=quiet, show=show)
    return int(ExitCode.PASS)


def _need_windows(folder: Path) -> list[SampledWindow]:
    windows = _windows(folder)
    if not windows:
        raise UsageError(
            f"{folder.name} has sampled no call stacks",
            hint="tsprof flame -- COMMAND does, and tsprof endurance; tsprof check --hot-paths",
        )
    return windows


def _windows(folder: Path) -> list[SampledWindow]:
    with closing(RunDatabase(folder / DATABASE, read_only=True)) as database:
        return database.windows()


def _write(folder: Path, name: str, profile: StackProfile, title: str) -> list[Path]:
    texts = {
        "html": flame_html(profile, title=title),
        "svg": flame_svg(profile, title),
        "speedscope.json": speedscope_json(profile, folder.name),
        "folded": folded(profile),
    }
    return [_file(folder / f"{name}.{ending}", text) for ending, text in texts.items()]


def _file(path: Path, text: str) -> Path:
    write_text("the picture", path, text)
    return path


def _tell(files: Sequence[Path], *, quiet: bool, show: bool) -> None:
    if show:
        click.launch(str(files[0]))
    if not quiet:
        for file in files:
            click.echo(f"flame graph: {file}", err=True)


def _console(outputs: Mapping[str, Path | None]) -> PipeConsole:
    return PipeConsole(stderr=Path("-") in outputs.values(), highlight=False)
