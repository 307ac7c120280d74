"""The master of several load processes: Locust's, which takes only workers that may join.

Locust's master finds workers missing, divides users of all classes among them, and gathers the
statistics that hooks of Locust files read. Added is what counted load needs: a worker shows its
version before it joins, none joins once the load has begun, and whoever is dismissed stays away.
"""

import logging
from collections.abc import Callable

import gevent.event
from locust.env import Environment
from locust.exception import RPCError
from locust.rpc import Message as LocustMessage
from locust.runners import STATE_MISSING, MasterRunner

import tsprof
from tsprof.errors import UsageError
from tsprof.load.channel import MESSAGE, letter
from tsprof.load.messages import Join, Loaded, Message, Refused, Welcome, WorkerLost, decode, encode
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
        """Workers that are ready for users, by Locust's id."""
        self.changed = gevent.event.Event()
        """Set when a worker has joined, or has said something in vain."""
        self._refused: list[WorkerLost] = []
        self.begun = False
        """Whether there are users; nobody joins any more."""
        self.hear: Callable[[str, Message], object] = lambda *_: None
        """Takes what workers say once the load has begun."""
        address = f"{workers.bind_host}:{workers.bind_port}"
        try:
            super().__init__(environment, workers.bind_host, workers.bind_port)
        except (RPCError, SystemExit, OSError) as error:
            raise UsageError(
                f"The master of the load processes cannot listen at {address}: {error}",
                hint="Name an address of this machine with --master-bind-host, and a free port "
                "with --master-bind-port.",
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

    def handle_message(self, client_id: str, msg: LocustMessage) -> None:
        """Answer who wants to join; leave the rest to Locust."""
        if msg.type == JOIN:
            answer = encode(self._answer(decode(msg.data))).decode()
            self.server.send_to_client(letter(JOIN, answer, client_id))
        elif msg.type == "client_ready" and self.begun:
            self.dismiss(client_id)
        elif client_id == msg.node_id:
            super().handle_message(client_id, msg)

    def start_users(self, users: int) -> None:
        """Divide the users among the workers that are there, anew after one was lost."""
        for client_id in [name for name in self.clients if name not in self.loaded]:
            self.dismiss(client_id)
        self.begun = True
        self._users_dispatcher = None  # a new one does not know those that have gone
        self.start(users, spawn_rate=users)

    def users_of(self, client_id: str) -> int:
        """Return how many users a worker last said it had."""
        node = self.clients.get(client_id)
        return node.user_count if node else 0

    def is_missing(self, client_id: str) -> bool:
        """Tell whether a worker has quit, or has given no sign of life for five seconds."""
        node = self.clients.get(client_id)
        return node is None or node.state == STATE_MISSING

    def let_go(self) -> None:
        """Do not divide the users anew when workers quit from now on."""
        self._users_dispatcher = None

    def dismiss(self, client_id: str) -> None:
        """Let a worker take no part any more, and tell it if it can hear."""
        self.loaded.pop(client_id, None)
        self.clients.pop(client_id, None)
        self.server.send_to_client(letter("quit", None, client_id))

    def take_refused(self) -> list[WorkerLost]:
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
        self._refused.append(WorkerLost(name, f"{name} was not let in: {reason}"))
        self.changed.set()
        return Refused(reason, hint="")

    def _objection(self, join: Join) -> str:
        if join.version != tsprof.__version__:
            version = printable(join.version, MAX_NAME)
            return f"it is tsprof {version}, and the master is {tsprof.__version__}"
        if self.begun:
            return "the load had begun; workers join before that"
        if len(self.loaded) >= self._expected:
            return f"all of the {self._expected} workers that were asked for are there"
        return ""

    def _on_message(self, environment: Environment, msg: LocustMessage) -> None:
        del environment
        message = decode(msg.data)
        if not isinstance(message, Loaded):
            self.hear(msg.node_id, message)
        elif self.begun or len(self.loaded) >= self._expected:
            self.dismiss(msg.node_id)
        else:
            self.loaded[msg.node_id] = message
            self.changed.set()


def welcome(spec: LoadSpec) -> Welcome:
    """Return what workers get to know: the load, and the text of the Locust file."""
    text = spec.locustfile.read_text(encoding="utf-8") if spec.locustfile else None
    return Welcome(spec, text)
