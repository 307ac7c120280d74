"""From which line of Python the native code is called that allocates what stays."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import pytest

from tsprof.analysis.attribution.captures import CaptureDigest, NativeFrame, StackSurvivors
from tsprof.analysis.attribution.native_callers import with_python_callers
from tsprof.stacks import Frame

MODULE = "/v/site-packages/fast.so"
SOURCE = "/build/fast.c"
START = Frame("0x7f01", "/lib/libc.so.6")
HANDLE = Frame("handle", "/srv/app.py", 9)
ENCODE = Frame("encode", "/srv/app.py", 20)
RARELY = Frame("rarely", "/srv/app.py", 30)


def digest(function: str, file: str = MODULE, *, requests: int = 4) -> CaptureDigest:
    """A record of two blocks: what the interpreter called is the outermost of two functions."""
    native = (
        NativeFrame(function="allocate", file=file, line=0, module=MODULE),
        NativeFrame(function=function, file=file, line=0, module=MODULE),
    )
    numbers = dict.fromkeys(
        ("early_bytes", "early_blocks", "late_bytes", "late_blocks", "mark_bytes", "mark_blocks"), 1
    )
    stack = StackSurvivors(frames=(), kind="native", native=native, **numbers)
    return CaptureDigest(
        method="heaptrack", requests_early=1, requests_total=requests, stacks=(stack,)
    )


def native(function: str, file: str = MODULE) -> Frame:
    return Frame(function, file)


@pytest.mark.parametrize(
    ("record", "inner"),
    [
        (digest("dumps"), [native("dumps"), native("allocate")]),
        (digest("dumps", SOURCE), [native("dumps", SOURCE)]),
    ],
)
def test_the_commonest_way(record: CaptureDigest, inner: Sequence[Frame]) -> None:
    samples = {
        (START, HANDLE, ENCODE, *inner): 5.0,
        (START, HANDLE, RARELY, *inner): 2.0,
        (START, HANDLE, ENCODE): 100.0,
        (START, RARELY, native("another")): 50.0,
    }
    (stack,) = with_python_callers(record, samples).stacks
    assert stack.frames == (("encode", "/srv/app.py", 20), ("handle", "/srv/app.py", 9))


@pytest.mark.parametrize("function", ["fast.so+0x1111", "dumps"])
@pytest.mark.parametrize(("origin", "named"), [("application", True), ("dependency", False)])
def test_what_all_ways_to_a_module_share(
    function: str, origin: Literal["application", "dependency"], *, named: bool
) -> None:
    handle = replace(HANDLE, origin=origin)
    inner = [replace(frame, origin="dependency") for frame in (ENCODE, RARELY)]
    samples = {
        (START, handle, inner[0], native("0x7f0011")): 5.0,
        (START, replace(handle, line=10), inner[1], native("loads")): 2.0,
        (START, inner[1], native("other", "/v/else.so")): 100.0,
    }
    (stack,) = with_python_callers(digest(function), samples).stacks
    assert stack.frames == ((("handle", "/srv/app.py", 9),) if named else ())
    rare = digest(function, requests=11)
    assert with_python_callers(rare, samples) == rare


@pytest.mark.parametrize(
    "samples",
    [
        {},
        {(START, HANDLE, native("dumps", "/v/else.so")): 3.0},  # another module
        {(START, native("dumps")): 3.0},  # in a thread without Python
        {(HANDLE, native("loads", "/v/else.so"), native("dumps")): 3.0},  # not by Python
        {(HANDLE, native("loads")): 3.0, (RARELY, native("loads")): 3.0},  # nothing is shared
    ],
)
def test_a_way_that_is_not_known(samples: dict[tuple[Frame, ...], float]) -> None:
    record = digest("dumps")
    assert with_python_callers(record, samples) == record
