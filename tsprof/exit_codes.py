"""The exit codes of every tsprof command: a contract that scripts and CI rely on."""

from enum import IntEnum


class ExitCode(IntEnum):
    """What the exit status of ``tsprof`` means."""

    PASS = 0
    """No leak, every criterion met, and the run could have seen one."""
    FAIL = 1
    """A leak, a criterion missed, or a target that died under load."""
    USAGE = 2
    """Wrong options or configuration; nothing was run."""
    INCONCLUSIVE = 3
    """The run cannot tell; the report says why and what to do."""
    NOT_READY = 4
    """The target never became ready to serve."""
    INTERNAL = 70
    """A fault in tsprof itself."""
    INTERRUPTED = 130
    """Stopped by Ctrl-C or SIGTERM; the report is written with what was measured."""
