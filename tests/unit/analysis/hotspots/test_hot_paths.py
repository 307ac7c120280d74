from dataclasses import replace

import pytest
from samples import frame, profile, window

from tsprof.analysis.hotspots.hot_paths import by_process, halves, hot_paths, whole
from tsprof.analysis.hotspots.profiles import OUTSIDE, profile_of
from tsprof.report.hot_paths import basis


def test_a_run_without_windows_has_no_hot_paths() -> None:
    assert hot_paths([]) is None


def test_requests_of_a_segment_count_once_for_all_its_processes() -> None:
    seen = hot_paths(
        [
            window(1, profile({"main;hot": 30, "main": 10}, cpu_seconds=0.4), pid=1),
            window(1, profile({"main;hot": 50, "main": 10}, cpu_seconds=0.6), pid=2),
            window(2, profile({"main;hot": 40}, cpu_seconds=1.0), pid=1),
        ]
    )
    assert seen is not None
    assert (seen.samples, seen.requests, seen.processes) == (140, 2000, 2)
    assert seen.cpu_us_per_request == pytest.approx(1000)
    hot, main = seen.functions
    assert (hot.function, main.function) == ("hot", "main")
    assert hot.own == pytest.approx(120 / 140)
    assert hot.own_us_per_request == pytest.approx(1000 * 120 / 140)
    assert main.total_us_per_request == pytest.approx(1000)


def test_instructions_take_no_cpu_time() -> None:
    counted = replace(profile({"main;hot": 30_000, "main": 10_000}), unit="instructions")
    seen = hot_paths([window(1, counted)])
    assert seen is not None
    assert (seen.unit, seen.samples, seen.cpu_us_per_request) == ("instructions", 40_000, None)
    assert basis(seen).startswith("40,000 instructions of 1 process in 2 s under load (")
    assert basis(seen).endswith(f", {40_000 / seen.requests:,.0f} instructions per request")


def test_a_function_that_is_new_in_the_second_half_is_told() -> None:
    base = {f"main;f{n}": 100.0 for n in range(8)}
    early = [window(n, profile(base)) for n in range(4)]
    late = [window(n, profile({**base, "main;new": 300.0}, cpu_seconds=1.375)) for n in range(4, 8)]
    seen = hot_paths([*early, *late])
    assert seen is not None
    assert "new" in {change.function for change in seen.aged}
    steady = hot_paths([*early, *[window(n, profile(base)) for n in range(4, 8)]])
    assert steady is not None
    assert steady.aged == ()


def test_halves_that_do_not_tell_how_much_shares_vary_are_not_compared() -> None:
    assert halves([window(n, profile({"a": 1})) for n in range(5)]) == ([], [])


def test_a_machine_that_gets_busy_halfway_makes_no_function_hotter() -> None:
    calm, waiting = ({"main;handle;hot": n, "main;handle;send": n / 4} for n in (20.0, 36.0))
    others = {(OUTSIDE,): 20.0}
    stacks = [
        {tuple(map(frame, text.split(";"))): n for text, n in weights.items()}
        for weights in (calm, waiting)
    ]
    early = profile_of(stacks[0] | others, requests=1000, cpu_seconds=0.45)
    late = profile_of(stacks[1], requests=1000, cpu_seconds=0.45)
    seen = hot_paths([window(n, early if n < 8 else late) for n in range(16)])
    assert seen is not None
    assert seen.aged == ()


def test_on_a_busy_machine_it_is_not_told_what_became_hotter() -> None:
    base = {f"main;f{n}": 100.0 for n in range(8)}
    hotter = profile({**base, "main;new": 300.0}, cpu_seconds=1.375)
    windows = [window(n, profile(base) if n < 4 else hotter) for n in range(8)]
    seen = hot_paths(windows, "the load process waited")
    assert seen is not None
    assert seen.aged == ()
    assert seen.notes == (
        "what became hotter or cooler during the run is not told: the load process waited",
    )


def test_segments_and_not_windows_are_halved() -> None:
    segments = (1, 2, 3, 5, 7, 8)
    windows = [window(s, profile({"a": 1}), pid=p) for s in segments for p in (1, 2)]
    early, late = halves(windows)
    assert [w.segment for w in early] == [1, 1, 2, 2, 3, 3]
    assert [w.segment for w in late] == [5, 5, 7, 7, 8, 8]


def test_each_process_has_a_profile_of_its_own() -> None:
    windows = [
        window(1, profile({"main;hot": 3}), pid=1),
        window(1, profile({"main;cold": 2}), pid=2),
        window(2, profile({"main;hot": 4}), pid=1),
    ]
    processes = by_process(windows)
    assert {pid: one.total for pid, one in processes.items()} == {1: 7, 2: 2}
    assert sum(one.total for one in processes.values()) == whole(windows).total


def test_samples_that_could_not_be_read_are_told_of() -> None:
    seen = hot_paths([replace(window(1, profile({"a": 90})), errors=30, behind=1.5)])
    assert seen is not None
    assert "30 samples could not be read, 25 % of all" in seen.notes[0]
    assert "fell behind by up to 1.5 s" in seen.notes[1]


def test_torn_stacks_are_mended_and_told_of() -> None:
    seen = hot_paths([window(1, profile({"main;handle;hot": 90, "handle;hot": 10}))])
    assert seen is not None
    assert {f.function: f.total for f in seen.functions}["main"] == 1.0
    assert "10 % of the stacks changed while they were read" in seen.notes[0]


def test_a_machine_that_lets_the_target_wait_is_told_of() -> None:
    waiting = replace(window(1, profile({"main": 200}, cpu_seconds=1.0)), rate=100)
    seen = hot_paths([waiting])
    assert seen is not None
    assert "50 % of the sampled time the holder of the GIL waited" in seen.notes[0]
    calm = hot_paths([replace(window(1, profile({"main": 105}, cpu_seconds=1.0)), rate=100)])
    assert calm is not None
    assert calm.notes == ()
