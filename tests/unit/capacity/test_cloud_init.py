"""What is written for the machines is YAML, and its commands are tsprof's own."""

import shlex
import subprocess
from typing import Any

import click
import pytest
import yaml

from tsprof.capacity.cloud_init import SetUp, for_run, for_workers, users
from tsprof.capacity.prices import read_prices, types_of
from tsprof.capacity.sizing import Demand, fleet
from tsprof.cli.endurance import endurance
from tsprof.cli.main import cli
from tsprof.cli.worker import worker
from tsprof.errors import UsageError

DEMAND = Demand(rate=30_000, hours=4, per_core=10_000, spare=0.3)


def set_up(**changes: str) -> SetUp:
    (instance,) = types_of(read_prices(None), None, "c6i.xlarge")
    texts = {"package": "tsprof==0.1.0", "run_address": "10.0.0.5"} | changes
    return SetUp(fleet=fleet(instance, DEMAND), demand=DEMAND, **texts)


def read(text: str) -> dict[str, Any]:
    assert text.startswith("#cloud-config\n")
    content: dict[str, Any] = yaml.safe_load(text)
    return content


def parsed(command: click.Command, words: list[str]) -> dict[str, Any]:
    """What tsprof takes a command line for; an error where it does not."""
    parent = click.Context(cli, **cli.context_settings)
    return command.make_context("tsprof", words, parent=parent).params


def test_a_worker_starts_its_processes_and_goes_down_by_itself() -> None:
    content = read(for_workers(set_up()))
    services = [words[-1] for words in content["runcmd"] if words[:2] == ["systemctl", "enable"]]
    assert services == ["tsprof-worker@1", "tsprof-worker@2"]
    assert ["shutdown", "-P", "+300"] in content["runcmd"]
    assert ["/opt/tsprof/bin/pip", "install", "--quiet", "tsprof==0.1.0"] in content["runcmd"]
    unit = content["write_files"][0]["content"]
    (start,) = (line for line in unit.splitlines() if line.startswith("ExecStart="))
    program, command, *words = shlex.split(start.removeprefix("ExecStart="))
    assert (program, command) == ("/opt/tsprof/bin/tsprof", "worker")
    options = parsed(worker, words)
    assert (options["master_host"], options["master_port"]) == ("10.0.0.5", 5557)


def test_the_run_expects_its_workers_at_the_machines_own_address() -> None:
    (script,) = read(for_run(set_up()))["write_files"]
    assert script["permissions"] == "0755"
    text = script["content"]
    assert subprocess.run(["sh", "-n"], input=text, text=True, check=False).returncode == 0
    line = text.replace("\\\n", "").splitlines()[-1].replace("$address", "10.0.0.5")
    words = shlex.split(line.replace('"$@"', "--url / -- ./server {port}"))
    assert words[:3] == ["exec", "/opt/tsprof/bin/tsprof", "endurance"]
    options = parsed(endurance, words[3:])
    assert options["hours"] == 4 * 3600
    assert (options["rate"], options["users"]) == (30_000, 1_500)
    assert (options["processes"], options["expect_workers"]) == (0, set_up().fleet.processes)
    assert (options["master_bind_host"], options["master_bind_port"]) == ("10.0.0.5", 5557)
    assert options["host"] == "http://10.0.0.5:{port}"


def test_a_package_can_be_anything_that_pip_takes() -> None:
    name = 'tsprof @ https://example.org/a\'b&c.whl#sha256="1"'
    for text in (for_run(set_up(package=name)), for_workers(set_up(package=name))):
        assert ["/opt/tsprof/bin/pip", "install", "--quiet", name] in read(text)["runcmd"]


@pytest.mark.parametrize(
    "changes",
    [
        {"run_address": ""},
        {"run_address": "10.0.0.5 --locustfile /etc/passwd"},
        {"run_address": "a\nExecStart=/bin/sh"},
        {"run_address": "-x"},
        {"package": " "},
        {"package": "tsprof\n  - [reboot]"},
        {"package": "--index-url=http://example.org"},
    ],
)
def test_what_could_be_another_command_is_refused(changes: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        set_up(**changes)


def test_users_are_enough_for_answers_of_50_ms() -> None:
    assert [users(rate) for rate in (1, 2_000, 2_001, 30_000)] == [100, 100, 101, 1_500]
