# ruff: noqa: TRY004 - pydantic turns a ValueError into a message, and lets a TypeError through
"""What single configuration values may look like; each function takes a value as TOML gives it.

Each returns the value in the form that the program works with, or raises ``ValueError`` with a
message that reads well after the key's name.
"""

import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tsprof.errors import UsageError
from tsprof.units import parse_duration

LONGEST_DURATION = 366 * 86400.0
"""Seconds: a year. A larger number is a slip of the unit."""
SHELL_WORDS = frozenset({"&&", "||", "|", ";", "&", "<", ">", ">>", "2>&1"})
"""Words that mean something to a shell only."""
_METHOD = re.compile(r"([A-Za-z]+)\s+/")
_NAME = re.compile(r"[a-z][a-z0-9_]*")


def duration(value: Any) -> float:
    """Seconds, more than zero: see ``tsprof.units.parse_duration``."""
    seconds = parsed(parse_duration, value)
    if not 0 < seconds <= LONGEST_DURATION:
        raise ValueError(f"must be more than 0 and at most a year, not {value!r}")
    return seconds


def pause(value: Any) -> float:
    """Seconds, zero for none."""
    return 0.0 if parsed(parse_duration, value) == 0 else duration(value)


def hours(value: Any) -> float:
    """Seconds, from a number of hours or a text with its own unit."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return duration(value * 3600)
    return duration(value)


def command(value: Any) -> tuple[str, ...]:
    """A program and its arguments, from a list, or from a text that is split as a shell would."""
    if isinstance(value, str):
        try:
            words = shlex.split(value)
        except ValueError as error:
            raise ValueError(f"cannot be split into words ({error}): {value!r}") from None
        shell = next((word for word in words if word in SHELL_WORDS), None)
        if shell:
            raise ValueError(
                f"runs without a shell, so {shell!r} would be an argument; "
                'write ["sh", "-c", "..."] if you need one'
            )
    else:
        words = list(texts(value))
    if not words or not words[0].strip():
        raise ValueError("is empty; it names a program and its arguments")
    if any("\0" in word for word in words):
        raise ValueError("holds a NUL character, which no program can be given")
    if re.match(r"[A-Za-z_]\w*=", words[0]):
        variable = words[0].split()[0]
        raise ValueError(
            f"begins with {variable!r}; no shell reads it: "
            f"give --env {variable}, or env in the file"
        )
    return tuple(words)


def texts(value: Any) -> tuple[str, ...]:
    """One text, or a list of them."""
    items = (value,) if isinstance(value, str) else value
    if not isinstance(items, list | tuple) or not all(isinstance(item, str) for item in items):
        raise ValueError(f"must be a text or a list of texts, not {value!r:.60}")
    return tuple(items)


def environment(value: Any) -> dict[str, str]:
    """Variables and their values; numbers are taken as they are written."""
    if not isinstance(value, dict):
        raise ValueError('must be a table, such as { DEBUG = "0" }')
    for name, content in value.items():
        if not name or "=" in name or "\0" in name:
            raise ValueError(f"{name!r} cannot be the name of a variable")
        if isinstance(content, bool) or not isinstance(content, str | int | float):
            raise ValueError(f"{name} must be a text, not {content!r:.60}")
        if "\0" in str(content):
            raise ValueError(f"{name} holds a NUL character")
    return {name: str(content) for name, content in value.items()}


def path(value: Any) -> Path:
    """A path; ``~`` is the home folder."""
    if not isinstance(value, str | Path) or not str(value).strip() or "\0" in str(value):
        raise ValueError(f"must be a path, not {value!r:.60}")
    return Path(value).expanduser()


def ready(value: Any) -> str:
    """When the target is ready: ``tcp``, ``log:REGEX``, or a URL or path that answers."""
    if not isinstance(value, str):
        raise ValueError(f"must be a text, not {value!r:.60}")
    if value.startswith("log:"):
        pattern = value.removeprefix("log:")
        if not pattern:
            raise ValueError("has no pattern after log:")
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"has a wrong regular expression, {pattern!r}: {error}") from None
        return value
    if value == "tcp" or value.startswith("/"):
        return value
    if value.startswith(("http://", "https://")):
        _web_address(value)
        return value
    raise ValueError(f'must be "tcp", "log:REGEX", a URL or a path such as "/ready", not {value!r}')


def url_paths(value: Any) -> tuple[str, ...]:
    """Paths to request with GET, each with its leading slash."""
    paths = texts(value)
    if not paths:
        raise ValueError('is empty; name a path such as "/"')
    for item in paths:
        if "://" in item:
            raise ValueError(
                f"takes a path such as /items, not {item!r}; the server goes into host (--host)"
            )
        if method := _METHOD.match(item):
            raise ValueError(
                f"takes a path such as /items, and sends GET: {method[1]} needs a Locust file "
                "(the README has one)"
            )
        if not item.startswith("/"):
            raise ValueError(f"must begin with a slash: write {'/' + item!r}, not {item!r}")
        if not item.isprintable() or " " in item or "#" in item:
            raise ValueError(f"{item!r} holds a character that must be percent-encoded in a URL")
    return paths


def host(value: Any) -> str:
    """Where the target serves, such as ``http://127.0.0.1:{port}``."""
    if not isinstance(value, str):
        raise ValueError(f"must be a text, not {value!r:.60}")
    parts = _web_address(value)
    if parts.query or parts.fragment:
        raise ValueError(f"must not have a query or fragment: {value!r}")
    return value.rstrip("/")


def _web_address(value: str) -> Any:
    example = "http://127.0.0.1:{port}"
    try:
        parts = urlsplit(value.replace("{port}", "1"))
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not value.isprintable() or " " in value:
        raise ValueError(f"must be a URL such as {example}, not {value!r:.60}")
    return parts


def word(value: Any) -> str:
    """A name in lower case, such as a profiler's."""
    if not isinstance(value, str) or not _NAME.fullmatch(value.replace("-", "_")):
        raise ValueError(f"must be a name such as memray, not {value!r:.60}")
    return value


def gauge_addresses(value: Any) -> tuple[str, ...]:
    """Where the target tells of itself: paths, or URLs where it does so at another port."""
    addresses = texts(value)
    for address in addresses:
        if address.startswith(("http://", "https://")):
            _web_address(address)
        else:
            url_paths((address,))
    return tuple(dict.fromkeys(addresses))


def parsed(parse: Callable[[str | float], float], value: Any) -> float:
    """What a parser of ``tsprof.units`` makes of it."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"must be a number or a text, not {value!r:.60}")
    try:
        return parse(value)
    except UsageError as error:
        raise ValueError(f"{error}; {error.hint}") from None
