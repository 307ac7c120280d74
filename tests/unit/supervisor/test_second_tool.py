"""Under which tool a target is run once more."""

from dataclasses import replace

import pytest

from tsprof.analysis.run.assessments import Look, look
from tsprof.analysis.run.confirmation import Attribution
from tsprof.records import Checkpoint, ProcessReading
from tsprof.report.model import Site
from tsprof.supervisor.plan import Plan
from tsprof.supervisor.second_run import second_tool

PLAN = Plan(scenario="endurance", segment_seconds=60, max_seconds=3600, users=10)
UNNAMED = Attribution(notes=("the window could not be opened",))
NAMED = Attribution(
    sites=(Site(function="keep", file="a.rs", line=1, bytes_per_request=9, share=1),)
)


def seen(source: str, growth: int) -> Look:
    def reading(number: int) -> ProcessReading:
        live = 10_000_000 + growth * number
        return ProcessReading(
            pid=1,
            started=0.0,
            command="service",
            source=source,  # type: ignore[arg-type]  # one of its words
            rss=live,
            python_live=0,
            native_live=live,
        )

    return look(
        [
            Checkpoint(
                number=n, seconds=60.0 * n, requests=1000 * n, failures=0, processes=(reading(n),)
            )
            for n in range(20)
        ]
    )


LEAK = seen("native", 300_000)


def test_a_soak_samples_a_native_leak_that_no_window_named() -> None:
    assert second_tool(PLAN, LEAK, UNNAMED, can_sample=True) == "jemalloc"


@pytest.mark.parametrize(
    ("plan", "final", "attribution", "can_sample"),
    [
        (PLAN, LEAK, UNNAMED, False),
        (PLAN, LEAK, NAMED, True),
        (PLAN, LEAK, None, True),  # no window was asked for
        (PLAN, seen("native", 0), UNNAMED, True),
        (PLAN, seen("agent", 300_000), UNNAMED, True),
        (replace(PLAN, scenario="check"), LEAK, UNNAMED, True),
        (replace(PLAN, profiler="heaptrack"), LEAK, UNNAMED, True),
        (replace(PLAN, profiler="valgrind", attribute=False), LEAK, UNNAMED, True),
    ],
)
def test_who_runs_once_only(
    plan: Plan,
    final: Look,
    attribution: Attribution | None,
    can_sample: bool,  # noqa: FBT001 - one of the parameters
) -> None:
    assert second_tool(plan, final, attribution, can_sample=can_sample) is None


def test_what_is_asked_for_is_run() -> None:
    sampled, checked = (replace(PLAN, profiler=name) for name in ("jemalloc", "valgrind"))
    clean = seen("native", 0)
    assert second_tool(sampled, LEAK, None, can_sample=True) == "jemalloc"
    assert second_tool(sampled, clean, None, can_sample=True) is None
    assert second_tool(checked, clean, None, can_sample=True) == "valgrind"
