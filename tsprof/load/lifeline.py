"""Ties the life of a process to another's, whatever either of them is doing."""

import fcntl
import os
import select
import signal
import sys


def arm(fd: int) -> None:
    """Have the kernel kill this process group when the other end of a pipe closes.

    The other end closes when the process that holds it ends, even by SIGKILL. The signal comes
    from the kernel (``F_SETSIG``, fcntl(2)): it also ends a process that is stuck in a loop of
    Python or of C, which reading the pipe would not, and unlike ``PR_SET_PDEATHSIG`` it does
    not depend on the thread that started the process.

    Args:
        fd: The read end of a pipe that nothing is ever written to.
    """
    os.set_inheritable(fd, False)
    fcntl.fcntl(fd, fcntl.F_SETOWN, -os.getpgrp())
    fcntl.fcntl(fd, fcntl.F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(fd, fcntl.F_SETFL, fcntl.fcntl(fd, fcntl.F_GETFL) | os.O_ASYNC)
    poll = select.poll()
    poll.register(fd, 0)
    if poll.poll(0):  # closed before the signal was armed
        sys.exit("The supervisor has ended.")
