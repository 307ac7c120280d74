"""Which processes of the target do the work."""

from tsprof.supervisor.busy import busy


def test_processes_that_did_work_since_then_are_busy_the_most_first() -> None:
    before = {1: 5.0, 2: 1.0, 3: 9.0}
    assert busy({1: 5.3, 2: 2.0, 3: 9.001, 4: 0.2}, before) == [2, 1, 4]


def test_where_nothing_is_known_of_before_all_counts() -> None:
    assert busy({1: 1.0, 2: 3.0}, {}) == [2, 1]
