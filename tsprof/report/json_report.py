"""The report as JSON: the contract for scripts, documented in ``docs/report.md``."""

import json

import pydantic_core
from pydantic import ValidationError

from tsprof.errors import UsageError
from tsprof.report.model import SCHEMA_VERSION, Report
from tsprof.report.text import clean, printable


def render(report: Report) -> str:
    """The report as a JSON object in pure ASCII, indented, with a newline at its end.

    A number that is not finite is written as null, for which JSON has no better word. Values of
    the configuration that JSON does not know are written as their text.
    """
    strict = pydantic_core.to_json(
        printable(report), by_alias=True, inf_nan_mode="null", fallback=str
    )
    # Once more through the standard library, which can write pure ASCII.
    return json.dumps(json.loads(strict), indent=2, allow_nan=False) + "\n"


def parse(text: str | bytes, *, source: str = "the report") -> Report:
    """Read a report back.

    Args:
        text: what ``render`` wrote.
        source: what to call the input in an error message, such as the file's name.

    Raises:
        UsageError: the text is not JSON, not a report, or of another schema version.
    """
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(
            f"{source} is not valid JSON: {clean(str(error), 200)}",
            hint="give the file that --json FILE wrote",
        ) from error
    version = data.get("schema") if isinstance(data, dict) else None
    if version != SCHEMA_VERSION:
        raise UsageError(
            f"{source} is not a report of schema {SCHEMA_VERSION}"
            f" (its schema is {clean(repr(version), 80)})",
            hint="read it with the version of tsprof that wrote it, or run the scenario again",
        )
    try:
        return Report.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the top level"
        raise UsageError(
            f"{source} is not a report of schema {SCHEMA_VERSION}:"
            f" {clean(where, 120)}: {clean(first['msg'], 200)}",
            hint="give the file that --json FILE wrote, unchanged",
        ) from error
