from samples import frame, profile

from tsprof.analysis.hotspots.profiles import OUTSIDE, completed, profile_of
from tsprof.analysis.hotspots.torn import mended
from tsprof.stacks import Frame, StackProfile


def stacks(seen: StackProfile) -> dict[str, float]:
    return {
        ";".join(seen.frames[place].function for place in stack.frames): stack.weight
        for stack in seen.stacks
    }


def test_a_stack_that_begins_in_the_middle_goes_below_its_usual_callers() -> None:
    seen = profile({"main;loop;handle;hot": 80.0, "main;handle;hot": 10.0, "handle;hot": 10.0})
    whole, torn = mended(seen)
    assert stacks(whole) == {"main;loop;handle;hot": 90.0, "main;handle;hot": 10.0}
    assert torn == 10.0
    assert (whole.requests, whole.cpu_seconds) == (seen.requests, seen.cpu_seconds)


def test_what_the_function_calls_tells_which_of_its_calls_it_is() -> None:
    seen = profile({"main;app;outer;app;inner": 50.0, "app;inner": 5.0, "app;outer;app": 5.0})
    assert stacks(mended(seen)[0]) == {
        "main;app;outer;app;inner": 55.0,
        "main;app;outer;app": 5.0,
    }


def test_what_nobody_calls_or_seldom_is_a_beginning_of_its_own() -> None:
    seen = profile({"main;serve": 50.0, "run;work": 30.0, "main;serve;work;run": 5.0, "rare": 1.0})
    assert mended(seen) == (seen, 0.0)


def test_torn_stacks_of_which_no_whole_one_was_seen_are_left_alone() -> None:
    seen = profile({"handle;hot": 10.0, "hot;handle;hot": 11.0})
    assert mended(seen) == (seen, 0.0)


def test_the_thread_before_a_torn_stack_stays_before_it() -> None:
    thread = Frame(function="thread (0x1)", origin="interpreter")
    main, handle, hot = map(frame, ("main", "handle", "hot"))
    seen = profile_of({(thread, main, handle, hot): 9.0, (thread, handle, hot): 1.0})
    assert stacks(mended(seen)[0]) == {"thread (0x1);main;handle;hot": 10.0}


def test_what_stands_for_time_outside_of_python_is_no_torn_stack() -> None:
    seen = profile_of(completed({(frame("main"), frame("hot")): 9.0}, 20.0))
    assert mended(seen) == (seen, 0.0)
    assert OUTSIDE in seen.frames
