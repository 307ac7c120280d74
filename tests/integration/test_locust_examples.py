"""Locust files that others wrote for plain Locust make load as they are."""

from pathlib import Path

import pytest
from load_targets.loading import USERS, Loads, segment
from load_targets.server import CountingServer

EXAMPLES = Path(__file__).parent / "load_targets" / "locust_examples"


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.stem)
def test_an_example_of_locust_makes_the_load_that_was_asked_for(
    path: Path, loads: Loads, server: CountingServer
) -> None:
    """Each user's first requests come at once; after them the examples wait for seconds."""
    load = loads.start(path.read_text(encoding="utf-8"))
    for total in (USERS // 2, USERS):
        _, quiet = segment(load, USERS // 2)
        assert quiet.admitted == quiet.completed == USERS // 2
        if path.stem == "manual_stats_reporting":
            assert server.count == 0
            assert quiet.failures >= quiet.exceptions
        else:
            assert server.count == total
            assert (quiet.failures, quiet.exceptions, load.failure_samples) == (0, 0, ())
