"""A console that survives the end of its reader."""

import os

from rich.console import Console


class PipeConsole(Console):
    """A rich console that falls silent when the other end of its pipe is closed.

    Rich itself would exit with status 1 (``Console.on_broken_pipe``), which is tsprof's status
    for a leak: ``tsprof check | head -1`` has to keep the verdict's status.
    """

    def on_broken_pipe(self) -> None:
        """Print nothing more, here or when the interpreter flushes the stream at its exit."""
        self.quiet = True
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, self.file.fileno())
        os.close(null)
