"""What every load process does first."""

import logging
import resource
import signal
import sys

from tsprof.load.bounded_log import BoundedLog, redirect_output
from tsprof.load.channel import SocketChannel
from tsprof.load.lifeline import arm


def start_up() -> tuple[SocketChannel, BoundedLog]:
    """Tie this process to the one that started it, and send its output to its log.

    The arguments of the process are two file descriptors: its channel's and its lifeline's.
    """
    arm(int(sys.argv[2]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started it
    log = redirect_output()
    logging.basicConfig(
        level=logging.INFO,
        stream=sys.stderr,
        format="[%(asctime)s] %(levelname)s/%(name)s: %(message)s",
    )
    _raise_limit_of_open_files()
    return SocketChannel(int(sys.argv[1])), log


def _raise_limit_of_open_files() -> None:
    """Allow as many connections as the system lets us; the usual soft limit is 1,024 files."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
