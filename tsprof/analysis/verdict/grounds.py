"""The grounds of a verdict: reasons to fail or to doubt, each with the advice that goes with it."""

from dataclasses import dataclass, field


@dataclass
class Grounds:
    """Reasons as they are found; the gravest verdict that has any wins."""

    failures: list[tuple[str, str]] = field(default_factory=list)
    doubts: list[tuple[str, str]] = field(default_factory=list)

    def fail(self, reason: str, advice: str = "") -> None:
        """Add a reason to fail."""
        self.failures.append((reason, advice))

    def doubt(self, reason: str, advice: str = "") -> None:
        """Add a reason why the run cannot tell."""
        self.doubts.append((reason, advice))
