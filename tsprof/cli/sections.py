"""Commands with many options list them in sections."""

from collections.abc import Callable
from functools import reduce
from typing import Any

import click

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

OWN = "Options"
"""The section of what belongs to no other."""
_ATTRIBUTE = "tsprof_section"


def together(*decorators: Decorator) -> Decorator:
    """One decorator that adds options in the order in which they are listed."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        return reduce(lambda inner, decorator: decorator(inner), reversed(decorators), function)

    return decorate


def section(title: str, *decorators: Decorator) -> Decorator:
    """One decorator that adds options, which help lists under a title."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        present = list(getattr(function, "__click_params__", ()))
        decorated = together(*decorators)(function)
        for parameter in getattr(decorated, "__click_params__", ()):
            if parameter not in present:
                setattr(parameter, _ATTRIBUTE, title)
        return decorated

    return decorate


class SectionedCommand(click.Command):
    """A command whose help lists its own options first, then those of each section."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, section by section in the order of their declaration."""
        sections: dict[str, list[tuple[str, str]]] = {OWN: []}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            # The usage line has the command; click 8.5 would list it among the options.
            if record is not None and isinstance(parameter, click.Option):
                sections.setdefault(getattr(parameter, _ATTRIBUTE, OWN), []).append(record)
        for title, records in sections.items():
            with formatter.section(title):
                formatter.write_dl(records)
