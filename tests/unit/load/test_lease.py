"""A worker's gate without a word from its master."""

from collections.abc import Callable

import gevent
import pytest

from tsprof.load import lease as lease_module
from tsprof.load.gate import Gate
from tsprof.load.lease import PATIENCE, SECONDS, Lease

Clock = Callable[[float], None]


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Let time pass, and the check come round."""
    now = [1000.0]
    monkeypatch.setattr(lease_module, "monotonic", lambda: now[0])
    monkeypatch.setattr(lease_module, "CHECK_EVERY", 0.001)

    def let_pass(seconds: float) -> None:
        now[0] += seconds
        gevent.sleep(0.02)

    return let_pass


def test_silence_closes_the_gate_and_then_ends_the_lease(passes: Clock) -> None:
    gate = Gate(rate=None)
    gate.open(None)
    lease = Lease(gate)
    passes(SECONDS - 0.1)
    assert gate.is_open
    passes(0.2)
    assert not gate.is_open
    assert not lease.over.is_set()
    passes(PATIENCE - SECONDS)
    assert lease.over.is_set()


def test_words_of_the_master_keep_the_gate_open(passes: Clock) -> None:
    gate = Gate(rate=None)
    gate.open(None)
    lease = Lease(gate)
    for _ in range(4):
        passes(SECONDS - 0.1)
        lease.renew(client_id="any", timestamp=0.0)
    passes(0.1)
    assert gate.is_open
    assert not lease.over.is_set()
