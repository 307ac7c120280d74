from dataclasses import replace

from samples import profile, window

from tsprof.analysis.hotspots.hot_paths import hot_paths
from tsprof.analysis.hotspots.picture import decide_picture
from tsprof.records import Event, Segment
from tsprof.report.model import Verdict

SERVED = [Segment(number=0, seconds=1.0, requests=10, failures=0, intended=None)]
FAILED = [Segment(number=0, seconds=1.0, requests=10, failures=10, intended=None)]
SEEN = hot_paths([window(1, profile({"main;hot": 80, "main": 20}))])


def event(kind: str, text: str = "what happened") -> Event:
    return Event(seconds=1.0, kind=kind, text=text)  # type: ignore[arg-type]  # a literal of the tests


def test_a_picture_passes_and_names_the_hottest_function() -> None:
    decision = decide_picture(SEEN, SERVED, [], complete=True)
    assert decision.verdict is Verdict.PASS
    assert decision.reasons[0] == (
        "80 % of the CPU time (71.1 % to 86.7 %) is in hot (/srv/app.py:1)"
    )


def test_counted_instructions_have_no_interval() -> None:
    counted = replace(profile({"main;hot": 80_000, "main": 20_000}), unit="instructions")
    decision = decide_picture(hot_paths([window(1, counted)]), SERVED, [], complete=True)
    assert decision.reasons[0] == "80 % of the instructions are in hot (/srv/app.py:1)"


def test_few_samples_are_no_picture() -> None:
    few = hot_paths([window(1, profile({"main;hot": 10}))])
    decision = decide_picture(few, SERVED, [], complete=True)
    assert decision.verdict is Verdict.INCONCLUSIVE
    assert "hardly used the CPU" in decision.reasons[0]
    assert "--users" in decision.advice[0]


def test_why_nothing_could_be_sampled_is_the_reason() -> None:
    events = [event("note", "other"), event("profiler_failed", "py-spy is not installed")]
    decision = decide_picture(None, SERVED, events, complete=True)
    assert decision.verdict is Verdict.INCONCLUSIVE
    assert decision.reasons == ("py-spy is not installed",)


def test_a_service_that_only_fails_has_no_picture() -> None:
    decision = decide_picture(SEEN, FAILED, [], complete=True)
    assert decision.verdict is Verdict.INCONCLUSIVE
    assert "no request was answered" in decision.reasons[0]


def test_a_target_that_died_under_load_fails() -> None:
    decision = decide_picture(SEEN, SERVED, [event("target_ended", "it died")], complete=True)
    assert decision.verdict is Verdict.FAIL
    assert decision.reasons == ("it died",)


def test_a_run_that_was_cut_off_is_no_picture() -> None:
    assert decide_picture(SEEN, SERVED, [], complete=False).verdict is Verdict.INCONCLUSIVE
    lost = decide_picture(SEEN, SERVED, [event("load_lost", "the load went")], complete=False)
    assert lost.reasons == ("the load went",)


def test_an_interrupted_run_shows_what_it_has() -> None:
    decision = decide_picture(SEEN, SERVED, [event("interrupted")], complete=True)
    assert decision.verdict is Verdict.PASS
    assert decision.interrupted
