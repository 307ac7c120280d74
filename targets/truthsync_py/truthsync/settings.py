"""The service's settings, read from the environment once at start-up."""

from collections.abc import Mapping
from dataclasses import dataclass

from truthsync.errors import SettingsError
from truthsync.faults.specification import FaultSpecification, parse_faults

MAX_CLAIM_CHARACTERS = 2_000


@dataclass(frozen=True)
class Settings:
    """What an operator can choose."""

    cache_size: int = 1_000
    """Results that the cache holds (CACHE_SIZE)."""
    batch_size: int = 100
    """Claims that one batch may hold (BATCH_SIZE)."""
    faults: tuple[FaultSpecification, ...] = ()
    """Faults to plant (TRUTHSYNC_FAULTS)."""

    @property
    def max_body_bytes(self) -> int:
        """The longest request body that can be valid.

        JSON may spend 12 bytes on a character (two escaped surrogates).
        """
        return 1_024 + self.batch_size * (MAX_CLAIM_CHARACTERS * 12 + 4)

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "Settings":
        """Read the settings from environment variables.

        Raises:
            SettingsError: A value is not what its variable takes.
        """
        return cls(
            cache_size=_count(environ, "CACHE_SIZE", default=cls.cache_size, most=10_000_000),
            batch_size=_count(environ, "BATCH_SIZE", default=cls.batch_size, most=10_000),
            faults=parse_faults(environ.get("TRUTHSYNC_FAULTS", "")),
        )


def _count(environ: Mapping[str, str], name: str, *, default: int, most: int) -> int:
    text = environ.get(name, "").strip()
    if not text:
        return default
    plain = text.isascii() and text.isdigit() and len(text) <= len(str(most))
    if not plain or not 1 <= int(text) <= most:
        raise SettingsError(f"{name} must be a whole number from 1 to {most}, not {text[:40]!r}")
    return int(text)
