"""Confirmations by mail, sent by a thread that remembers what it could not deliver."""

import queue
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass
class Mail:
    """One message."""

    recipient: str
    text: str
    attempts: int = 0


class Sender:
    """Sends mail in the background."""

    def __init__(self) -> None:
        """Start the thread."""
        self.waiting: queue.Queue[str] = queue.Queue()
        self.failed: list[Mail] = []
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self) -> None:
        """Send what waits, for ever."""
        while True:
            recipient = self.waiting.get()
            self.deliver(recipient)

    def deliver(self, recipient: str) -> None:
        """Send one message; the server is not there in the test environment."""
        mail = Mail(recipient, f"Dear {recipient}, thank you for your order.")
        mail.attempts += 1
        self.failed.append(mail)


sender = Sender()


def application(environ: dict[str, str], start_response: Callable[..., object]) -> Iterable[bytes]:
    """Take an order."""
    sender.waiting.put(f"customer-{environ['QUERY_STRING']}@example.org")
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]
