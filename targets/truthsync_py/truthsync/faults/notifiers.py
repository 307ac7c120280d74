"""thread: a notifier thread per event, waiting for an acknowledgement that never comes."""

import threading

from truthsync.faults.base import Fault


class Notifiers(Fault):
    """Tells subscribers about verdicts, each in a thread of its own."""

    def __init__(self) -> None:
        """Prepare the acknowledgement."""
        self._acknowledged = threading.Event()

    def stop(self) -> None:
        """Let all threads end."""
        self._acknowledged.set()

    def plant(self, number: int) -> None:
        """Start a thread that notifies a subscriber."""
        threading.Thread(
            target=self.wait_for_acknowledgement, name=f"notifier-{number}", daemon=True
        ).start()

    def wait_for_acknowledgement(self) -> None:
        """Wait without a timeout."""
        self._acknowledged.wait()
