"""A worker for a master elsewhere, from the side of ``tsprof worker``, which starts it."""

import select
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

from tsprof.errors import LoadError, UsageError
from tsprof.load.child import Child
from tsprof.load.messages import (
    Enlist,
    Joined,
    LoadLost,
    Message,
    Ready,
    Refused,
    Stop,
    decode,
    encode,
)

STOP_SECONDS = 5.0
"""For the hooks of the Locust file, when this worker is ended by hand."""
POLL_SECONDS = 1.0


def work(order: Enlist, log: Path, tell: Callable[[str], None]) -> None:
    """Start a worker, and stay until the master ends the load.

    Args:
        order: Where the master is.
        log: File that what the worker prints is appended to.
        tell: Called with each thing that happened, in words.

    Raises:
        UsageError: The master does not take this worker, or its Locust file cannot be used here.
        LoadError: There was no master, it was lost, or the worker broke down.
        KeyboardInterrupt: The user ended it; the master knows by then.
    """
    child, channel = Child.launch("tsprof.load.worker_process", log)
    try:
        channel.sendall(encode(order))
        for message in _messages(channel):
            _take(message, log, tell)
    except KeyboardInterrupt:
        channel.sendall(encode(Stop(STOP_SECONDS)))
        raise
    except OSError as error:
        raise LoadError(f"The worker cannot be reached: {error}") from error
    finally:
        how = child.end(STOP_SECONDS + 1)
        channel.close()
    if how != "exit status 0":
        raise LoadError(f"The worker ended with {how}; {child.last_words()}")
    tell("the run has ended")


def _take(message: Message, log: Path, tell: Callable[[str], None]) -> None:
    match message:
        case Joined():
            tell("joined; loading what the users do")
        case Ready(notes):
            for note in notes:
                tell(note)
            tell("ready; the load begins when all workers are")
        case Refused(reason, hint):
            raise UsageError(reason, hint=hint or f"The worker's log is {log}.")
        case LoadLost(reason):
            raise LoadError(reason)
        case _:
            raise LoadError(f"The worker said {message.kind!r} out of turn.")


def _messages(channel: socket.socket) -> Iterator[Message]:
    """Yield what the worker says until it ends."""
    poll = select.poll()
    poll.register(channel, select.POLLIN)
    rest = b""
    while True:
        poll.poll(POLL_SECONDS * 1000)
        try:
            data = channel.recv(1 << 16, socket.MSG_DONTWAIT)
        except BlockingIOError:
            continue
        if not data:
            return
        *lines, rest = (rest + data).split(b"\n")
        yield from map(decode, lines)
