"""The language of ``TRUTHSYNC_FAULTS``: ``name:number[:number]``, separated by commas."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from truthsync.errors import SettingsError

# Digits are limited because a Fraction of "1e-999999999" would take all memory.
_NUMBER = re.compile(r"[0-9]{1,12}(\.[0-9]{1,12})?")


@dataclass(frozen=True)
class Parameter:
    """One number of a fault, with its limits."""

    name: str
    least: Fraction
    most: Fraction
    default: Fraction | None = None
    """None where the number must be given."""
    whole: bool = True


_RATE = Parameter("rate", Fraction(1, 10**9), Fraction(1), whole=False)
_SIZE = Parameter("size", Fraction(16), Fraction(10_000_000), Fraction(300))
_SECONDS = Parameter("seconds", Fraction(1, 100), Fraction(86_400), Fraction(30), whole=False)

FAULTS: Mapping[str, tuple[Parameter, ...]] = {
    "list": (_RATE, _SIZE),
    "callbacks": (_RATE, _SIZE),
    "dict": (_RATE, _SIZE),
    "tracebacks": (_RATE, _SIZE),
    "cycle": (_RATE, _SIZE),
    "native": (_RATE, _SIZE),
    "fd": (_RATE,),
    "thread": (_RATE,),
    "task": (_RATE,),
    "latency": (
        _RATE,
        Parameter("microseconds", Fraction(1), Fraction(1_000_000), Fraction(10)),
    ),
    "reserve": (_RATE,),
    "lru": (_RATE, Parameter("entries", Fraction(1), Fraction(10_000_000), Fraction(50_000))),
    "job": (
        _SECONDS,
        Parameter("bytes", Fraction(1_000), Fraction(2_000_000_000), Fraction(50_000_000)),
    ),
    "ttl": (_RATE, _SECONDS),
    "lazy": (Parameter("requests", Fraction(1), Fraction(10**12), Fraction(1_000)),),
}
"""Every fault and look-alike, with its numbers in the order in which they are written."""


@dataclass(frozen=True)
class FaultSpecification:
    """A fault as it was asked for."""

    name: str
    numbers: Mapping[str, Fraction]
    """The parameters by name: all that ``FAULTS`` lists, defaults filled in."""

    @property
    def rate(self) -> Fraction:
        """Events per request; 0 for a fault that does not count events."""
        return self.numbers.get("rate", Fraction(0))


def parse_faults(text: str) -> tuple[FaultSpecification, ...]:
    """Read a comma list of faults, such as ``list:0.1:300,fd:0.01``.

    Raises:
        SettingsError: An unknown or repeated name, or a number that is missing, malformed or
            outside its limits. The message names what is known.
    """
    specifications = tuple(_parse_fault(part.strip()) for part in text.split(",") if part.strip())
    names = [specification.name for specification in specifications]
    for name in names:
        if names.count(name) > 1:
            raise SettingsError(f"TRUTHSYNC_FAULTS has {name!r} more than once")
    return specifications


def usage(name: str) -> str:
    """Return how a fault is written, such as ``list:rate[:size]``."""
    numbers = (
        f":{parameter.name}" if parameter.default is None else f"[:{parameter.name}]"
        for parameter in FAULTS[name]
    )
    return name + "".join(numbers)


def _parse_fault(text: str) -> FaultSpecification:
    name, *values = (value.strip() for value in text.split(":"))
    if name not in FAULTS:
        known = ", ".join(map(usage, FAULTS))
        raise SettingsError(f"TRUTHSYNC_FAULTS: unknown fault {name[:40]!r}; known are {known}")
    parameters = FAULTS[name]
    if len(values) > len(parameters):
        raise SettingsError(f"TRUTHSYNC_FAULTS: {text[:60]!r} has too many numbers: {usage(name)}")
    given = dict(zip((parameter.name for parameter in parameters), values, strict=False))
    return FaultSpecification(
        name,
        {
            parameter.name: _parse_number(name, parameter, given.get(parameter.name))
            for parameter in parameters
        },
    )


def _parse_number(name: str, parameter: Parameter, text: str | None) -> Fraction:
    if text is None:
        if parameter.default is None:
            raise SettingsError(
                f"TRUTHSYNC_FAULTS: {name!r} needs its {parameter.name}: {usage(name)}"
            )
        return parameter.default
    kind = "a whole number" if parameter.whole else "a number"
    number = Fraction(text) if _NUMBER.fullmatch(text) else None
    if (
        number is None
        or not parameter.least <= number <= parameter.most
        or (parameter.whole and number.denominator != 1)
    ):
        raise SettingsError(
            f"TRUTHSYNC_FAULTS: {parameter.name} of {name!r} must be {kind} from"
            f" {float(parameter.least):.9g} to {float(parameter.most):.12g}, not {text[:40]!r}"
            f" ({usage(name)})"
        )
    return number
