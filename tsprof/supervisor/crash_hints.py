"""What to do about a target that failed at its start, read from the end of its output."""

import re
from collections.abc import Sequence

_HINTS = (
    (
        re.compile(r"(?:environ|<frozen os>|/os\.py)(?:.*\n)+?KeyError: '(\w+)'"),
        r"set it with --env \1=...",
    ),
    (
        re.compile(
            r"No module named '?\w|Error loading ASGI app\. Could not import|Could not import '"
        ),
        "is the module's name right, and is it installed? run tsprof in its folder, or use --cwd",
    ),
)


def crash_hint(output: Sequence[str], otherwise: str) -> str:
    """Return what to do.

    Args:
        output: the last lines that the target printed.
        otherwise: what to do where they name no reason that is known here.
    """
    text = "\n".join(output)
    for pattern, hint in _HINTS:
        if found := pattern.search(text):
            return found.expand(hint)
    return otherwise
