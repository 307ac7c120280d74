"""Fabricated call stacks of a small service."""

from collections.abc import Mapping
from typing import Any

from tsprof.report.model import HotChange
from tsprof.stacks import Frame, Stack, StackProfile

HOSTILE = (
    "</script><script>document.title='owned'</script><img src=x onerror=\"alert(1)\">&;\x1b[31m"
)

FRAMES = {
    "serve": Frame("serve", "/venv/site-packages/server/loop.py", 7, "dependency", "server 1.2"),
    "verify": Frame("verify", "/srv/app/views.py", 20),
    "score": Frame("score", "/srv/app/score.py", 31),
    "dumps": Frame("dumps", "/usr/lib/python3.11/json/__init__.py", 231, "interpreter"),
    "send": Frame("send", "/lib/libc.so.6", 0, "native", "libc.so.6"),
    "audit": Frame("audit", "/srv/app/audit.py", 3),
}


def profile(weights: Mapping[str, float], **known: Any) -> StackProfile:
    """A profile from folded stacks of the names above, or of others of the application."""
    frames = dict(FRAMES)
    stacks = []
    for names, weight in weights.items():
        for name in names.split(";"):
            frames.setdefault(name, Frame(name, "/srv/app/more.py", 1))
        places = tuple(list(frames).index(name) for name in names.split(";"))
        stacks.append(Stack(places, weight))
    return StackProfile(
        **{"unit": "samples", **known}, frames=tuple(frames.values()), stacks=tuple(stacks)
    )


def before() -> StackProfile:
    """10,000 requests of 1 ms: 2,000 samples of 5 ms."""
    weights = {
        "serve;verify;score": 800.0,
        "serve;verify;dumps": 600.0,
        "serve;send": 560.0,
        "serve;verify;audit": 40.0,
    }
    return profile(weights, requests=10_000, seconds=20.0, cpu_seconds=10.0)


def after() -> StackProfile:
    """20,000 requests, of which each took twice as long to score and half as long to dump."""
    weights = {
        "serve;verify;score": 3200.0,
        "serve;verify;dumps": 600.0,
        "serve;send": 1120.0,
    }
    return profile(weights, requests=20_000, seconds=40.0, cpu_seconds=24.6)


def changes() -> tuple[HotChange, ...]:
    """What the table lists of the difference between these two."""
    told = [("score", "app/score.py", 400.0, 800.0), ("verify", "views.py", 720.0, 950.0)]
    told.append(("dumps", "json/__init__.py", 300.0, 150.0))
    return tuple(
        HotChange(
            function=function,
            file=file,
            line=1,
            part="total" if function == "verify" else "own",
            before_us_per_request=was,
            after_us_per_request=now,
            change=now / was - 1,
            low=now / was - 1.1,
            high=now / was - 0.9,
        )
        for function, file, was, now in told
    )


def hostile() -> StackProfile:
    """A target whose names try to break out of whatever they are written into."""
    frame = Frame(HOSTILE, f"/srv/{HOSTILE}.py", 1, "application", HOSTILE)
    return StackProfile(unit="samples", frames=(frame,), stacks=(Stack((0, 0), 5.0),), requests=3)


def wide(stacks: int) -> StackProfile:
    """So many different stacks of one sample each, 30 frames deep, sharing what comes first."""
    frames = tuple(Frame(f"f{place}", f"/srv/app/m{place % 50}.py", place) for place in range(1000))
    depths = range(30)
    return StackProfile(
        unit="samples",
        frames=frames,
        stacks=tuple(
            Stack(tuple((number // 4 ** (29 - depth) + depth) % 1000 for depth in depths), 1.0)
            for number in range(stacks)
        ),
    )
