"""Collections that are none of Python's containers, but tell their length and their bound."""

from array import array

from tsprof.agent import sized

PATIENT = 120.0
"""Seconds: a test process on a busy machine may hold many objects."""


class Prices(array):  # type: ignore[type-arg]
    """Its length is told by a slot, as of a type in C."""

    maxsize = 500


class Names:
    """A class in Python: its code is read instead, and its methods are not called."""

    maxsize = 500

    def __len__(self) -> int:
        raise AssertionError("it was called")


PRICES = Prices("q", range(100))
UNBOUNDED = array("q", range(100))
NAMES = Names()


def test_what_grows_is_told_with_its_bound_and_what_holds_it() -> None:
    first = sized.take({"budget": PATIENT})["collections"]
    (prices,) = [one for one in first if one["type"].endswith("Prices")]
    assert (prices["length"], prices["bound"], prices["previous"]) == (100, 500, None)
    assert "path" not in prices
    PRICES.extend(range(50))
    again = sized.take({"before": first, "budget": PATIENT})["collections"]
    (prices,) = [one for one in again if one["type"].endswith("Prices")]
    assert (prices["length"], prices["previous"]) == (150, 100)
    assert 'module global "PRICES"' in prices["path"]


def test_what_has_no_bound_or_is_written_in_python_is_left_alone() -> None:
    found = {one["id"] for one in sized.take({"budget": PATIENT})["collections"]}
    assert found.isdisjoint({id(UNBOUNDED), id(NAMES)})
