"""The load process: ``python -m tsprof.load.process CHANNEL LIFELINE``, two file descriptors.

Importing Locust replaces the standard library's blocking calls by gevent's, which is why it
happens here and nowhere in the supervisor.
"""

import locust  # noqa: I001 - patches the standard library, so it comes before all else
import logging
import random
import resource
import signal
import sys

from tsprof.errors import UsageError
from tsprof.load.admission import install, listen
from tsprof.load.bounded_log import redirect_output
from tsprof.load.gate import Gate
from tsprof.load.lifeline import arm
from tsprof.load.locustfile import prepare
from tsprof.load.messages import Begin, Ready, Refused
from tsprof.load.recorder import Recorder, ScheduledRecorder
from tsprof.load.session import Channel, LoadSession


def main() -> None:
    """Make load as the supervisor at the other end of the channel says."""
    arm(int(sys.argv[2]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the supervisor to handle
    log = redirect_output()
    logging.basicConfig(
        level=logging.INFO,
        stream=sys.stderr,
        format="[%(asctime)s] %(levelname)s/%(name)s: %(message)s",
    )
    _raise_limit_of_open_files()
    channel = Channel(int(sys.argv[1]))
    begin = channel.receive()
    if not isinstance(begin, Begin):
        sys.exit("The load process expects to be told what load to make.")
    spec = begin.spec
    gate = Gate(spec.rate)
    recorder = ScheduledRecorder(gate.lateness_ms) if spec.rate else Recorder()
    install(gate, spec.users)
    listen(locust.events, recorder, spec.users)
    random.seed(spec.seed)
    try:
        environment, notes = prepare(spec)
    except UsageError as error:
        channel.send(Refused(str(error), error.hint))
        return
    channel.send(Ready(notes))
    LoadSession(environment, gate, recorder, channel, log=log, users=spec.users).serve()


def _raise_limit_of_open_files() -> None:
    """Allow as many connections as the system lets us; the usual soft limit is 1,024 files."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


if __name__ == "__main__":
    main()
