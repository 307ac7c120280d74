"""The command line that makes a run again, from what its report says of its configuration."""

import re
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from tsprof.config import Settings
from tsprof.config.defaults import scenarios
from tsprof.report.model import Provenance, Report
from tsprof.report.text import clean

WITHHELD = "..."
"""In place of what a ticket should not tell."""
_SECRET = re.compile(
    r"secret|token|passw|pwd|key|credential|auth|dsn|cookie|session", re.IGNORECASE
)
_CREDENTIALS = re.compile(r"://[^/\s@]+@")
_OPTIONS = {
    ("target", "ready"): "--ready",
    ("target", "ready_timeout"): "--ready-timeout",
    ("target", "cwd"): "--cwd",
    ("load", "locustfile"): "--locustfile",
    ("load", "url"): "--url",
    ("load", "host"): "--host",
    ("load", "users"): "--users",
    ("load", "rate"): "--rate",
    ("load", "processes"): "--load-processes",
    ("load", "expect_workers"): "--expect-workers",
    ("load", "master_bind_host"): "--master-bind-host",
    ("load", "master_bind_port"): "--master-bind-port",
    ("check", "max_time"): "--max-time",
    ("check", "profiler"): "--profiler",
    ("check", "drain"): "--drain",
    ("check", "hang_timeout"): "--hang-timeout",
    ("baseline", "duration"): "--duration",
    ("stress", "duration"): "--duration",
    ("spike", "duration"): "--duration",
    ("spike", "times"): "--times",
    ("endurance", "duration"): "--seconds",
    ("endurance", "checkpoint_every"): "--checkpoint-every",
    ("compare", "reference"): "--reference",
    ("compare", "reference_cwd"): "--reference-cwd",
    ("compare", "duration"): "--duration",
}
"""What of the configuration matters to a leak, and its option."""


def command_line(report: Report) -> str:
    """Return the command that makes the run again, quoted for a shell.

    Options with their defaults are left out, and so are values of variables that look like secrets.
    """
    configuration = report.provenance.configuration
    words = ["tsprof", report.scenario, *_options(report.scenario, configuration)]
    words += _target(configuration, report.provenance)
    return " ".join(shlex.quote(clean(word)) for word in words)


def _options(scenario: str, configuration: Mapping[str, Any]) -> Iterator[str]:
    defaults = Settings().model_dump(mode="json", by_alias=True)
    for (table, key), option in _OPTIONS.items():
        value = _value(configuration, table, key)
        given = value is not None and value != defaults[table][key]
        others = (table in scenarios() and table != scenario) or (
            key == "max_time" and scenario != "check"
        )
        if not given or others:
            continue
        if option == "--reference":  # a command in one word
            value = shlex.join(map(str, value))
        for one in value if isinstance(value, list | tuple) else (value,):
            yield from (option, f"{one:g}" if isinstance(one, float) else str(one))
    if _value(configuration, "check", "agent") is False:
        yield "--no-agent"


def _target(configuration: Mapping[str, Any], provenance: Provenance) -> Iterator[str]:
    variables = _value(configuration, "target", "env")
    for name, value in variables.items() if isinstance(variables, dict) else ():
        secret = _SECRET.search(str(name)) or _CREDENTIALS.search(str(value))
        yield from ("--env", f"{name}={WITHHELD if secret else value}")
    if pid := _value(configuration, "target", "pid"):
        yield from ("--pid", str(pid))
    elif provenance.command:
        yield from ("--", *provenance.command)


def _value(configuration: Mapping[str, Any], table: str, key: str) -> Any:
    values = configuration.get(table)
    return values.get(key) if isinstance(values, dict) else None
