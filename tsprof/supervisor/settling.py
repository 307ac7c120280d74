"""Some servers tidy up once a second or so: give them the time for it before every checkpoint."""

from tsprof.analysis.run.assessments import Look
from tsprof.analysis.run.scatter import largest_fall, live_bytes
from tsprof.supervisor.counters import Counters, read_counters
from tsprof.supervisor.engine import Engine

SETTLING = 2.5
"""Seconds. daphne lets go of finished requests once a second, so that its live memory went up and
down by 5 MB from checkpoint to checkpoint, and a minute told nothing."""
MOST_TRIALS = 2
WORTHWHILE = 0.25
"""Part of the largest fall between two checkpoints that a rest must let go of."""


class Settling:
    """Finds out whether a rest before each checkpoint would steady what they show."""

    def __init__(self, engine: Engine) -> None:
        """Watch over a run.

        Args:
            engine: of the run.
        """
        self._engine = engine
        self._trials = 0

    def look_into(self, now: Look) -> None:
        """Have all further checkpoints rest first, if a rest lets go of what makes them differ.

        Args:
            now: the look at all checkpoints so far.

        Raises:
            RunEnded: the target or the load is gone.
        """
        fall = largest_fall(now)
        if not fall or self._engine.settling or self._trials == MOST_TRIALS:
            return
        self._trials += 1
        phase, self._engine.phase = self._engine.phase, "resting: does it tidy up by itself?"
        before = live_bytes(now, self._engine.checkpoints[-1])
        self._engine.pump_for(SETTLING)
        counted = read_counters(self._engine.instruments.agents, before.keys())
        after = {pid: one.live for pid, one in counted.items() if isinstance(one, Counters)}
        gone = sum(before[pid] - after[pid] for pid in before.keys() & after.keys())
        if gone >= WORTHWHILE * fall:
            self._engine.settling = SETTLING
            self._engine.checkpoint()
            text = f"the target tidies up after its answers: checkpoints now wait {SETTLING:g} s"
            self._engine.note("note", text)
        self._engine.phase = phase
