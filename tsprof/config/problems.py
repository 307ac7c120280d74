"""Pydantic's errors in the words of a configuration file."""

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from tsprof.config.model import Settings
from tsprof.config.table import Table
from tsprof.errors import UsageError

_MUST_BE = {
    "bool_type": "must be true or false",
    "dict_type": "must be a table",
    "float_type": "must be a number",
    "int_type": "must be a whole number",
    "model_type": "must be a table",
    "string_type": "must be a text",
    "finite_number": "must be a finite number",
    "greater_than": "must be more than {gt:,.10g}",
    "greater_than_equal": "must be at least {ge:,.10g}",
    "less_than_equal": "must be at most {le:,.10g}",
}
_LONGEST_VALUE = 60
"""Characters of a wrong value that a message repeats."""


def validated(raw: Mapping[str, Any], name: Callable[[str, str], str]) -> Settings:
    """Read settings from the plain data of a file or of the command line.

    Args:
        raw: tables by name, as TOML gives them.
        name: says what a table (first argument) and one of its keys (second, or an empty text for
            the table itself) are called where they come from.

    Raises:
        UsageError: something in it is wrong; one line for each problem.
    """
    try:
        return Settings.model_validate(raw)
    except ValidationError as error:
        problems = error.errors(include_url=False)
    raise UsageError("\n".join(dict.fromkeys(_sentence(problem, name) for problem in problems)))


def keys(table: str) -> list[str]:
    """Return the keys that a table may have, as they are written in a file."""
    model = Settings.model_fields[table].annotation if table else None
    if not (isinstance(model, type) and issubclass(model, Table)):
        return []
    names = [field.alias or key for key, field in model.model_fields.items()]
    return [*names, "hours"] if table == "endurance" else names


def _sentence(problem: ErrorDetails, name: Callable[[str, str], str]) -> str:
    table, key = [str(part) for part in (*problem["loc"], "", "")][:2]
    if problem["type"] == "extra_forbidden":
        return _unknown(table, key, name)
    return complaint(problem, name(table, key))


def complaint(problem: ErrorDetails, what: str) -> str:
    """Say what is wrong with a value.

    Args:
        problem: as pydantic tells it.
        what: the value's name where it comes from.
    """
    if problem["type"] == "value_error":
        return f"{what} {problem['ctx']['error']}"
    form = _MUST_BE.get(problem["type"])
    must_be = form.format(**problem.get("ctx", {})) if form else problem["msg"]
    value = repr(problem["input"])
    if len(value) > _LONGEST_VALUE:
        value = value[:_LONGEST_VALUE] + "..."
    return f"{what} {must_be}, not {value}"


def _unknown(table: str, key: str, name: Callable[[str, str], str]) -> str:
    if key:
        return f"{name(table, '')} has no key {key!r}{suggestion(key, _elsewhere(table))}"
    tables = {known: f"[{known}]" for known in Settings.model_fields}
    known = _elsewhere("") | tables
    return f"{name('', '')}there is no table [{table}]{suggestion(table, known)}"


def _elsewhere(table: str) -> dict[str, str]:
    """Every known key with what to call it for a reader who stands in ``table``."""
    names = {known: repr(known) for known in keys(table)}
    for home in Settings.model_fields:
        for known in keys(home):
            names.setdefault(known, f"{known!r} in [{home}]")
    return names


def suggestion(written: str, known: Mapping[str, str]) -> str:
    """Name the nearest known word, to follow a message; empty where none is near.

    Args:
        written: what was written.
        known: by word, what to call it.
    """
    close = get_close_matches(written.lower().replace("-", "_"), known, n=1)
    return f"; did you mean {known[close[0]]}?" if close else ""
