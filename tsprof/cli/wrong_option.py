"""What to say to an option that a command does not have."""

from collections.abc import Sequence
from difflib import get_close_matches

import click

_NEAR = 0.75
"""Likeness from which an option was misspelt: ``--max-tme`` has 0.94 of ``--max-time``, but
``--header`` 0.67 of ``--ready``."""
_ALSO_CALLED = {"--duration": ("--max-time", "--hours"), "--timeout": ("--max-time",)}
"""Names of other programs, and what to look for among the command's own."""
_OF_REQUESTS = frozenset(
    {"--header", "--headers", "-H", "--method", "--request", "-X", "--data", "-d", "--body"}
)
"""How other programs are told what to send besides a plain GET."""

_TYPES = {"a valid float range": "a number", "a valid integer range": "a whole number"}
"""What click calls the type of a value, and what people do."""


def plain(text: str) -> str:
    """Return a message of click's without its names of types."""
    for name, word in _TYPES.items():
        text = text.replace(f"is not {name}.", f"is not {word}.")
    return text


def message(error: click.NoSuchOption) -> str:
    """Name the option, and the command's own that was meant where one surely was."""
    known = _options(error)
    meant = [name for name in _ALSO_CALLED.get(error.option_name, ()) if name in known]
    meant = meant[:1] or get_close_matches(error.option_name, known, n=1, cutoff=_NEAR)
    if error.option_name in _OF_REQUESTS or not meant:
        return error.message
    return f"{error.message} Did you mean {meant[0]!r}?"


def advice(error: click.NoSuchOption, command: str) -> str:
    """Say how to do what the option was for, or where options go; empty where that is not known.

    Args:
        error: names the option.
        command: what was typed before the options.
    """
    if error.option_name in _OF_REQUESTS and "--url" in _options(error):
        return (
            "--url sends a plain GET; another method, headers or a body need a Locust file "
            "(the README has one)"
        )
    if error.ctx is not None and any(p.name == "command" for p in error.ctx.command.params):
        return f"options of your own program go after --; {command} --help lists ours"
    return ""


def _options(error: click.NoSuchOption) -> Sequence[str]:
    parameters = error.ctx.command.params if error.ctx is not None else []
    return [name for parameter in parameters for name in parameter.opts if name.startswith("--")]
