import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tsprof.capacity.aws import Launched, Order
from tsprof.capacity.cloud_init import SetUp
from tsprof.cli import plan as plan_module
from tsprof.cli.main import run
from tsprof.exit_codes import ExitCode

GIVEN = ("plan", "--rate", "30000", "--requests-per-second-per-core", "10000")
LAUNCHED = Launched(
    region="eu-west-1", group="sg-1", run="i-1", run_address="10.0.0.5", workers=("i-2", "i-3")
)
Capture = pytest.CaptureFixture[str]


def test_the_cheapest_fleet_its_price_and_what_sets_it_up(capsys: Capture) -> None:
    assert run([*GIVEN, "--hours", "4"]) == 0
    out = capsys.readouterr().out
    first = "4 machines of c7g.large (aws) make 30,000 requests/s for 4 h: USD 1.16"
    assert out.splitlines()[0] == first
    assert "3 workers with 6 load processes" in out
    assert "one core makes 10,000 requests/s, as given" in out
    assert "on-demand list prices of Linux as of 2025-01-15" in out
    assert "TCP 5557" in out
    assert "--expect-workers 6" in out
    assert "--master-host RUN_ADDRESS" in out


def test_the_json_says_the_same(capsys: Capture) -> None:
    assert run([*GIVEN, "--provider", "gcp", "--headroom", "50%", "--json", "-"]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert plan["schema"] == 1
    assert plan["measured"] is False
    assert plan["requests_per_second_per_core"] == 10_000
    assert {fleet["provider"] for fleet in plan["fleets"]} == {"gcp"}
    costs = [fleet["cost"] for fleet in plan["fleets"]]
    assert costs == sorted(costs)
    assert plan["chosen"] == plan["fleets"][0]
    assert plan["chosen"]["headroom"] >= 0.5
    assert plan["prices"]["date"] == "2025-01-15"


def test_set_up_is_written_where_it_is_wanted(tmp_path: Path, capsys: Capture) -> None:
    folder = tmp_path / "new" / "machines"
    assert run([*GIVEN, "--output", str(folder), "--master-host", "10.0.0.5"]) == 0
    assert {file.name for file in folder.iterdir()} == {"run.yaml", "worker.yaml"}
    assert "--master-host 10.0.0.5 " in (folder / "worker.yaml").read_text()
    assert "#cloud-config" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["plan"], "--rate"),
        ([*GIVEN, "--rate", "0"], "--rate"),
        ([*GIVEN, "--rate", "nan"], "--rate"),
        ([*GIVEN, "--rate", "1e10"], "--rate"),
        ([*GIVEN, "--hours", "-1"], "--hours"),
        ([*GIVEN, "--headroom", "100%"], "no capacity is left"),
        ([*GIVEN, "--headroom", "lots"], "--headroom"),
        ([*GIVEN, "--instance", "c6i.xlareg"], "did you mean 'c6i.xlarge'"),
        ([*GIVEN, "--provider", "azure"], "--provider"),
        ([*GIVEN, "--url", "/"], "keep one"),
        ([*GIVEN, "--prices", "/nowhere/prices.toml"], "cannot be read"),
        ([*GIVEN, "--master-host", "a b"], "no host name"),
        ([*GIVEN, "--output", "/proc/nowhere"], "cannot be made"),
        ([*GIVEN, "--launch", "--instance", "c2-standard-8"], "no instance 'c2-standard-8' of aws"),
        ([*GIVEN, "--launch", "--provider", "gcp"], "on AWS alone"),
    ],
    ids=" ".join,
)
def test_wrong_use_is_one_clear_line(arguments: list[str], complaint: str, capsys: Capture) -> None:
    assert run(arguments) == ExitCode.USAGE
    assert complaint in capsys.readouterr().err


@pytest.fixture
def launches(monkeypatch: pytest.MonkeyPatch) -> list[tuple[SetUp, Order]]:
    """What would be started on AWS."""
    orders: list[tuple[SetUp, Order]] = []

    def launch(set_up: SetUp, order: Order, name: str, tell: Callable[[str], None]) -> Launched:
        assert name.startswith("tsprof-")
        tell("started")
        orders.append((set_up, order))
        return LAUNCHED

    monkeypatch.setattr(plan_module, "launch", launch)
    return orders


def test_machines_are_started_when_the_user_says_so(
    launches: list[tuple[SetUp, Order]], capsys: Capture
) -> None:
    where = ("--region", "eu-west-1", "--key-name", "me", "--ssh-from", "203.0.113.7/32")
    assert run([*GIVEN, "--launch", "--yes", *where]) == 0
    ((set_up, order),) = launches
    assert order == Order(region="eu-west-1", key_name="me", ssh_from="203.0.113.7/32")
    assert set_up.fleet.instance.provider == "aws"
    assert LAUNCHED.end in capsys.readouterr().err


def test_nothing_is_started_without_a_yes(
    launches: list[tuple[SetUp, Order]], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr("click.confirm", lambda question, **_: asked.append(question))
    assert run([*GIVEN, "--launch"]) == ExitCode.INTERRUPTED
    assert asked == ["start 4 x c7g.large in us-east-1 for about USD 0.29 per hour?"]
    assert launches == []
    assert run(GIVEN) == 0
    assert launches == []
