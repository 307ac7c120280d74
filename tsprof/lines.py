"""What a line profiler saw: costs by line of the user's own code."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LineCost:
    """A line of source code and what it took, with all that it called in the code of others."""

    number: int
    """Counted from 1."""
    text: str
    python: float = 0.0
    """Share of the time, 0 to 1, that the interpreter spent on it."""
    native: float = 0.0
    """Share of the time in native code."""
    system: float = 0.0
    """Share of the time in the system, or waiting."""
    allocated: float = 0.0
    """Bytes that it allocated in all, whether they stayed or not."""
    copied: float = 0.0
    """Bytes that it copied in all."""

    @property
    def time(self) -> float:
        """Share of the time in all, 0 to 1."""
        return self.python + self.native + self.system


@dataclass(frozen=True, kw_only=True)
class SourceFile:
    """A source file of the user's."""

    path: str
    lines: tuple[LineCost, ...]
    """Those that took something and some around them, by number."""

    @property
    def time(self) -> float:
        """Share of the time of all its lines, 0 to 1."""
        return sum(line.time for line in self.lines)


@dataclass(frozen=True, kw_only=True)
class LineProfile:
    """What was seen of a target under load."""

    files: tuple[SourceFile, ...]
    """Those with the most time first."""
    requests: int
    seconds: float
    """For how long there was load."""
    usual_rate: float
    """Requests per second of the target by itself; 0 when not known."""
