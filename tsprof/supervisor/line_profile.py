"""Lines: a fresh target under Scalene, for one segment."""

import tempfile
from contextlib import suppress
from pathlib import Path

from pydantic import TypeAdapter

from tsprof.analysis.run.confirmation import Confirmation
from tsprof.lines import LineProfile
from tsprof.profilers import scalene
from tsprof.profilers.scalene import ScaleneError
from tsprof.records import Segment
from tsprof.supervisor.engine import Engine, RunEnded
from tsprof.supervisor.launch import Target
from tsprof.supervisor.tool import Tool

SECONDS = 10.0
"""Of load. Scalene takes a sample every 10 ms: a share of 10 % is told to within 2 points."""
SLOWDOWN = 15.0
"""Times as long as by itself that a target may take to start: uvicorn took 1.5 s, not 0.3, and 4 s
on a busy machine."""
WARM_UP = 2.0
"""Seconds of load before; imports and first connections are in the profile all the same."""
GRACE = 30.0
"""Seconds that the target has to end and to have its profile written; it took 0.3 to 2 s."""


def profile_lines(engine: Engine, sources: Path) -> None:
    """Start the target anew under Scalene, and store what it tells of a segment by line.

    The target is down afterwards. What cannot be told is noted.

    Args:
        engine: between two segments, the last of which was of the target by itself.
        sources: folder of the code to look at.
    """
    usual = engine.segments[-1]
    database = engine.instruments.database
    # The speed of the target under Scalene says nothing of the target.
    calm = Confirmation(last_judged=usual.number)
    database.set_fact("confirmation", TypeAdapter(Confirmation).dump_python(calm, mode="json"))
    target = engine.instruments.target
    if not isinstance(target, Target):
        engine.note(
            "note", "no lines: Scalene needs to start the target, and this one runs already"
        )
        return
    target.stop()
    engine.phase = "profiling by line under Scalene"
    engine.profiling = "Scalene"
    with tempfile.TemporaryDirectory(prefix="tsprof-") as folder:
        file = Path(folder) / "scalene.json"
        segment = _under_load(engine, file, sources)
        if segment is None:
            engine.note("note", "no lines: the target could not be loaded under Scalene")
            return
        try:
            files = scalene.read_profile(file)
        except ScaleneError as error:
            engine.note("note", f"no lines: {error}")
            return
    profile = LineProfile(
        files=files,
        requests=segment.requests,
        seconds=segment.seconds,
        usual_rate=usual.requests_per_second,
    )
    database.set_fact("lines", TypeAdapter(LineProfile).dump_python(profile, mode="json"))


def _under_load(engine: Engine, file: Path, sources: Path) -> Segment | None:
    """Drive load at the target under Scalene, and have it end; None where that did not work."""
    tool = Tool(prefix=scalene.prefix(file, sources), slowdown=SLOWDOWN, agent=False)
    if not engine.start_anew(tool):
        return None
    segment = None
    with suppress(RunEnded):  # the events say why
        engine.timed_segment(WARM_UP)
        segment = engine.timed_segment(SECONDS)
    target = engine.instruments.target
    if isinstance(target, Target):
        target.stop(GRACE)
    return segment
