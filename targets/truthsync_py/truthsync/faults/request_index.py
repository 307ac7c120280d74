"""dict: requests indexed by an id that never comes again."""

from truthsync.faults.base import Fault


class RequestIndex(Fault):
    """Remembers requests so that a retry could be answered at once."""

    def __init__(self, size: int) -> None:
        """Take the bytes of payload per event."""
        self._size = size
        self._bodies_by_request_id: dict[str, bytes] = {}

    def plant(self, number: int) -> None:
        """Remember the request."""
        self.remember(request_id(number), number.to_bytes(self._size, "big"))

    def remember(self, identifier: str, body: bytes) -> None:
        """Keep a request's body for good."""
        self._bodies_by_request_id[identifier] = body


def request_id(number: int) -> str:
    """Return a unique id of 32 characters, as a tracing header would carry."""
    return f"{number:032x}"
