from xml.etree import ElementTree as ET

import pytest
from report_builder import (
    FILLING,
    HOSTILE,
    LEAK,
    LONG_NAME,
    failing,
    half_run,
    hostile,
    inconclusive,
    passing,
)

from tsprof.report import junit
from tsprof.report.model import Criterion, Growth, Report

# The attributes and children that the schema of Jenkins' xUnit plugin (junit-10.xsd) knows, less
# those that tsprof has no use for.
ATTRIBUTES = {
    "testsuites": {"name", "time", "tests", "failures", "errors"},
    "testsuite": {"name", "tests", "failures", "errors", "time", "skipped", "timestamp"},
    "properties": set(),
    "property": {"name", "value"},
    "testcase": {"name", "time", "classname"},
    "failure": {"type", "message"},
    "error": {"type", "message"},
    "skipped": {"message"},
    "system-out": set(),
}
CHILDREN = {
    "testsuites": {"testsuite"},
    "testsuite": {"properties", "testcase"},
    "properties": {"property"},
    "testcase": {"failure", "error", "skipped", "system-out"},
}


def parsed(report: Report) -> ET.Element:
    return ET.fromstring(junit.render(report).encode())


def outcomes(report: Report) -> dict[str, str]:
    return {
        case.attrib["name"]: next(
            (child.tag for child in case if child.tag != "system-out"), "passed"
        )
        for case in parsed(report).iter("testcase")
    }


@pytest.mark.parametrize(
    "report",
    [failing(), passing(), inconclusive(), half_run(), hostile(), hostile(LONG_NAME)],
    ids=["failing", "passing", "inconclusive", "half", "hostile", "long names"],
)
def test_the_document_keeps_to_the_schema(report: Report) -> None:
    root = parsed(report)
    for element in root.iter():
        assert element.attrib.keys() <= ATTRIBUTES[element.tag]
        assert {child.tag for child in element} <= CHILDREN.get(element.tag, set())
    (suite,) = root
    cases = list(suite.iter("testcase"))
    assert int(suite.attrib["tests"]) == len(cases)
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        assert int(suite.attrib[attribute]) == len(list(suite.iter(tag)))
    for case in cases:
        float(case.attrib["time"])
        assert len([child for child in case if child.tag != "system-out"]) <= 1
    names = [(case.attrib["classname"], case.attrib["name"]) for case in cases]
    assert len(set(names)) == len(names)


def test_a_leak_is_one_failure() -> None:
    assert outcomes(failing()) == {
        "verdict": "skipped",
        "memory": "failure",
        "fd": "passed",
        "thread": "passed",
        "task": "passed",
        "garbage": "passed",
        "process": "passed",
        "p99_ms": "passed",
        "error_rate": "failure",
    }


def test_what_no_other_test_tells_is_a_failure_of_the_verdict() -> None:
    died = "the target died under load (exit status 1)"
    report = failing(reasons=(died,), findings=(), criteria=())
    (failure,) = parsed(report).iter("failure")
    assert died in failure.attrib["message"]
    assert outcomes(report)["verdict"] == "failure"


def test_the_text_of_a_failure_names_the_line_and_the_holder() -> None:
    (memory,) = [
        case for case in parsed(failing()).iter("testcase") if case.attrib["name"] == "memory"
    ]
    failure = memory.find("failure")
    assert failure is not None
    assert failure.attrib["message"] == LEAK.title
    assert failure.text is not None
    assert "at /srv/shop/app.py:30 in remember: 31.9 B" in failure.text
    assert 'held by app.py: module global "seen" -> dict' in failure.text


def test_a_pass_has_nothing_red_and_still_tells_what_it_noticed() -> None:
    report = passing()
    assert set(outcomes(report).values()) == {"passed"}
    (memory,) = [case for case in parsed(report).iter("testcase") if case.get("name") == "memory"]
    assert FILLING.title in (memory.findtext("system-out") or "")


def test_inconclusive_is_an_error_and_no_resource_passes() -> None:
    found = outcomes(inconclusive())
    assert found.pop("verdict") == "error"
    assert found.pop("p99_ms") == "error"
    assert set(found.values()) == {"skipped"}
    assert outcomes(inconclusive(findings=(LEAK,)))["memory"] == "error"


def test_a_run_that_did_not_look_for_leaks_skips_the_resources() -> None:
    found = outcomes(passing(growth=Growth(), findings=()))
    assert found["verdict"] == "passed"
    assert found["memory"] == "skipped"
    assert found["p99_ms"] == "passed"


def test_criteria_say_what_was_measured() -> None:
    missed = Criterion(name="p99_ms", limit=10, value=12, met=False)
    cases = parsed(failing(criteria=(missed,))).iter("testcase")
    (failure,) = [case.find("failure") for case in cases if case.get("name") == "p99_ms"]
    assert failure is not None
    assert failure.attrib["message"] == "p99_ms is 12 ms, its limit is < 10 ms"


def test_a_length_that_is_no_number_is_written_as_zero() -> None:
    assert parsed(failing(seconds=float("nan"))).attrib["time"] == "0.000"


def test_hostile_text_arrives_as_text() -> None:
    text = junit.render(hostile(HOSTILE))
    assert "\x1b" not in text
    assert "<script>" not in text
    messages = [failure.attrib["message"] for failure in parsed(hostile()).iter("failure")]
    assert any("<script>alert(1)</script>" in message for message in messages)
