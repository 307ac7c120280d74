"""Key sets that fill, by the entries that came before."""

import pytest

from tsprof.analysis.attribution.holders import HeldGrowth
from tsprof.analysis.attribution.rarer import with_rarer
from tsprof.report.model import Holder

OVERALL, WINDOW = 34_000, 3_000
"""Requests of a service with 6,000 label sets at 1,500 per segment, and of the window."""


def judged(entries: int, came: int, *, each: int = 1_400, gained: float = 9e6) -> HeldGrowth:
    held = HeldGrowth(
        holder=Holder(
            path="app.py: hits -> Counter._metrics -> dict",
            type="dict",
            entries_per_request=came / WINDOW,
            entries=entries,
            bytes=entries * each,
        ),
        bytes_per_request=came / WINDOW * each,
    )
    (found,) = with_rarer([held], requests=WINDOW, requests_overall=OVERALL, gained=gained)
    return found


def test_label_sets_that_come_ever_more_rarely() -> None:
    found = judged(entries=4_038, came=250)
    assert found.is_bounded
    assert found.holder.entries_per_request_overall == pytest.approx(4_038 / OVERALL)


@pytest.mark.parametrize(
    ("entries", "came", "gained"),
    [
        (OVERALL, WINDOW, 9e7),
        (3_400, 300, 9e6),
        (3_400, 280, 9e6),
        (380, 25, 9e6),
        (9_000, 250, 9e6),
    ],
    ids=["one each", "one in ten", "a little fewer", "too few to tell", "there before"],
)
def test_a_leak_gains_as_many_as_ever(entries: int, came: int, gained: float) -> None:
    assert not judged(entries, came, gained=gained).is_bounded
