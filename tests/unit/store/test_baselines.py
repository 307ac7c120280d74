"""The file of a baseline: what is written is read, and nothing else is."""

import json
from pathlib import Path
from typing import Any

import pytest

from tsprof.analysis.comparison.baseline import make_baseline
from tsprof.errors import UsageError
from tsprof.report.model import Finding, Growth, LedgerRow, Measure, Provenance, Report, Verdict
from tsprof.store.baselines import baseline_text, read_baseline

REPORT = Report(
    scenario="check",
    verdict=Verdict.FAIL,
    exit_code=1,
    reasons=(),
    growth=Growth(bytes_per_request=300.0, low=299.0, high=301.0),
    ledger=(LedgerRow(owner="python_objects", bytes_per_request=300.0),),
    findings=(Finding(resource="memory", kind="leak", title="", per_request=300.0),),
    performance=(Measure(name="p50_ms", value=1.0),),
    provenance=Provenance(run="r", tsprof_version="0.1.0", machine={"cores": "2"}),
)
TEXT = baseline_text(make_baseline(REPORT))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "baseline.json"


def changed(**values: Any) -> str:
    return json.dumps(json.loads(TEXT) | values)


def test_what_is_written_is_read(file: Path) -> None:
    file.write_text(TEXT)
    assert read_baseline(file, "check") == make_baseline(REPORT)
    assert TEXT.isascii()
    assert json.loads(TEXT)["schema"] == 1
    assert len(TEXT) < 5000


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is no baseline: it is not JSON"),
        ("{", "is no baseline: it is not JSON"),
        ("[" * 100_000, "is no baseline: it is not JSON"),
        ("[]", "damaged one: it is not a JSON object"),
        ("null", "damaged one: it is not a JSON object"),
        ("{}", "is no baseline, or a damaged one: it lacks tsprof_version"),
        (TEXT[: len(TEXT) // 2], "is no baseline"),
        (
            changed(findings=[{"key": 3}]),
            "damaged one: findings.0.key is not what --save-baseline writes",
        ),
        (changed(schema="1"), "damaged one: schema is not what --save-baseline writes"),
        (changed(surprise=1), "damaged one: it has surprise, which no baseline has"),
        (changed(schema=2), "written by a newer tsprof (schema 2, not 1)"),
        (changed(schema=0), "damaged one: schema"),
        (changed(scenario="endurance"), "is of endurance, not of check"),
        (json.dumps(REPORT.model_dump(mode="json", by_alias=True)), "no baseline, or a damaged"),
        ("x" * 5_000_000, "too large"),
    ],
)
def test_what_is_no_baseline_is_refused(file: Path, content: str, words: str) -> None:
    file.write_text(content)
    with pytest.raises(UsageError) as caught:
        read_baseline(file, "check")
    assert words in str(caught.value)
    assert "--save-baseline" in caught.value.hint


@pytest.mark.parametrize("name", ["gone.json", "."])
def test_a_file_that_cannot_be_read(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="cannot be read") as caught:
        read_baseline(tmp_path / name, "check")
    assert "--save-baseline" in caught.value.hint


def test_bytes_that_are_no_text(file: Path) -> None:
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="is no baseline"):
        read_baseline(file, "check")
