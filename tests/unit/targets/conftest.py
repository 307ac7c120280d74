import gc
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[3] / "targets" / "truthsync_py"))

from truthsync.faults.audit_trail import AUDIT_TRAIL


@pytest.fixture(autouse=True)
def _leave_no_trace() -> Iterator[None]:
    """Undo what faults do to the whole process."""
    AUDIT_TRAIL.clear()
    yield
    AUDIT_TRAIL.clear()
    gc.enable()
