from dataclasses import replace
from typing import Any

import pytest

from tsprof.analysis.attribution.captures import (
    CaptureDigest,
    NativeFrame,
    PeakStack,
    StackSurvivors,
)
from tsprof.analysis.attribution.sites import Origin
from tsprof.analysis.attribution.survivors import peak_stacks, surviving_stacks

STORE = ("store", "/srv/app/cache.py", 12)
SERVE = ("serve", "/lib/site-packages/server.py", 3)


def origin_of(file: str) -> Origin:
    if "site-packages" in file:
        return Origin(kind="dependency", package="server 1.0")
    return Origin(kind="native" if file.endswith(".so") else "application")


def digest(*stacks: dict[str, Any], method: Any = "memray") -> CaptureDigest:
    sums = dict.fromkeys(("early", "late", "mark"), 0)
    return CaptureDigest(
        method=method,
        requests_early=100,
        requests_total=300,
        stacks=tuple(
            StackSurvivors(
                frames=stack.get("frames", (STORE, SERVE)),
                native=stack.get("native", ()),
                kind="small",
                **{f"{name}_bytes": stack.get(name, size) for name, size in sums.items()},
                **{f"{name}_blocks": 1 for name in sums},
            )
            for stack in stacks
        ),
    )


def test_what_the_early_part_left_is_shown_outermost_frame_first() -> None:
    profile = surviving_stacks([digest({"early": 700, "late": 1400})], origin_of)
    assert profile is not None
    [stack] = profile.stacks
    told = [
        (profile.frames[place].function, profile.frames[place].origin) for place in stack.frames
    ]
    assert told == [("serve", "dependency"), ("store", "application")]
    assert profile.frames[stack.frames[1]].line == 12
    assert (profile.unit, stack.weight, profile.requests) == ("bytes", 700.0, 100)


def test_what_was_replaced_meanwhile_is_not_shown() -> None:
    profile = surviving_stacks([digest({"early": 0, "late": 900, "mark": 900})], origin_of)
    assert profile is not None
    assert profile.stacks == ()


def test_the_processes_are_added_up() -> None:
    profile = surviving_stacks([digest({"early": 700}), digest({"early": 300})], origin_of)
    assert profile is not None
    assert [stack.weight for stack in profile.stacks] == [1000.0]


@pytest.mark.parametrize(("mark", "late", "left"), [(500, 900, 500), (500, 200, 200)])
def test_tracemalloc_tells_what_is_left_at_most(mark: int, late: int, left: int) -> None:
    profile = surviving_stacks(
        [digest({"mark": mark, "late": late}, method="tracemalloc")], origin_of
    )
    assert profile is not None
    assert profile.total == left


def test_native_code_is_named_by_its_shared_object() -> None:
    native = (NativeFrame(function="grow", file="grow.c", line=4, module="/lib/x/fast.so"),)
    profile = surviving_stacks([digest({"early": 1, "native": native})], origin_of)
    assert profile is not None
    innermost = profile.frames[profile.stacks[0].frames[-1]]
    assert (innermost.function, innermost.origin, innermost.package) == (
        "grow",
        "native",
        "fast.so",
    )


def test_without_a_window_there_is_nothing_to_show() -> None:
    assert surviving_stacks([], origin_of) is None


def test_the_peaks_of_the_processes_are_added_up() -> None:
    nowhere = PeakStack(frames=(), bytes=7)
    one = replace(digest(), peak=(PeakStack(frames=(STORE, SERVE), bytes=500), nowhere))
    profile = peak_stacks([one, one, digest()], origin_of)
    assert profile is not None
    [stack] = profile.stacks
    assert [profile.frames[place].function for place in stack.frames] == ["serve", "store"]
    assert profile.frames[stack.frames[0]].package == "server 1.0"
    assert (profile.unit, stack.weight) == ("bytes", 1000.0)
    assert peak_stacks([digest()], origin_of) is None
