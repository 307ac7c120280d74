"""fd: the evidence file is opened to see how old it is, and stays open."""

import os

from truthsync.faults.base import Fault
from truthsync.verifier import EVIDENCE_FILE


class EvidenceRevision(Fault):
    """Looks whether the evidence base has changed.

    The plain descriptor costs the process no memory of its own, unlike a file object with its
    buffer: the fault is one of descriptors and nothing else.
    """

    def plant(self, number: int) -> None:
        """Look at the evidence file."""
        del number
        read_revision()


def read_revision() -> int:
    """Return when the evidence file was written last, in nanoseconds."""
    descriptor = os.open(EVIDENCE_FILE, os.O_RDONLY)
    return os.fstat(descriptor).st_mtime_ns
