"""Two runs beside each other."""

from compared import SEEN, TRAIL, counted, leak, measures, ran, trail

from tsprof.analysis.comparison.difference import compare_runs
from tsprof.report.difference import Difference, Row
from tsprof.report.model import Holder, Provenance, Report, Verdict


def row(difference: Difference, group: str, name: str) -> Row:
    (found,) = [r for r in difference.rows if (r.group, r.name) == (group, name)]
    return found


KEY = f"memory:leak:{SEEN}"


def test_a_run_does_not_differ_from_itself() -> None:
    for report in (ran(), ran(leak()), ran(leak(), counted(0.05))):
        difference = compare_runs(report, report)
        assert difference.marked == ()
        assert difference.notes == ()
        assert all(r.change == 0 for r in difference.rows)


def test_a_leak_that_came() -> None:
    difference = compare_runs(ran(), ran(leak(300)))
    assert row(difference, "growth", "live memory").mark == "worse"
    owner = row(difference, "growth", "python_objects")
    assert (owner.mark, owner.change) == ("worse", 300)
    assert owner.low is not None
    assert 250 < owner.low < 300
    for group, name in (("leaks", KEY), ("sites", "app.py:remember"), ("holders", SEEN)):
        found = row(difference, group, name)
        assert (found.mark, found.before, found.change) == ("new", None, None)


def test_a_leak_that_went_and_one_that_was_moved() -> None:
    assert row(compare_runs(ran(leak()), ran()), "leaks", KEY).mark == "gone"
    other = 'app.py: module global "other" -> list'
    difference = compare_runs(ran(leak()), ran(leak(site="also", holder=other)))
    assert row(difference, "leaks", KEY).mark == "gone"
    assert row(difference, "leaks", f"memory:leak:{other}").mark == "new"
    assert row(difference, "growth", "live memory").mark == "within noise"


def test_a_leak_that_grew() -> None:
    difference = compare_runs(ran(leak(300)), ran(leak(600)))
    found = row(difference, "leaks", KEY)
    assert (found.mark, found.before, found.after) == ("worse", 300, 600)
    assert row(difference, "sites", "app.py:remember").mark == "worse"
    assert row(difference, "holders", SEEN).mark == "within noise"
    assert row(compare_runs(ran(leak(600)), ran(leak(300))), "leaks", KEY).mark == "better"


def test_a_leak_whose_larger_part_is_elsewhere_now_is_the_same() -> None:
    other = Holder(path="b.py: more", type="list", entries_per_request=1.0)
    both = leak(700).model_copy(update={"holders": (other, *leak().holders)})
    difference = compare_runs(ran(leak(300)), ran(both))
    assert row(difference, "leaks", f"{KEY}, memory:leak:b.py: more").mark == "worse"
    assert row(difference, "holders", "b.py: more").mark == "new"


def test_counted_leaks_are_counted() -> None:
    found = row(compare_runs(ran(counted(0.05)), ran(counted(0.1))), "leaks", "fd:leak")
    assert (found.unit, found.mark) == ("count", "worse")


def test_the_direction_of_each_measure() -> None:
    slower = ran(performance=measures(p50_ms=10, requests_per_second=500, cpu_ms=0.5))
    difference = compare_runs(ran(), slower)
    assert row(difference, "service", "p50_ms").mark == "worse"
    assert row(difference, "service", "requests_per_second").mark == "worse"
    assert row(difference, "service", "requests_per_second").unit == "rate"
    assert row(difference, "service", "cpu_ms").mark == "within noise"
    assert row(compare_runs(slower, ran()), "service", "p50_ms").mark == "better"


def test_speed_on_another_machine_does_not_compare() -> None:
    slower = ran(performance=measures(p50_ms=10, load_cpu_ms=0.6, error_rate=0.1))
    difference = compare_runs(ran(), slower)
    assert row(difference, "service", "p50_ms").mark == "not comparable"
    assert row(difference, "service", "error_rate").mark == "worse"
    assert any("not equally fast" in note for note in difference.notes)


def test_what_else_differs_is_noted() -> None:
    after = ran(
        verdict=Verdict.INCONCLUSIVE,
        scenario="endurance",
        provenance=Provenance(tsprof_version="0.2.0", target_python="3.13.1"),
    )
    said = "\n".join(compare_runs(ran(), after).notes)
    for words in ("different scenarios", "later run is inconclusive", "Python was 3.11.7", "0.2.0"):
        assert words in said


def test_another_target_is_noted() -> None:
    one, two = (ran(provenance=Provenance(command=("serve", name))) for name in ("a b", "c"))
    assert compare_runs(one, two).notes[0] == "the target was serve 'a b', then serve c"
    assert not any("target was" in note for note in compare_runs(one, one).notes)


def test_half_runs_have_nothing_to_compare() -> None:
    half = Report(scenario="check", verdict=Verdict.INCONCLUSIVE, exit_code=3, reasons=())
    assert compare_runs(half, half).rows == ()
    assert compare_runs(ran(), half).marked == ()


TRAIL_KEY = f"memory:leak:{TRAIL}"


def test_each_of_two_leaks_of_memory_has_its_own_rows() -> None:
    difference = compare_runs(ran(leak(200), trail(100)), ran(leak(200), trail(150)))
    assert row(difference, "leaks", KEY).mark == "within noise"
    assert row(difference, "leaks", TRAIL_KEY).mark == "worse"
    assert row(difference, "sites", "app.py:record").mark == "worse"
    assert row(difference, "holders", TRAIL).mark == "within noise"


def test_one_of_two_leaks_that_came_or_went_stands_alone() -> None:
    one, two = ran(leak(200)), ran(leak(200), trail(100))
    assert row(compare_runs(one, two), "leaks", TRAIL_KEY).mark == "new"
    assert row(compare_runs(two, one), "leaks", TRAIL_KEY).mark == "gone"
    assert row(compare_runs(two, one), "leaks", KEY).mark == "within noise"


def test_a_growth_that_was_split_is_compared_by_its_sum() -> None:
    split = ran(leak(200), trail(100))
    for before, after in ((ran(leak(300)), split), (split, ran(leak(300)))):
        found = row(compare_runs(before, after), "leaks", f"{KEY}, {TRAIL_KEY}")
        assert (found.mark, found.before, found.after) == ("within noise", 300, 300)


def test_a_site_of_memory_and_garbage_counts_once() -> None:
    report = ran(leak(200), leak(200, resource="garbage"))
    assert row(compare_runs(report, report), "sites", "app.py:remember").after == 200
