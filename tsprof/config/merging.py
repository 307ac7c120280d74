"""Options over file values, and what a run needs beyond both."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tsprof.config.criteria import CRITERIA, comparisons
from tsprof.config.defaults import scenarios
from tsprof.config.model import Settings
from tsprof.config.problems import suggestion, validated
from tsprof.errors import UsageError
from tsprof.loopback import LOOPBACK

_THIS_MACHINE = (LOOPBACK, "localhost", "::1")
DEFAULT_LOCUSTFILE = Path("locustfile.py")
_REPLACES = {
    ("load", "url"): [("load", "locustfile")],
    ("load", "locustfile"): [("load", "url")],
    ("target", "command"): [("target", "pid")],
    ("target", "pid"): [("target", "command")],
}
"""What an option replaces besides the file's value of the same name."""
_OPTION_NAMES = {
    ("target", "command"): "the command",
    ("target", "env"): "--env",
    ("compare", "reference"): "--reference",
    ("check", "agent"): "--no-agent",
    ("load", "processes"): "--load-processes",
    ("endurance", "duration"): "the length of the soak",
    ("gauges", "url"): "--gauges",
    ("load", ""): "the options of the load together with the file's [load]",
    ("target", ""): "the command line",
    ("endurance", ""): "the command line",
}


def merge(settings: Settings, overrides: Mapping[str, Mapping[str, Any]]) -> Settings:
    """Put options over the values of a file.

    Args:
        settings: from the file.
        overrides: values by table and key, in any form that the file may use; None for an option
            that was not given. Variables and criteria are added to the file's.

    Raises:
        UsageError: an option's value is wrong, or two exclude each other; the message names them.
    """
    raw = settings.model_dump(by_alias=True, exclude_unset=True)
    for table, given in overrides.items():
        values = {key: value for key, value in given.items() if value is not None}
        if not values:
            continue
        merged = raw.setdefault(table, {})
        for key, value in values.items():
            if isinstance(value, Mapping):  # variables and criteria are added to the file's
                values[key] = merged.get(key, {}) | value
        for key in values:
            for other_table, other_key in _replaced_by(table, key):
                if other_table == table and other_key in values:
                    both = f"{_option(table, key)} and {_option(table, other_key)}"
                    raise UsageError(f"{both} exclude each other", hint="keep one")
                raw.get(other_table, {}).pop(other_key, None)
        merged.update(values)
    return validated(raw, _option)


def _replaced_by(table: str, key: str) -> list[tuple[str, str]]:
    if (table, key) == ("load", "users"):
        return [(scenario, "users") for scenario in scenarios()]
    return _REPLACES.get((table, key), [])


def complete(settings: Settings, directory: Path, scenario: str = "check") -> Settings:
    """Fill in what depends on the project's folder, and see that a run has all it needs.

    Args:
        settings: from the file and the options.
        directory: where ``locustfile.py`` is looked for; the working directory.
        scenario: the name of the command, for the hints.

    Returns:
        The settings, with a Locust file that exists or with URLs, and with a target.

    Raises:
        UsageError: there is nothing to start or no load; the hint shows every way out.
    """
    target, load = settings.target, settings.load
    _see_to_gauges(settings)
    _see_to_workers(settings)
    if not target.command and target.pid is None:
        raise UsageError(
            "there is no target: no command on the command line or in tsprof.toml",
            hint=f"put the command after --, as in: tsprof {scenario} -- uvicorn app:app "
            "--port {port}; or let tsprof init write a tsprof.toml",
        )
    if target.pid is not None and "{port}" in load.host:
        raise UsageError(
            "--pid says which process to measure, but not where it serves",
            hint="add --host, such as --host http://127.0.0.1:8000",
        )
    if target.cwd is not None and not (directory / target.cwd).is_dir():
        raise UsageError(f"the target's working directory {target.cwd} is not a folder")
    if load.url:
        return settings
    if load.locustfile is not None:
        if not (directory / load.locustfile).is_file():
            raise UsageError(
                f"there is no Locust file {load.locustfile}",
                hint="--locustfile names another, --url /path does without one",
            )
        return settings
    if not (directory / DEFAULT_LOCUSTFILE).is_file():
        raise UsageError(
            f"there is no load: no {DEFAULT_LOCUSTFILE} here, and no url",
            hint="name a path to request, as in --url /items, or a Locust file with --locustfile",
        )
    return merge(settings, {"load": {"locustfile": DEFAULT_LOCUSTFILE}})


def _see_to_gauges(settings: Settings) -> None:
    """See that gauges which are judged are read, and at this machine or the target's."""
    gauges = settings.gauges
    for name in (*comparisons(settings.criteria), *gauges.watch):
        if not gauges.url:
            raise UsageError(
                f"{name} is to be judged as a gauge, but no gauges are read"
                f"{suggestion(name, {known: repr(known) for known in CRITERIA})}",
                hint="say where the target tells it: --gauges /metrics, or url under [gauges]",
            )
    for address in gauges.url:
        host, own = (_host(text) for text in (address, settings.load.host))
        if host and host not in (*_THIS_MACHINE, own):
            raise UsageError(
                f"gauges are read from the target only, not from {host}",
                hint="name a path such as /metrics, or an address at 127.0.0.1",
            )


def _see_to_workers(settings: Settings) -> None:
    """See that workers on other machines are sent to this one, and not each to itself."""
    load = settings.load
    from_outside = load.expect_workers and load.master_bind_host not in _THIS_MACHINE
    if from_outside and _host(load.host) in _THIS_MACHINE:
        raise UsageError(
            f"workers on other machines cannot reach the target at {load.host}: that is each of "
            "them itself",
            hint="name this machine with --host, such as --host http://10.0.0.5:{port}, and let "
            "the target listen there",
        )


def _host(address: str) -> str | None:
    return urlsplit(address.replace("{port}", "1")).hostname


def _option(table: str, key: str) -> str:
    """What the command line calls a key."""
    if "criteria" in (table, key):  # at the top, or of a scenario
        return "--criterion"
    return _OPTION_NAMES.get((table, key)) or f"--{key.replace('_', '-')}"
