"""The file of a baseline: written by one run, read by later ones."""

import json
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from tsprof.analysis.comparison.baseline import SCHEMA_VERSION, Baseline
from tsprof.errors import UsageError
from tsprof.report.text import clean

_LARGEST_FILE = 1 << 22
"""Bytes; a baseline is a few kilobytes."""
_SAVE = "--save-baseline FILE writes one"


def read_baseline(file: Path, scenario: str) -> Baseline:
    """Read a baseline.

    Args:
        file: what ``baseline_text`` made.
        scenario: the one that is to be compared with it.

    Raises:
        UsageError: the file cannot be read, is no baseline, is of a newer version or of another
            scenario.
    """
    try:
        with file.open("rb") as opened:
            content = opened.read(_LARGEST_FILE + 1)
    except OSError as error:
        raise UsageError(
            f"the baseline {file} cannot be read: {error.strerror}", hint=_SAVE
        ) from error
    baseline = _parsed(content, file)
    if baseline.scenario != scenario:
        raise UsageError(
            f"the baseline {file} is of {clean(baseline.scenario, 40)}, not of {scenario}",
            hint=f"tsprof {scenario} {_SAVE}",
        )
    return baseline


def _parsed(content: bytes, file: Path) -> Baseline:
    if len(content) > _LARGEST_FILE:
        raise UsageError(f"{file} is no baseline: it is too large", hint=_SAVE)
    try:
        data = json.loads(content)
        version = data["schema"] if isinstance(data, dict) and "schema" in data else None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{file} is no baseline: it is not JSON", hint=_SAVE) from error
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise UsageError(
            f"the baseline {file} was written by a newer tsprof (schema {version}, not "
            f"{SCHEMA_VERSION})",
            hint=f"use that version, or save a new one: {_SAVE}",
        )
    try:
        return Baseline.model_validate(data)
    except ValidationError as error:
        wrong = _sentence(error.errors(include_url=False)[0])
        raise UsageError(f"{file} is no baseline, or a damaged one: {wrong}", hint=_SAVE) from error


def _sentence(problem: ErrorDetails) -> str:
    where = clean(".".join(map(str, problem["loc"])), 80)
    match problem["type"]:
        case "missing":
            return f"it lacks {where}"
        case "extra_forbidden":
            return f"it has {where}, which no baseline has"
        case _ if where:
            return f"{where} is not what --save-baseline writes"
    return "it is not a JSON object"


def baseline_text(baseline: Baseline) -> str:
    """Return a baseline as JSON in ASCII, indented so that a change shows in a diff."""
    return json.dumps(baseline.model_dump(mode="json", by_alias=True), indent=2) + "\n"
