"""The master of several load processes: Locust's, which takes only workers that may join.

Locust's master finds workers missing, divides users of all classes among them, and gathers the
statistics that hooks of Locust files read. Added is what counted load needs: a worker shows its
version before it joins, users are divided between segments only, and who is dismissed stays away.
"""

import itertools
import logging
from collections.abc import Callable
from dataclasses import replace

import gevent
import gevent.event
from locust.env import Environment
from locust.exception import RPCError
from locust.rpc import Message as LocustMessage
from locust.runners import STATE_MISSING, MasterRunner

import tsprof
from tsprof.errors import UsageError
from tsprof.load.channel import MESSAGE, letter
from tsprof.load.messages import Join, Loaded, Message, Refused, Remark, Welcome, decode, encode
from tsprof.load.recorder import printable
from tsprof.load.spec import LoadSpec, Workers

JOIN = "tsprof_join"
"""The type of what is said before a worker joins."""
MAX_NAME = 60


class Master(MasterRunner):
    """Locust's master with a door."""

    def __init__(self, environment: Environment, workers: Workers, welcome: Welcome) -> None:
        """Listen for workers.

        Args:
            environment: Locust's.
            workers: Who is expected, and where.
            welcome: What those get to know that may join.

        Raises:
            UsageError: The address or the port cannot be used.
        """
        self._welcome = welcome
        self._expected = workers.total
        self.loaded: dict[str, Loaded] = {}
        """Workers that are ready for users, by Locust's id; those that join late included."""
        self.changed = gevent.event.Event()
        """Set when a worker has joined, or has said something in vain."""
        self._refused: list[Remark] = []
        self.hear: Callable[[str, Message], object] = lambda *_: None
        """Takes what workers say once the load has begun."""
        address = f"{workers.bind_host}:{workers.bind_port}"
        try:
            super().__init__(environment, workers.bind_host, workers.bind_port)
        except (RPCError, SystemExit, OSError) as error:
            raise UsageError(
                f"the master of the load processes cannot listen at {address}: {error}",
                hint="name an address of this machine with --master-bind-host, and a free port "
                "with --master-bind-port",
            ) from error
        self.register_message(MESSAGE, self._on_message)

    @property
    def port(self) -> int:
        """Where it listens."""
        port: int = self.server.port
        return port

    def client_listener(self) -> None:  # type: ignore[override]  # it ends as little as Locust's
        """Handle what comes, and outlive whatever Locust does not expect of strangers."""
        while True:
            try:
                super().client_listener()
            except Exception:
                logging.getLogger(__name__).exception("a message that cannot be handled")
                gevent.sleep(0.01)  # whoever sends many gets no more than their turn

    def handle_message(self, client_id: str, msg: LocustMessage) -> None:
        """Answer who wants to join; leave to Locust what its workers say, and nobody else."""
        if msg.type == JOIN:
            answer = encode(self._answer(decode(msg.data))).decode()
            self.server.send_to_client(letter(JOIN, answer, client_id))
        elif msg.type == "client_ready" and self._is_complete():
            self.dismiss(client_id)
        elif client_id == msg.node_id and (client_id in self.clients or msg.type == "client_ready"):
            super().handle_message(client_id, msg)

    def start_users(self, users: int) -> None:
        """Divide the users among the workers that are ready, anew after one was lost or joined."""
        not_ready = {c: self.clients.pop(c) for c in self.clients if c not in self.loaded}
        for node in self.clients.values():
            node.user_classes_count = {}  # so that it waits until all have said what they have
        self.start(users, spawn_rate=users)
        self._users_dispatcher = None  # or Locust would divide them anew within a segment
        self.clients.update(not_ready)

    def users_of(self, client_id: str) -> int:
        """Return how many users a worker last said it had."""
        node = self.clients.get(client_id)
        return node.user_count if node else 0

    def absence(self, client_id: str) -> str:
        """Say why a worker is not there any more; empty for one that is."""
        node = self.clients.get(client_id)
        if node is None:
            return "it has quit"
        return (
            "it has given no sign of life for five seconds" if node.state == STATE_MISSING else ""
        )

    def dismiss(self, client_id: str) -> None:
        """Let a worker take no part any more, and tell it if it can hear."""
        self.loaded.pop(client_id, None)
        self.clients.pop(client_id, None)
        self.server.send_to_client(letter("quit", None, client_id))

    def take_refused(self) -> list[Remark]:
        """Return, once, which workers were turned away."""
        refused, self._refused = self._refused, []
        return refused

    def say(self, client_id: str, message: Message) -> None:
        """Send a message to a worker."""
        self.send_message(MESSAGE, encode(message).decode(), client_id)  # type: ignore[arg-type]  # any type does

    def _answer(self, join: Message) -> Message:
        if not isinstance(join, Join):
            raise TypeError(f"{join.kind} before joining")
        reason = self._objection(join)
        if not reason:
            return self._welcome
        name = printable(join.name, MAX_NAME)
        self._refused.append(Remark(f"{name} was not let in: {reason}"))
        self.changed.set()
        return Refused(reason, hint="")

    def _objection(self, join: Join) -> str:
        if join.version != tsprof.__version__:
            version = printable(join.version, MAX_NAME)
            return f"it is tsprof {version}, and the master is {tsprof.__version__}"
        if self._is_complete():
            return f"all of the {self._expected} workers that were asked for are there"
        return ""

    def _is_complete(self) -> bool:
        return len(self.loaded) >= self._expected

    def _free_name(self, wanted: str) -> str:
        """Return a name that no other worker has: machines may have the same name, too."""
        taken = {loaded.name for loaded in self.loaded.values()}
        name = printable(wanted, MAX_NAME)
        further = (f"{name} #{number}" for number in itertools.count(2))
        return next(one for one in itertools.chain([name], further) if one not in taken)

    def _on_message(self, environment: Environment, msg: LocustMessage) -> None:
        del environment
        message = decode(msg.data)
        if not isinstance(message, Loaded):
            self.hear(msg.node_id, message)
        elif self._is_complete():
            self.dismiss(msg.node_id)
        else:
            self.loaded[msg.node_id] = replace(message, name=self._free_name(message.name))
            self.changed.set()


def welcome(spec: LoadSpec) -> Welcome:
    """Return what workers get to know: the load, and the text of the Locust file."""
    text = spec.locustfile.read_text(encoding="utf-8") if spec.locustfile else None
    return Welcome(spec, text)
