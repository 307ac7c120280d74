from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from fabricate import NATIVE, PYTHON, SEGMENT, reading, taken

from tsprof.analysis.attribution.conclude import blocks_per_request
from tsprof.analysis.attribution.native import (
    beside_tables,
    grows_natively,
    without_lines,
    without_malloc,
)
from tsprof.analysis.attribution.reconcile import Reconciliation
from tsprof.analysis.growth.rate import Interval
from tsprof.analysis.run.assessments import look
from tsprof.records import ProcessReading
from tsprof.report.model import Site


def process(
    native: Callable[[int], float] = lambda _: 0,
    large: Callable[[int], int] = lambda _: 0,
    python: float = 0,
) -> Callable[[int], ProcessReading]:
    """Bytes from malloc and large Python blocks by checkpoint; bytes in small ones per request."""

    def at(number: int) -> ProcessReading:
        small = int(python * SEGMENT * number)
        return reading(
            number,
            python_live=PYTHON + small,
            native_live=NATIVE + int(native(number)),
            blocks=101_000 + small // 300 + large(number),
            small_blocks=100_000 + small // 300,
        )

    return at


@pytest.mark.parametrize(
    ("grown", "native"),
    [
        (process(native=lambda n: 300 * SEGMENT * n), True),
        (process(native=lambda n: 300 * SEGMENT * n, python=400), True),
        (process(native=lambda n: 30 * SEGMENT * n, python=400), False),
        (process(python=400), False),
        # As many blocks as requests, of 2,000 bytes each: Python's.
        (process(native=lambda n: 2_000 * SEGMENT * n, large=lambda n: SEGMENT * n), False),
        # Two large objects in one segment of many are not what grows in all of them.
        (process(native=lambda n: 300 * SEGMENT * n, large=lambda n: 2 * (n > 12)), True),
        # A dict's table doubles now and then.
        (process(native=lambda n: 104 * SEGMENT * 2 ** int(n / 4), python=200), False),
    ],
)
def test_whether_native_memory_grows(
    grown: Callable[[int], ProcessReading],
    native: bool,  # noqa: FBT001 - one of the parameters
) -> None:
    assert grows_natively(look(taken(grown))) is native


def test_what_does_not_grow_is_not_native() -> None:
    assert not grows_natively(look(taken(process())))
    assert not grows_natively(look([]))


def mapping(number: int) -> ProcessReading:
    return reading(number, anonymous=PYTHON + NATIVE + 800_000 + 4096 * 100 * number)


def test_mapped_memory_that_grows_is_native() -> None:
    assert grows_natively(look(taken(mapping)))


def site(file: str, line: int, **more: Any) -> Site:
    return Site(function="work", file=file, line=line, bytes_per_request=1, share=1, **more)


def test_why_no_line_is_known_of_what_malloc_does_not_hand_out() -> None:
    mapped, allocated = look(taken(mapping)), look(taken(process(native=lambda n: 300.0 * n)))
    (reason,) = without_malloc(mapped, ())
    assert "names of its own, as Rust's crates of jemalloc and mimalloc are" in reason
    assert without_malloc(mapped, (site("/srv/server.c", 3),)) == ()
    assert without_malloc(allocated, ()) == ()


def test_programs_without_debug_information_are_told_once() -> None:
    sites = [
        site("/srv/server", 0),
        site("/srv/server", 0),
        site("/srv/server.c", 3),
        site("/lib/libc.so.6", 0, origin="interpreter"),
    ]
    (text,) = without_lines(sites)
    assert text.startswith("server has no debug information")


def test_native_programs_do_not_count_blocks() -> None:
    def native(number: int) -> ProcessReading:
        return replace(process()(number), source="native")

    assert blocks_per_request(look(taken(process()))) == 0
    assert blocks_per_request(look(taken(native))) is None


@pytest.mark.parametrize(
    ("explained", "low", "named"),
    [
        (0.4, 32.0, True),  # all but the table
        (0.4, 75.0, False),  # half of what grows all the time is from elsewhere
        (0.1, 5.0, False),
        (0.9, 32.0, False),  # needs no word
    ],
)
def test_a_table_that_did_not_double_in_the_window_hides_no_line(
    explained: float,
    low: float,
    named: bool,  # noqa: FBT001 - one of the parameters
) -> None:
    before = Reconciliation(sites=(), explained=explained, notes=("48 of 80 have no site",))
    after = beside_tables(before, Interval(80.0, low, 90.0))
    assert (after.explained == 1.0) is named
    assert (after == before) is not named
    assert not named or after.notes[0].startswith("48 of 80 B per request came in jumps")
