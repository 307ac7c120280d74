"""How late the event loop comes round."""

import time

import gevent

from tsprof.load.loop_lag import EVERY_SECONDS, LoopLag


def test_a_loop_that_was_blocked_was_late_for_every_beat_it_missed() -> None:
    lag = LoopLag()
    watching = gevent.spawn(lag.watch)
    gevent.sleep(0)
    time.sleep(10.5 * EVERY_SECONDS)
    gevent.sleep(0.001)
    watching.kill()
    recorded = lag.take()
    assert recorded.count >= 10
    assert recorded.max_ms >= 9 * 1000 * EVERY_SECONDS
    assert recorded.share_above(4 * 1000 * EVERY_SECONDS) >= 0.4
    assert lag.take().count == 0
