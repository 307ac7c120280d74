"""The master of several load processes: ``python -m tsprof.load.master_process CHANNEL LIFELINE``.

It makes no load itself. It loads the Locust file, too, since hooks may be meant for the master.
"""

import locust  # noqa: F401, I001 - patches the standard library, so it comes before all else
import random
import sys
from functools import partial

from tsprof.errors import UsageError
from tsprof.load.channel import SocketChannel
from tsprof.load.locust_ui import serve
from tsprof.load.locustfile import prepare
from tsprof.load.master import Master, welcome
from tsprof.load.master_session import MasterSession
from tsprof.load.messages import Begin, Joined, Listening, Ready, Refused
from tsprof.load.startup import start_up


def main() -> None:
    """Have workers make load as the supervisor at the other end of the channel says."""
    channel, log = start_up()
    begin = channel.receive()
    if not isinstance(begin, Begin):
        sys.exit("The master expects to be told what load to make.")
    spec, workers = begin.spec, begin.workers
    random.seed(spec.seed)
    try:
        environment, notes = prepare(spec, partial(Master, workers=workers, welcome=welcome(spec)))
        ui_port = None if begin.ui_port is None else serve(environment, begin.ui_port)
    except UsageError as error:
        channel.send(Refused(str(error), error.hint))
        return
    master = environment.runner
    assert isinstance(master, Master)
    channel.send(Listening(master.port))
    _gather(master, workers.total, channel)
    channel.send(Ready(tuple(dict.fromkeys([*notes, *_notes(master)])), ui_port))
    MasterSession(environment, master, channel, spec, log).serve()


def _gather(master: Master, wanted: int, channel: SocketChannel) -> None:
    """Wait until all workers are there; the supervisor ends this process when it takes too long."""
    while len(master.loaded) < wanted:
        master.changed.wait(1)
        master.changed.clear()
        for client_id in [c for c in master.loaded if master.absence(c)]:
            master.dismiss(client_id)
        channel.send(*master.take_refused(), Joined(len(master.loaded)))


def _notes(master: Master) -> list[str]:
    return [note for loaded in master.loaded.values() for note in loaded.notes]


if __name__ == "__main__":
    main()
