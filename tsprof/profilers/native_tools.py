"""What follows a native program's leak to its function: other tools, started by hand."""

import shutil

COMMANDS = {
    "heaptrack": "heaptrack COMMAND",
    "valgrind": "valgrind --leak-check=full --trace-children=yes COMMAND",
}
"""The tool's name, which is its package's, and how it is started."""


def advice() -> str:
    """Say what to run on this machine with the target's command."""
    tool = next(filter(shutil.which, COMMANDS), None)
    call = COMMANDS[tool or "heaptrack"]
    install = "" if tool else f" (apt install {' or '.join(COMMANDS)})"
    return (
        "which function of a native program allocates what grows is not followed; to see it, "
        f"start the target's command by hand, put it under load, and stop it: {call}{install}"
    )
