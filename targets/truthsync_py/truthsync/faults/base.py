"""What every fault can do."""


class Fault:
    """Something that goes wrong a little with every event."""

    def start(self) -> None:
        """Prepare, inside the running event loop."""

    def stop(self) -> None:
        """Let go of threads, tasks and process-wide settings."""

    def plant(self, number: int) -> None:
        """Go wrong once. ``number`` is the request that it happens to, from 1."""
        raise NotImplementedError

    def live(self, planted: int) -> int:
        """Return how many things are held after ``planted`` events; all, unless overridden."""
        return planted

    @property
    def delay(self) -> float:
        """Seconds by which the fault slows every request down."""
        return 0.0
