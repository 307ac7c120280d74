"""Cycles that only a forced collection finds, in words."""

import gc
from collections.abc import Iterator

import pytest

from tsprof.agent import garbage


class Claim:
    def __init__(self) -> None:
        self.parts = {"whole": self}


class Node:
    __slots__ = ("child", "parent")

    def __init__(self, parent: "Node | None" = None) -> None:
        self.parent = parent
        self.child = Node(self) if parent is None else None


class Finalized:
    runs = 0

    def __init__(self) -> None:
        self.me = self

    def __del__(self) -> None:
        type(self).runs += 1


@pytest.fixture(autouse=True)
def _no_other_garbage() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def fail() -> None:
    try:
        {}["lost"]
    except KeyError as error:
        kept = error
        assert kept.__traceback__ is not None


def test_cycles_are_told_by_type_and_freed() -> None:
    for _ in range(3):
        Claim()
    for _ in range(5):
        Node()
    reply = garbage.take({})
    nodes, claims = reply["cycles"]
    assert (nodes["type"], nodes["count"]) == (f"{__name__}.Node", 10)
    assert nodes["cycle"] in (
        "Node.child -> Node.parent -> Node",
        "Node.parent -> Node.child -> Node",
    )
    assert (claims["type"], claims["count"]) == (f"{__name__}.Claim", 3)
    assert claims["cycle"] == 'Claim.parts -> dict["whole"] -> Claim'
    assert reply["objects"] >= 13
    assert garbage.take({}) == {"objects": 0, "cycles": []}
    assert gc.garbage == []
    assert gc.get_debug() == 0


def test_an_exception_that_its_own_frame_keeps() -> None:
    fail()
    (cycle,) = garbage.take({})["cycles"]
    assert 'local variable "kept" of fail' in cycle["cycle"]


def test_finalizers_run_once() -> None:
    Finalized()
    garbage.take({})
    gc.collect()
    assert Finalized.runs == 1
