"""Wait for what others do, within bounds."""

import time
from collections.abc import Callable

PATIENCE = 30.0
"""Seconds that anything may take on a machine that does much else besides."""


def wait_until(condition: Callable[[], object]) -> None:
    """Look every few milliseconds until it is so; fail when patience ends."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)
