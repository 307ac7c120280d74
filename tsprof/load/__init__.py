"""Load: Locust in a process of its own, behind a gate that admits counted requests.

``from tsprof.load import LeanHttpUser`` gives Locust files a user that costs little CPU.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tsprof.load.lean.user import LeanHttpUser

__all__ = ["LeanHttpUser"]


def __getattr__(name: str) -> Any:
    """Import the user when it is asked for: Locust patches the standard library."""
    if name == "LeanHttpUser":
        from tsprof.load.lean.user import LeanHttpUser  # noqa: PLC0415

        return LeanHttpUser
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
