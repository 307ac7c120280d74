"""What is pending in event loops and threads."""

import asyncio
import threading
from typing import Any

import pytest

from tsprof.agent import timers


def near(reply: dict[str, Any], seconds: float) -> list[float]:
    return [each for each in reply["seconds"] if each == pytest.approx(seconds, abs=5)]


def test_timers_of_an_event_loop() -> None:
    async def main() -> dict[str, Any]:
        loop = asyncio.get_running_loop()
        sleeping = [asyncio.create_task(asyncio.sleep(600)) for _ in range(3)]
        handles = [loop.call_later(300, print) for _ in range(2)]
        loop.call_later(300, print).cancel()
        await asyncio.sleep(0)
        reply = timers.take({})
        for pending in (*sleeping, *handles):
            pending.cancel()
        return reply

    reply = asyncio.run(main())
    assert len(near(reply, 300)) == 2
    assert len(near(reply, 600)) == 3
    assert reply["seconds"] == sorted(reply["seconds"])
    assert reply["number"] == len(reply["seconds"])


def test_threads_that_wait_for_a_while() -> None:
    timer = threading.Timer(4000, print)
    timer.start()
    try:
        while timer.ident is None or not near(timers.take({}), 4000):
            timer.join(0.01)
    finally:
        timer.cancel()
        timer.join()
    assert not near(timers.take({}), 4000)


def test_of_very_many_a_sample_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> dict[str, Any]:
        loop = asyncio.get_running_loop()
        handles = [loop.call_later(1000 + n, print) for n in range(100)]
        reply = timers.take({})
        for handle in handles:
            handle.cancel()
        return reply

    monkeypatch.setattr(timers, "_MOST", 10)
    reply = asyncio.run(main())
    assert reply["number"] >= 100
    assert len(reply["seconds"]) <= 11
    assert reply["seconds"][len(reply["seconds"]) // 2] == pytest.approx(1050, abs=15)
