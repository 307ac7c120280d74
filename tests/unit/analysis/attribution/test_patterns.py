"""Names that differ in numbers or random parts count as one."""

import pytest

from tsprof.analysis.attribution.patterns import pattern, skeleton


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["/data/x-1.csv", "/data/x-20.csv", "/data/x-21.csv"], "/data/x-*.csv"),
        (["/data/tmpa_3k.pdf", "/data/tmpzoo.pdf"], "/data/tmp*.pdf"),
        (["/d/tmpx1/result.json", "/d/tmpabc/result.json"], "/d/tmp*/result.json"),
        (["Thread-1 (work)", "Thread-12 (work)"], "Thread-* (work)"),
        (["ThreadPoolExecutor-3_0", "ThreadPoolExecutor-4_0"], "ThreadPoolExecutor-*_0"),
        (["sleep 100", "sleep 250"], "sleep *"),
        (["/var/log/app.log", "/var/log/app.log"], "/var/log/app.log"),
        (["127.0.0.1:5432"], "127.0.0.1:5432"),
        ([], ""),
    ],
)
def test_one_pattern_for_names_of_one_kind(names: list[str], expected: str) -> None:
    assert len({skeleton(name) for name in names}) <= 1
    assert pattern(names) == expected


def test_names_of_different_kinds_stay_apart() -> None:
    names = ("/data/a.csv", "/data/a.pdf", "/var/a.csv", "worker-1", "notifier-1", "sleep 1")
    assert len({skeleton(name) for name in names}) == len(names)
