"""Reports written where the options say: atomically, or to standard output."""

import errno
import os
import secrets
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO

from tsprof.errors import UsageError
from tsprof.report import html as html_report
from tsprof.report import json_report
from tsprof.report import junit as junit_report
from tsprof.report import markdown as markdown_report
from tsprof.report.model import Report
from tsprof.report.text import clean

STANDARD_OUTPUT = "-"

Destination = str | Path | None
"""A path, ``-`` for standard output, or None for no such report."""


def check_outputs(
    *,
    json: Destination = None,
    junit: Destination = None,
    markdown: Destination = None,
    html: Destination = None,
    save_baseline: Destination = None,
) -> None:
    """Find out before a run of hours whether its reports can be written at its end.

    Raises:
        UsageError: two reports share a destination, or a destination cannot be written.
    """
    wanted = _wanted(
        json=json, junit=junit, markdown=markdown, html=html, save_baseline=save_baseline
    )
    _distinct(wanted)
    for option, destination in wanted.items():
        if destination != STANDARD_OUTPUT:
            try:
                _probe(destination)
            except OSError as error:
                raise _problem(option, destination, error) from error


def write_outputs(
    report: Report,
    *,
    json: Destination = None,
    junit: Destination = None,
    markdown: Destination = None,
    html: Destination = None,
    stdout: BinaryIO | None = None,
) -> None:
    """Write the report in every form that is asked for, as UTF-8.

    A file appears whole or not at all. When one report cannot be written the others still are.

    Args:
        report: what to render.
        json: destination of the JSON report.
        junit: destination of the JUnit XML report.
        markdown: destination of the Markdown comment.
        html: destination of the HTML page.
        stdout: what ``-`` means; binary, so that no locale can spoil the encoding.

    Raises:
        UsageError: two reports share a destination, or one cannot be written; the message
            names the options.
    """
    wanted = _wanted(json=json, junit=junit, markdown=markdown, html=html)
    _distinct(wanted)
    problems = []
    for option, destination in wanted.items():
        try:
            write_text(option, destination, _RENDERERS[option](report), stdout)
        except UsageError as error:
            problems.append(error)
    if problems:
        raise UsageError("; ".join(map(str, problems)), hint=problems[0].hint)


def write_text(
    option: str, destination: str | Path, text: str, stdout: BinaryIO | None = None
) -> None:
    """Write a text as UTF-8; a file appears whole or not at all.

    Args:
        option: that asked for it, such as ``--json``.
        destination: a path, or ``-`` for standard output.
        text: to write.
        stdout: what ``-`` means.

    Raises:
        UsageError: it cannot be written; the message names the option.
    """
    destination = str(destination)
    try:
        if destination == STANDARD_OUTPUT:
            _print(text.encode(), stdout)
        else:
            _replace(destination, text.encode())
    except OSError as error:
        raise _problem(option, destination, error) from error


_RENDERERS: Mapping[str, Callable[[Report], str]] = {
    "--json": json_report.render,
    "--junit": junit_report.render,
    "--markdown": markdown_report.render,
    "--html": html_report.render,
}


def _wanted(**destinations: Destination) -> dict[str, str]:
    return {
        f"--{name.replace('_', '-')}": str(where)
        for name, where in destinations.items()
        if where is not None
    }


def _distinct(wanted: Mapping[str, str]) -> None:
    seen: dict[str, str] = {}
    for option, destination in wanted.items():
        if not destination or "\0" in destination:
            raise UsageError(f"{option}: not a file name", hint="name a file, or - to print")
        place = destination if destination == STANDARD_OUTPUT else os.path.realpath(destination)
        if place in seen:
            where = "standard output" if place == STANDARD_OUTPUT else destination
            raise UsageError(
                f"{seen[place]} and {option} both write to {where}",
                hint="give each report a file of its own; only one can go to standard output (-)",
            )
        seen[place] = option


def _probe(destination: str) -> None:
    """Raise the OSError that writing there would raise, and leave nothing behind."""
    if _is_special(destination):
        return
    target = _target(destination)
    descriptor, temporary = _open_beside(target)
    os.close(descriptor)
    temporary.unlink()


def _replace(destination: str, content: bytes) -> None:
    """Write a file that appears whole or not at all.

    A pipe or a device, such as ``/dev/null`` or a shell's ``>(command)``, is written to.
    """
    if _is_special(destination):
        Path(destination).write_bytes(content)
        return
    target = _target(destination)
    descriptor, temporary = _open_beside(target)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            # A full disk may only be reported here.
            os.fsync(file.fileno())
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _target(destination: str) -> Path:
    """The file behind symbolic links; raises OSError when it cannot be written."""
    target = Path(os.path.realpath(destination))
    if target.is_dir() or destination.endswith(os.sep):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if target.exists() and not os.access(target, os.W_OK):
        # A rename would replace even a file that its owner protected.
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    return target


def _is_special(destination: str) -> bool:
    try:
        mode = Path(destination).stat().st_mode
    except FileNotFoundError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _open_beside(target: Path) -> tuple[int, Path]:
    """A new file in the target's directory: a rename is atomic only within a file system.

    Opened with the permissions that the user's umask leaves, unlike those of ``tempfile``.
    """
    temporary = target.parent / f".tsprof-{secrets.token_hex(8)}.tmp"
    return os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666), temporary


def _print(content: bytes, stdout: BinaryIO | None) -> None:
    if stdout is None:
        raise OSError(errno.EBADF, "standard output is closed")
    try:
        stdout.write(content)
        stdout.flush()
    except BrokenPipeError:
        # The reader, such as `head`, has seen enough: the verdict's exit code still stands.
        # The pipe is replaced lest the interpreter fail on it again when it exits.
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stdout.fileno())
        os.close(null)
    except ValueError as error:
        raise OSError(errno.EBADF, "standard output is closed") from error


def _problem(option: str, destination: str, error: OSError) -> UsageError:
    reasons = {
        errno.ENOENT: ("its directory does not exist", "create the directory first"),
        errno.ENOTDIR: ("its directory is a file", "name a file in a directory"),
        errno.EISDIR: ("it is a directory", "name a file in it"),
        errno.EACCES: ("no permission to write there", "name a file that you may write"),
        errno.EPERM: ("no permission to write there", "name a file that you may write"),
        errno.EROFS: ("the file system is read-only", "name a file elsewhere"),
        errno.ENOSPC: ("the disk is full", "make room, or name a file on another disk"),
        errno.EFBIG: ("the limit on file sizes is reached", "raise it with ulimit -f"),
        errno.EDQUOT: ("the disk quota is used up", "make room, or name a file on another disk"),
        errno.ENAMETOOLONG: ("the file name is too long", "name a shorter one"),
    }
    detail = error.strerror or type(error).__name__
    reason, hint = reasons.get(error.errno or 0, (detail, "name another file"))
    return UsageError(f"{option}: cannot write {clean(destination, 200)}: {reason}", hint=hint)
