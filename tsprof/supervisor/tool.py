"""What a target is run under: a program in front of its command, a library in front of its own."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Tool:
    """A tool that must be there from a target's start."""

    prefix: tuple[str, ...] = ()
    """The words of the command that runs it, such as valgrind with its options."""
    preload: str = ""
    """A library for LD_PRELOAD."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """For the environment."""
    slowdown: float = 1.0
    """Times as long as by itself that the target may take to start, or to answer."""
    agent: bool = True
    """Whether there is an agent in the target; a tool would look at it as well."""


NONE = Tool()
"""The target by itself."""
