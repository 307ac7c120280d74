"""A leak that is known does not fail a run, and the stored run says so as long as it is kept."""

import json
import sys

from command_line import SERVICE, CommandLine

OPTIONS = ("--url", "/", "--max-time", "9", "--drain", "0", "--no-attribute")
LEAKING = ("--", sys.executable, SERVICE, "{port}", "leaks")


def test_a_leak_of_the_baseline_does_not_fail(tsprof: CommandLine) -> None:
    first = tsprof.run("check", *OPTIONS, "--save-baseline", "b.json", *LEAKING)
    assert first.code == 1
    assert first.finding("memory")["key"] == "memory:leak"
    assert not first.finding("memory")["excuse"]

    second = tsprof.run("check", *OPTIONS, "--baseline", "b.json", *LEAKING)
    assert second.code == 0, second.reasons
    assert "known, as in the baseline" in second.finding("memory")["excuse"]
    assert "a further leak of memory above" in second.reasons
    names = {measure["name"] for measure in second.report["performance"]}
    assert names >= {"p99_ms", "requests_per_second", "cpu_ms", "load_cpu_ms"}

    again = tsprof.run("report", "--format", "json")
    assert json.loads(again.out) == second.report
    (leak,) = [
        row
        for row in json.loads(tsprof.run("diff", "--json", "-").out)["rows"]
        if row["group"] == "leaks"
    ]
    assert (leak["name"], leak["mark"]) == ("memory:leak", "within noise")
