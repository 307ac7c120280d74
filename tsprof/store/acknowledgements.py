"""The file of acknowledged findings, which people write and keep beside their code."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field, StringConstraints, ValidationError
from pydantic_core import ErrorDetails

from tsprof.analysis.comparison.acknowledgements import Acknowledgement
from tsprof.config.files import read_toml
from tsprof.config.problems import complaint, suggestion
from tsprof.errors import UsageError

DEFAULT_FILE = Path(".tsprof-acknowledged.toml")
TABLE = "acknowledged"
_SUBJECTS = ("finding", "site", "holder")


def _day(value: Any) -> date:
    try:
        day = date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        day = None
    if type(day) is not date:  # a date with a time is one, too
        raise ValueError(f"must be a day such as 2026-12-31, not {value!r:.60}")
    return day


_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]


class _Entry(BaseModel, extra="forbid", strict=True):
    finding: _Text | None = None
    site: _Text | None = None
    holder: _Text | None = None
    owner: _Text
    reason: _Text
    expires: Annotated[date, BeforeValidator(_day)]


class _File(BaseModel, extra="forbid"):
    acknowledged: list[_Entry] = Field(default=[])


def read_acknowledgements(file: Path) -> tuple[Acknowledgement, ...]:
    """Read the acknowledged findings.

    Raises:
        UsageError: the file cannot be read or says something wrong; one line for each problem.
    """
    content = read_toml(file, hint="--acknowledged names another file")
    try:
        entries = _File.model_validate(content).acknowledged
    except ValidationError as error:
        problems = [_sentence(p, file) for p in error.errors(include_url=False)]
    else:
        problems = list(_ambiguous(entries, file))
    if problems:
        raise UsageError(
            "\n".join(dict.fromkeys(problems)), hint="docs/configuration.md shows an entry"
        )
    return tuple(Acknowledgement(**entry.model_dump()) for entry in entries)


def _ambiguous(entries: list[_Entry], file: Path) -> Iterator[str]:
    for number, entry in enumerate(entries, start=1):
        given = [name for name in _SUBJECTS if getattr(entry, name) is not None]
        if len(given) != 1:
            said = f"both {' and '.join(given)}" if given else "none"
            yield (
                f"{file}: entry {number} must have one of {', '.join(_SUBJECTS[:-1])} and "
                f"{_SUBJECTS[-1]}, not {said}"
            )


def _sentence(problem: ErrorDetails, file: Path) -> str:
    table, number, key = (*problem["loc"], None, None, None)[:3]
    if number is None:
        return f"{file}: {_about_the_file(problem, str(table))}"
    what = f"{file}: entry {int(number) + 1}"
    if key is None:
        return f"{what} must be a table, written [[{TABLE}]]"
    match problem["type"]:
        case "extra_forbidden":
            known = {name: repr(name) for name in _Entry.model_fields}
            return f"{what} has no key {key!r}{suggestion(str(key), known)}"
        case "missing":
            return f"{what} lacks {key!r}"
        case "string_too_short":
            return f"{what}: {key} is empty"
    return complaint(problem, f"{what}: {key}")


def _about_the_file(problem: ErrorDetails, table: str) -> str:
    if problem["type"] != "extra_forbidden":
        return f"{TABLE} must be a list of tables, each written [[{TABLE}]]"
    near = suggestion(table, {TABLE: f"[[{TABLE}]]"})
    return f"there is no table [[{table}]]{near or f'; write [[{TABLE}]]'}"
