"""list: an audit trail that nobody ever trims."""

from truthsync.faults.base import Fault

AUDIT_TRAIL: list[bytes] = []
"""A module global on purpose: it is the mistake, and the holder to be found."""


class AuditTrail(Fault):
    """Notes requests for the support team."""

    def __init__(self, size: int) -> None:
        """Take the bytes of payload per event."""
        self._size = size

    def plant(self, number: int) -> None:
        """Record the request."""
        record_request(number, self._size)


def record_request(number: int, size: int) -> None:
    """Append the record of one request, ``size`` bytes long."""
    AUDIT_TRAIL.append(number.to_bytes(size, "big"))
