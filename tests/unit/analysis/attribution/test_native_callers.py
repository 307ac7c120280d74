"""From which line of Python the native code is called that allocates what stays."""

from collections.abc import Sequence

import pytest

from tsprof.analysis.attribution.captures import CaptureDigest, NativeFrame, StackSurvivors
from tsprof.analysis.attribution.native_callers import with_callers
from tsprof.stacks import Frame

MODULE = "/v/site-packages/fast.so"
SOURCE = "/build/fast.c"
START = Frame("0x7f01", "/lib/libc.so.6")
HANDLE = Frame("handle", "/srv/app.py", 9)
ENCODE = Frame("encode", "/srv/app.py", 20)
RARELY = Frame("rarely", "/srv/app.py", 30)


def digest(function: str, file: str = MODULE) -> CaptureDigest:
    """A record with one stack: what the interpreter called is the outermost of two functions."""
    native = (
        NativeFrame(function="allocate", file=file, line=0, module=MODULE),
        NativeFrame(function=function, file=file, line=0, module=MODULE),
    )
    numbers = dict.fromkeys(
        ("early_bytes", "early_blocks", "late_bytes", "late_blocks", "mark_bytes", "mark_blocks"), 1
    )
    stack = StackSurvivors(frames=(), kind="native", native=native, **numbers)
    return CaptureDigest(method="heaptrack", requests_early=1, requests_total=2, stacks=(stack,))


def native(function: str, file: str = MODULE) -> Frame:
    return Frame(function, file)


@pytest.mark.parametrize(
    ("record", "inner"),
    [
        (digest("dumps"), [native("dumps"), native("allocate")]),
        (digest("dumps", SOURCE), [native("dumps", SOURCE)]),
        (digest("fast.so+0x1111"), [native("0x7f0011")]),
    ],
)
def test_the_commonest_way(record: CaptureDigest, inner: Sequence[Frame]) -> None:
    samples = {
        (START, HANDLE, ENCODE, *inner): 5.0,
        (START, HANDLE, RARELY, *inner): 2.0,
        (START, HANDLE, ENCODE): 100.0,
        (START, RARELY, native("other", "/v/else.so"), ENCODE): 100.0,
    }
    if "+" not in record.stacks[0].native[-1].function:
        samples[START, RARELY, native("another")] = 50.0
    (stack,) = with_callers(record, samples).stacks
    assert stack.frames == (("encode", "/srv/app.py", 20), ("handle", "/srv/app.py", 9))


@pytest.mark.parametrize(
    "samples",
    [
        {},
        {(START, HANDLE, native("loads")): 3.0},  # another function of the module
        {(START, native("dumps")): 3.0},  # in a thread without Python
        {(HANDLE, native("loads"), native("dumps")): 3.0},  # not by Python
    ],
)
def test_a_way_that_is_not_known(samples: dict[tuple[Frame, ...], float]) -> None:
    record = digest("dumps")
    assert with_callers(record, samples) == record
