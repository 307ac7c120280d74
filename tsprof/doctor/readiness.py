"""Is a project ready for a scenario? What a tester would tick off before a long run, looked at."""

import resource
import socket
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from tsprof.config import Settings, complete, for_scenario, load_settings
from tsprof.doctor.row import Row, Status
from tsprof.errors import TsprofError
from tsprof.load.client import LoadProcess
from tsprof.load.spec import LoadSpec
from tsprof.report.format import number
from tsprof.supervisor.launch import free_port

GOVERNOR = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
FILES_BESIDES = 100
"""Open files of the load process besides a connection for each user."""
LOAD_SECONDS = 30.0


def rows(scenario: str, folder: Path) -> tuple[Row, ...]:
    """Look at what a run of a scenario in a folder will need.

    Starts the load process, which loads the Locust file and sends nothing.

    Args:
        scenario: its name.
        folder: of the project.
    """
    try:
        loaded = load_settings(folder)
        settings = complete(for_scenario(loaded.settings, scenario), folder, scenario)
    except TsprofError as error:
        return (
            Row(
                name="configuration",
                status=Status.MISSING,
                found=str(error),
                meaning=f"tsprof {scenario} needs options here",
                fix=error.hint or f"tsprof {scenario} --help shows them",
                needed=True,
            ),
        )
    source = str(loaded.source) if loaded.source else "defaults"
    return (
        Row(name="configuration", status=Status.OK, found=source),
        *([reference_row(settings)] if scenario == "compare" else []),
        load_row(settings),
        files_row(_most_users(settings, scenario), resource.getrlimit(resource.RLIMIT_NOFILE)[1]),
        port_row(settings.load.host),
        gauges_row(settings),
        baseline_row(settings),
        governor_row(GOVERNOR.read_text().strip() if GOVERNOR.exists() else ""),
    )


def reference_row(settings: Settings) -> Row:
    """See whether there is something to compare the target with."""
    command = settings.compare.reference
    if command:
        return Row(name="reference", status=Status.OK, found=" ".join(command))
    return Row(
        name="reference",
        status=Status.MISSING,
        found="none",
        meaning="there is nothing to compare the target with",
        fix="--reference COMMAND, or reference under [compare]",
        needed=True,
    )


def _most_users(settings: Settings, scenario: str) -> int:
    times = settings.spike.times if scenario == "spike" else 1
    return round(settings.load.users * times)


def load_row(settings: Settings) -> Row:
    """Load the Locust file, with the data that it reads, or the paths."""
    load = settings.load
    what = str(load.locustfile) if load.locustfile else ", ".join(load.url)
    with tempfile.TemporaryDirectory() as scratch:
        try:
            spec = LoadSpec(
                host=f"http://127.0.0.1:{free_port()}",
                users=load.users,
                locustfile=load.locustfile,
                paths=load.url,
            )
            LoadProcess.start(spec, Path(scratch) / "load.log", timeout=LOAD_SECONDS).stop()
        except TsprofError as error:
            return Row(
                name="load",
                status=Status.MISSING,
                found=f"{what}: {error}",
                meaning="no request would be sent",
                fix=error.hint or "mend the Locust file",
                needed=True,
            )
    return Row(name="load", status=Status.OK, found=f"{what} loads, {number(load.users)} users")


def files_row(users: int, limit: int) -> Row:
    """Judge the limit of open files: each user has a connection."""
    found = f"{number(limit)} for {number(users)} users"
    if limit >= users + FILES_BESIDES:
        return Row(name="connections", status=Status.OK, found=found)
    return Row(
        name="connections",
        status=Status.MISSING,
        found=found,
        meaning="some users could not connect",
        fix="raise the hard limit (ulimit -Hn), or take fewer users or more --load-processes",
        needed=True,
    )


def port_row(host: str) -> Row:
    """See whether the target's port is free; ``{port}`` always is."""
    if "{port}" in host:
        return Row(name="port", status=Status.OK, found="a free one for each run")
    parts = urlsplit(host)
    port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    with socket.socket() as probe:
        probe.settimeout(1)
        taken = probe.connect_ex((parts.hostname or "", port)) == 0
    if not taken:
        return Row(name="port", status=Status.OK, found=f"{port} is free")
    return Row(
        name="port",
        status=Status.MISSING,
        found=f"something serves at {host}",
        meaning="the target could not listen there, and the load would go elsewhere",
        fix="end it, or write {port} in the command and the host",
        needed=True,
    )


def gauges_row(settings: Settings) -> Row:
    """See whether the target's own gauges are read."""
    if settings.gauges.url:
        return Row(name="gauges", status=Status.OK, found=", ".join(settings.gauges.url))
    return Row(
        name="gauges",
        status=Status.LIMITED,
        found="none",
        meaning="hit rates, queues and counters of the target are not judged",
        fix="--gauges /metrics, or url under [gauges]",
    )


def baseline_row(settings: Settings) -> Row:
    """See whether a baseline was recorded."""
    file = settings.check.baseline
    if file is not None and file.is_file():
        return Row(name="baseline", status=Status.OK, found=str(file))
    return Row(
        name="baseline",
        status=Status.LIMITED,
        found=f"{file} is not there" if file else "none",
        meaning="nothing is compared with an earlier release",
        fix="tsprof baseline --save-baseline baseline.json, then baseline under [check]",
    )


def governor_row(governor: str) -> Row:
    """Judge how the kernel sets the processors' clock; empty where it does not tell."""
    if governor not in ("powersave", "conservative"):
        return Row(name="clock", status=Status.OK, found=governor or "not set by this kernel")
    return Row(
        name="clock",
        status=Status.LIMITED,
        found=governor,
        meaning="processors change their speed: latency wanders",
        fix="cpupower frequency-set -g performance",
    )
