"""What a comparison asks for, and what it refuses before anything is started."""

from typing import Any

import pytest

from tsprof.config import Settings
from tsprof.errors import UsageError
from tsprof.scenarios.compare import plan

REFERENCE = {"reference": "old {port}"}


def settings(**tables: Any) -> Settings:
    return Settings.model_validate({"compare": REFERENCE, "target": {"command": "new"}} | tables)


@pytest.mark.parametrize(
    ("tables", "reason"),
    [
        ({"compare": {}}, "there is nothing to compare with"),
        ({"load": {"host": "http://127.0.0.1:8000"}}, "each at a port of its own"),
        ({"target": {"pid": 7}}, "both targets of a comparison are started"),
        ({"load": {"expect_workers": 1}}, "makes its load on this machine"),
        ({"gauges": {"url": "http://127.0.0.1:9100/metrics"}}, "read as those of both targets"),
    ],
)
def test_what_cannot_be_compared_is_refused(tables: dict[str, Any], reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        plan(settings(**tables))


@pytest.mark.parametrize(("duration", "turn"), [(1, 0.3), (60, 1.5), (600, 10), (36000, 10)])
def test_turns_are_short_against_what_the_machine_does_besides(duration: int, turn: float) -> None:
    planned = plan(settings(compare=REFERENCE | {"duration": duration}))
    assert planned.segment_seconds == pytest.approx(turn)
    assert planned.max_seconds == duration


def test_gauges_at_the_port_of_each_are_read() -> None:
    plan(settings(gauges={"url": ["/metrics", "http://127.0.0.1:{port}/stats"]}))
