"""Load with a rate: requests are due when they are due, whatever the target does."""

from pathlib import Path

from load_targets.loading import segment
from load_targets.stalling import StallingServer

from tsprof.load.client import LoadProcess
from tsprof.load.spec import LoadSpec

RATE = 61.618
"""No whole number, so that the requests of ten seconds meet the stalls at different moments."""


def test_the_latency_of_a_stalling_target_is_that_of_whoever_comes(tmp_path: Path) -> None:
    """A stall of 0.2 s in each second makes 0.2 - x of all who come wait for longer than x.

    A busy machine adds to it; benchmarks/open_model.py holds it to 5 % on an idle one.
    """
    with StallingServer() as server:
        spec = LoadSpec(server.host, users=2, paths=("/",), rate=RATE)
        with LoadProcess.start(spec, tmp_path / "load.log") as load:
            _, quiet = segment(load, round(8 * RATE))
    due, sent = quiet.latency, quiet.latency_sent
    assert sent is not None
    for percent, expected_ms in ((90, 100.0), (95, 150.0), (99, 190.0)):
        found = due.percentile(percent)
        assert found is not None
        assert 0.95 * expected_ms <= found <= 1.3 * expected_ms
    # Two of the twelve that come within a stall are under way; the others are not even sent.
    assert (sent.percentile(90) or 0.0) < 50
    assert quiet.arrivals is not None
    assert (quiet.arrivals.due, quiet.arrivals.most_in_flight) == (round(8 * RATE), 2)
    assert quiet.arrivals.late_without_user > 0.1 * quiet.arrivals.due
