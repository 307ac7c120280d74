"""A worker for a master elsewhere, from the side of ``tsprof worker``, which starts it."""

import select
from collections.abc import Callable, Iterator
from pathlib import Path

from tsprof.errors import LoadError, UsageError
from tsprof.load.child import Child
from tsprof.load.message_socket import MessageSocket
from tsprof.load.messages import (
    Enlist,
    Joined,
    LoadLost,
    Message,
    Ready,
    Refused,
    Stop,
)

STOP_SECONDS = 5.0
"""For the hooks of the Locust file, when this worker is ended by hand."""


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
    child, connected = Child.launch("tsprof.load.worker_process", log)
    channel = MessageSocket(connected)
    try:
        channel.send(order)
        for message in _messages(channel):
            _take(message, log, tell)
    except KeyboardInterrupt:
        channel.send(Stop(STOP_SECONDS))
        raise
    except (OSError, ValueError) as error:
        raise LoadError(f"the worker does not work: {error}") from error
    finally:
        how = child.end(STOP_SECONDS + 1)
        channel.close()
    if how != "exit status 0":
        raise LoadError(f"the worker ended with {how}; {child.last_words()}")
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
            raise UsageError(reason, hint=hint or f"the worker's log is {log}")
        case LoadLost(reason):
            raise LoadError(reason)
        case _:
            raise LoadError(f"the worker said {message.kind!r} out of turn")


def _messages(channel: MessageSocket) -> Iterator[Message]:
    """Yield what the worker says until it ends."""
    poll = select.poll()
    poll.register(channel, select.POLLIN)
    while True:
        poll.poll()
        try:
            yield from channel.read()
        except EOFError:
            return
