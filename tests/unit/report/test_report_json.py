import json
import math
from pathlib import Path

import pytest
from report_builder import failing, half_run, hostile, inconclusive, long_run, passing

from tsprof.errors import UsageError
from tsprof.report import json_report, schema
from tsprof.report.model import Growth, Provenance, Report

REPORTS = {
    "failing": failing(),
    "passing": passing(),
    "inconclusive": inconclusive(),
    "half": half_run(),
    "long": long_run(),
}


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS.keys())
def test_what_is_written_reads_back_the_same(report: Report) -> None:
    assert json_report.parse(json_report.render(report)) == report


def test_the_keys_of_the_contract_are_there() -> None:
    data = json.loads(json_report.render(failing()))
    assert data["schema"] == 1
    assert (data["scenario"], data["verdict"], data["exit_code"]) == ("check", "fail", 1)
    assert isinstance(data["reasons"][0], str)
    assert {"requests", "failures", "seconds"} <= data.keys()
    assert {
        "bytes_per_request",
        "low",
        "high",
        "bytes_per_hour",
        "detectable_bytes_per_request",
    } <= data["growth"].keys()
    assert {"owner", "bytes_per_request"} <= data["ledger"][0].keys()
    finding = data["findings"][0]
    assert {"resource", "kind", "per_request", "low", "high", "confidence"} <= finding.keys()
    assert {
        "function",
        "file",
        "line",
        "bytes_per_request",
        "share",
        "stack",
    } <= finding["sites"][0].keys()
    assert {"path", "type", "entries_per_request", "bound"} <= finding["holders"][0].keys()
    assert {"name", "limit", "value", "met"} <= data["criteria"][0].keys()
    assert {"pid", "command", "ledger"} <= data["processes"][0].keys()
    assert {
        "checkpoint_ms",
        "supervisor_cpu_s",
        "load_cpu_s",
        "supervisor_peak_rss",
        "disk_bytes",
    } <= data["cost"].keys()


def test_text_from_the_target_arrives_without_control_characters() -> None:
    text = json_report.render(hostile())
    assert text.isascii()
    assert "\\u001b" not in text
    assert "\\u202e" not in text
    assert "<script>" in json.loads(text)["findings"][0]["title"]


def test_numbers_that_are_not_finite_become_null_and_come_back_as_unknown() -> None:
    report = failing(
        growth=Growth(
            bytes_per_request=1.0, low=-math.inf, high=math.inf, detectable_bytes_per_request=None
        ),
        provenance=Provenance(configuration={"limit": math.nan, "where": Path("/srv")}),
    )
    data = json.loads(json_report.render(report))
    assert data["growth"]["low"] is None
    assert data["provenance"]["configuration"] == {"limit": None, "where": "/srv"}
    back = json_report.parse(json.dumps(data))
    assert math.isnan(back.growth.low)
    assert back.growth.detectable_bytes_per_request is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not valid JSON"),
        ("{", "is not valid JSON"),
        (b"\xff\xfe\x00", "is not valid JSON"),
        ("[" * 100_000, "is not valid JSON"),
        ("[]", "its schema is None"),
        ("null", "its schema is None"),
        ('{"schema": 2}', "its schema is 2"),
        ('{"schema": "\\u001b[31m"}', "its schema is "),
        ('{"schema": 1}', "scenario: Field required"),
        (
            '{"schema": 1, "scenario": "check", "verdict": "maybe", "exit_code": 0, "reasons": []}',
            "verdict: Input should be",
        ),
    ],
)
def test_what_is_no_report_is_refused_in_one_line(text: str | bytes, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        json_report.parse(text, source="old.json")
    assert str(caught.value).startswith("old.json is not ")
    assert message in str(caught.value)
    assert str(caught.value).isprintable()
    assert caught.value.hint


def test_the_documentation_is_current() -> None:
    page = Path(__file__).parents[3] / "docs" / "report.md"
    assert page.read_text(encoding="utf-8") == schema.markdown(), "run: make docs"


def test_every_field_is_documented() -> None:
    cells = [
        [cell.strip() for cell in line.strip("|").split(" | ")]
        for line in schema.markdown().splitlines()
        if line.startswith("| `")
    ]
    assert len(cells) > 100
    assert [row[0] for row in cells if not row[-1].strip("| ")] == []


def test_the_example_in_the_documentation_is_a_report() -> None:
    example = schema.markdown().split("```json\n")[1].split("```")[0]
    assert json_report.parse(example).findings[0].sites[0].line == 30
