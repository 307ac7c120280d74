"""Call stacks in the forms that other viewers read: speedscope's JSON and folded stacks."""

import json
from typing import Any

from tsprof.report.text import clean
from tsprof.stacks import Frame, StackProfile

_SCHEMA = "https://www.speedscope.app/file-format-schema.json"


def speedscope_json(profile: StackProfile, name: str) -> str:
    """The profile in speedscope's file format, as one sampled profile.

    Args:
        profile: what was seen. Samples are told in seconds of CPU time where that is known.
        name: under which speedscope shows it.
    """
    unit, scale = "none", 1.0
    if profile.unit == "bytes":
        unit = "bytes"
    elif profile.cpu_seconds and profile.total:
        unit, scale = "seconds", profile.cpu_seconds / profile.total
    stacks = [stack for stack in profile.stacks if stack.frames]
    weights = [stack.weight * scale for stack in stacks]
    content = {
        "$schema": _SCHEMA,
        "exporter": "tsprof",
        "name": clean(name),
        "activeProfileIndex": 0,
        "shared": {"frames": [_speedscope_frame(frame) for frame in profile.frames]},
        "profiles": [
            {
                "type": "sampled",
                "name": clean(name),
                "unit": unit,
                "startValue": 0,
                "endValue": sum(weights),
                "samples": [stack.frames for stack in stacks],
                "weights": weights,
            }
        ],
    }
    return json.dumps(content, separators=(",", ":")) + "\n"


def _speedscope_frame(frame: Frame) -> dict[str, Any]:
    known = {"name": clean(frame.function), "file": clean(frame.file), "line": frame.line}
    return {key: value for key, value in known.items() if key == "name" or value}


def folded(profile: StackProfile) -> str:
    """The profile as folded stacks, outermost frame first: ``a;b;c 12``, one stack a line."""
    names = [_folded_name(frame) for frame in profile.frames]
    return "".join(
        f"{';'.join(names[place] for place in stack.frames)} {stack.weight:.15g}\n"
        for stack in profile.stacks
        if stack.frames
    )


def _folded_name(frame: Frame) -> str:
    """Function and place, without the character that ends a name."""
    place = f" ({frame.file}{f':{frame.line}' if frame.line else ''})" if frame.file else ""
    return clean(f"{frame.function}{place}").replace(";", ",")
