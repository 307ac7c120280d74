from samples import frame, profile

from tsprof.analysis.hotspots.profiles import (
    FOLDED,
    OUTSIDE,
    bounded,
    by_function,
    completed,
    merged,
    profile_of,
)


def test_equal_stacks_of_two_profiles_are_one() -> None:
    both = merged(
        [profile({"main;hot": 3, "main;cold": 1}), profile({"main;hot": 2})],
        requests=7,
        seconds=1.5,
    )
    weights = {
        ";".join(both.frames[place].function for place in stack.frames): stack.weight
        for stack in both.stacks
    }
    assert weights == {"main;hot": 5, "main;cold": 1}
    assert len(both.frames) == 3
    assert (both.requests, both.seconds) == (7, 1.5)


def test_nothing_merged_is_empty() -> None:
    assert merged([], requests=0, seconds=0.0).total == 0


def test_lines_of_a_function_are_put_together_under_the_one_that_ran_most() -> None:
    lines = profile_of(
        {
            (frame("main", 1), frame("hot", 10)): 1,
            (frame("main", 2), frame("hot", 12)): 5,
            (frame("main", 1), frame("hot", 11)): 2,
        }
    )
    functions = by_function(lines)
    (stack,) = functions.stacks
    assert stack.weight == 8
    assert [functions.frames[place].line for place in stack.frames] == [2, 12]


def test_a_line_that_ran_counts_more_than_one_that_called() -> None:
    lines = profile_of(
        {(frame("hot", 10),): 1, (frame("hot", 20), frame("deep", 1)): 9},
    )
    assert {f.function: f.line for f in by_function(lines).frames}["hot"] == 10


def test_the_heaviest_stacks_are_kept_and_no_weight_is_lost() -> None:
    many = profile({f"main;f{n}": n + 1 for n in range(20)})
    few = bounded(many, 5)
    assert few.total == many.total
    assert len(few.stacks) == 6
    kept = {few.frames[stack.frames[-1]].function for stack in few.stacks}
    assert kept == {"f15", "f16", "f17", "f18", "f19", FOLDED.function}


def test_a_profile_within_its_bound_stays_as_it_is() -> None:
    one = profile({"main;hot": 3})
    assert bounded(one, 1) is one


def test_what_no_sample_of_the_gil_tells_is_shown_as_a_whole() -> None:
    held = {(frame("main"), frame("hot")): 60.0}
    assert completed(held, 100.0) == {**held, (OUTSIDE,): 40.0}
    assert completed({}, 5.0) == {(OUTSIDE,): 5.0}


def test_more_samples_than_cpu_time_leave_nothing_to_show() -> None:
    held = {(frame("main"),): 60.0}
    assert completed(held, 59.0) == held
