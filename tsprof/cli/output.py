"""Write what a command makes to where the user wants it."""

from pathlib import Path

import click

from tsprof.errors import UsageError


def write_text(file: Path, text: str) -> None:
    """Write a text to a file, or to standard output for ``-``.

    Raises:
        UsageError: the file cannot be written.
    """
    if file == Path("-"):
        click.echo(text, nl=False)
        return
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"{file} cannot be written: {error.strerror}", hint="- stands for standard output"
        ) from error
