"""What the agent takes from the collector."""

import _asyncio
import gc

from tsprof.agent import heap


def test_a_module_shows_its_namespace_and_nothing_of_its_own() -> None:
    inner = [object()]
    found = heap.referents(inner, _asyncio, (gc,))
    assert {id(item) for item in found} == {id(inner[0]), id(vars(_asyncio)), id(gc)}
