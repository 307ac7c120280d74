"""The alarm clock of the schedule."""

from time import monotonic

import gevent

from tsprof.load.alarm import Alarm


def test_it_wakes_at_the_time_and_lets_others_run_until_then() -> None:
    alarm = Alarm()
    ran = gevent.spawn(lambda: None)
    moment = monotonic() + 0.05
    alarm.wait_until(moment)
    assert monotonic() >= moment
    assert ran.dead
    alarm.wait_until(moment)  # is over, and so is the wait


def test_it_can_be_rung() -> None:
    alarm = Alarm()
    asleep = gevent.spawn(alarm.wait_until, monotonic() + 3600)
    gevent.sleep(0)
    alarm.ring()
    asleep.join(timeout=10)
    assert asleep.successful()


def test_it_outlives_whoever_was_killed_while_waiting() -> None:
    alarm = Alarm()
    asleep = gevent.spawn(alarm.wait_until, monotonic() + 3600)
    gevent.sleep(0)
    asleep.kill()
    alarm.wait_until(monotonic() + 0.01)
