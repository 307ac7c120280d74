"""Reads the target's own gauges between segments, while no request is under way.

A reading comes after a segment and before the wait for quiet: counters stand for exactly the
segment's requests, and what an answer takes of memory is given back before the ledger is read.
Every checkpoint has one such request before it, the first one included, so that none stands out.
"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, wait

from tsprof.config import Settings
from tsprof.config.criteria import comparisons
from tsprof.probes.exposition import Told
from tsprof.probes.gauges import GaugeAddress, NoGaugesError, ask
from tsprof.records import GaugeReading
from tsprof.supervisor.bring_up import Place
from tsprof.supervisor.engine import Engine

FIRST_READINGS = 8
"""Readings in a row before the first checkpoint, where the target has several processes: each may
count for itself. On an idle prefork server 8 connections met both of 2 workers in 8 trials of 8
(gunicorn with sync, gthread and uvicorn workers, uvicorn)."""
MOST_FAILURES = 3
"""Failures in a row after which an address is not asked any more: each may cost two seconds."""
MOST_NOTES = 3
LOOK_EVERY = 0.02


def gauge_addresses(settings: Settings, place: Place, limits: Iterable[str]) -> list[GaugeAddress]:
    """Return where the settings say that the target tells of itself.

    Args:
        settings: of the run.
        place: where the target serves.
        limits: names of gauges that the scenario has limits for.
    """
    judged = (*comparisons(settings.criteria), *limits, *settings.gauges.watch)
    names = {_metric(name) for name in judged}
    keep = frozenset(f"{name}{end}" for name in names for end in ("", "_sum", "_count"))
    return [
        GaugeAddress(source, place.fill(source if "://" in source else place.host + source), keep)
        for source in settings.gauges.url
    ]


def _metric(name: str) -> str:
    """Return the name of the metric in ``rate(name{label="value"})``."""
    return name.partition("{")[0].rpartition("(")[2].rstrip(")")


def read_gauges(engine: Engine) -> None:
    """Ask at every address and store what is told; note once why it could not be read.

    Raises:
        RunInterrupted, RunEnded: as ``Engine.pump``, which runs meanwhile.
    """
    first = not engine.checkpoints and len(engine.instruments.target.processes()) > 1
    for address in engine.instruments.gauges:
        for _ in range(FIRST_READINGS if first else 1):
            if address.failures >= MOST_FAILURES:
                break
            try:
                told = _ask(engine, address)
            except NoGaugesError as error:
                address.failures += 1
                _note_once(engine, address, str(error))
                continue
            address.failures = 0
            if told.left_out:
                _note_once(engine, address, "some names were left out, for length")
            engine.instruments.database.add(
                GaugeReading(
                    checkpoint=len(engine.checkpoints),
                    source=address.source,
                    levels=told.levels,
                    totals=told.totals,
                )
            )


def _ask(engine: Engine, address: GaugeAddress) -> Told:
    with ThreadPoolExecutor(1) as asker:
        answer = asker.submit(ask, address.url, address.keep)
        while not answer.done():
            wait([answer], LOOK_EVERY)
            engine.pump()
        return answer.result()


def _note_once(engine: Engine, address: GaugeAddress, text: str) -> None:
    if text not in address.noted and len(address.noted) < MOST_NOTES:
        address.noted.add(text)
        engine.note("note", f"the gauges at {address.source}: {text}")
