"""A leak that is known does not fail a run, and the stored run says so as long as it is kept."""

import json
import sys

from command_line import SERVICE, CommandLine

from tsprof.analysis.comparison.baseline import make_baseline
from tsprof.report.model import Finding, Report, Verdict
from tsprof.store.baselines import baseline_text

LEAK = Finding(resource="memory", kind="leak", title="", per_request=345, low=340, high=350)


def test_a_leak_of_the_baseline_does_not_fail(tsprof: CommandLine) -> None:
    known = Report(
        scenario="check", verdict=Verdict.FAIL, exit_code=1, reasons=(), findings=(LEAK,)
    )
    (tsprof.folder / "b.json").write_text(baseline_text(make_baseline(known)))
    finished = tsprof.run(
        *("check", "--url", "/", "--drain", "0", "--no-attribute"),
        *("--baseline", "b.json", "--save-baseline", "new.json"),
        *("--", sys.executable, SERVICE, "{port}", "leaks"),
    )
    assert finished.code == 0, finished.reasons
    assert "known, as in the baseline" in finished.finding("memory")["excuse"]
    assert "a further leak of memory above" in finished.reasons
    names = {measure["name"] for measure in finished.report["performance"]}
    assert names >= {"p99_ms", "requests_per_second", "cpu_ms", "load_cpu_ms", "load_wait_ms"}
    again = tsprof.run("report", "--format", "json")
    assert json.loads(again.out) == finished.report

    saved = json.loads((tsprof.folder / "new.json").read_text())
    assert [finding["key"] for finding in saved["findings"]] == ["memory:leak"]
    ticket = tsprof.run("report", "--format", "ticket").out
    assert "tsprof check --url / --drain 0" in ticket
