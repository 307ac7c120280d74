"""The load process: ``python -m tsprof.load.process CHANNEL LIFELINE``, two file descriptors.

Importing Locust replaces the standard library's blocking calls by gevent's, which is why it
happens here and nowhere in the supervisor.
"""

import locust  # noqa: I001 - patches the standard library, so it comes before all else
import random
import sys

from locust.env import Environment

from tsprof.errors import UsageError
from tsprof.load.admission import install, listen
from tsprof.load.bounded_stats import BoundedRunner, fill_from
from tsprof.load.gate import Gate
from tsprof.load.locust_ui import serve
from tsprof.load.locustfile import prepare
from tsprof.load.messages import Begin, Ready, Refused
from tsprof.load.recorder import Recorder, ScheduledRecorder
from tsprof.load.session import LoadSession
from tsprof.load.startup import start_up


def main() -> None:
    """Make load as the supervisor at the other end of the channel says."""
    channel, log = start_up()
    begin = channel.receive()
    if not isinstance(begin, Begin):
        sys.exit("The load process expects to be told what load to make.")
    spec = begin.spec
    gate = Gate(spec.rate)
    recorder = ScheduledRecorder(gate.lateness_ms) if spec.rate else Recorder()
    install(gate, spec.users)
    listen(locust.events, recorder, spec.users)
    random.seed(spec.seed)

    def runner_of(environment: Environment) -> BoundedRunner:
        runner = BoundedRunner(environment)
        fill_from(recorder, environment)
        return runner

    try:
        environment, notes = prepare(spec, runner_of)
        ui_port = None if begin.ui_port is None else serve(environment, begin.ui_port)
    except UsageError as error:
        channel.send(Refused(str(error), error.hint))
        return
    channel.send(Ready(notes, ui_port))
    runner = environment.runner
    assert runner is not None

    def start_users() -> None:
        runner.start(spec.users, spawn_rate=spec.users)

    LoadSession(environment, gate, recorder, channel, log=log, start_users=start_users).serve()


if __name__ == "__main__":
    main()
