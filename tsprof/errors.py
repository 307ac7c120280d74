"""The errors that tsprof reports to its user.

TsprofError
 ├─ UsageError      wrong option, configuration or input file
 ├─ NotReadyError   the target did not come up
 ├─ LoadError       the load process could not start or broke down
 ├─ AgentError      there can be no agent in the target
 └─ StoreError      the run's files cannot be written or read
"""

from tsprof.exit_codes import ExitCode


class TsprofError(Exception):
    """A problem that ends a command with one clear line.

    The message says what is wrong and where; ``hint`` says what to do next.
    """

    exit_code = ExitCode.INTERNAL

    def __init__(self, message: str, *, hint: str = "") -> None:
        """Make the error; the hint may be empty."""
        super().__init__(message)
        self.hint = hint


class UsageError(TsprofError):
    """A wrong option, configuration value or input file."""

    exit_code = ExitCode.USAGE


class NotReadyError(TsprofError):
    """The target exited before it was ready, or never became ready."""

    exit_code = ExitCode.NOT_READY


class LoadError(TsprofError):
    """The load process could not start or broke down."""

    exit_code = ExitCode.INCONCLUSIVE


class AgentError(TsprofError):
    """There can be no agent in the target; it is measured from outside instead."""

    exit_code = ExitCode.INCONCLUSIVE


class StoreError(TsprofError):
    """The run's files cannot be written or read."""

    exit_code = ExitCode.INTERNAL
