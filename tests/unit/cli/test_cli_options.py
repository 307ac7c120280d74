from copy import copy
from pathlib import Path

import click
import pytest

from tsprof.cli.check import check
from tsprof.cli.main import run
from tsprof.cli.options import examples, scenario_options
from tsprof.cli.settings import settings_from
from tsprof.config import Loaded, Settings
from tsprof.errors import UsageError


@click.command(epilog=examples("tsprof scenario -- app"))
@scenario_options
def scenario(**parameters: object) -> Loaded:
    """Run."""
    return settings_from("check", parameters)


def settings_for(*arguments: str) -> Settings:
    loaded: Loaded = scenario(list(arguments), standalone_mode=False)
    return loaded.settings


def test_every_option_reaches_the_settings() -> None:
    Path("load.py").touch()
    settings = settings_for(
        *("--ready", "log:started", "--ready-timeout", "1m", "--cwd", ".", "--env", "A=1=2"),
        *("--env", "B=", "--locustfile", "load.py", "--host", "http://127.0.0.1:{port}/api"),
        *("--users", "3", "--rate", "2.5", "--no-attribute"),
        *("--profiler", "py-spy", "--no-agent", "--keep-going", "--drain", "0"),
        *("--baseline", "b.json", "--acknowledged", "a.toml"),
        *("--json", "-", "--junit", "j.xml", "--markdown", "m.md", "--html", "h.html"),
        *("--", "app", "--port", "{port}"),
    )
    assert settings.model_dump(by_alias=True, exclude_unset=True) == {
        "target": {
            "command": ("app", "--port", "{port}"),
            "cwd": Path(),
            "env": {"A": "1=2", "B": ""},
            "ready": "log:started",
            "ready_timeout": 60,
        },
        "load": {
            "locustfile": Path("load.py"),
            "host": "http://127.0.0.1:{port}/api",
            "users": 3,
            "rate": 2.5,
        },
        "check": {
            "attribute": False,
            "profiler": "py-spy",
            "agent": False,
            "keep_going": True,
            "drain": 0,
            "baseline": Path("b.json"),
            "acknowledged": Path("a.toml"),
        },
        "report": {
            "json": Path("-"),
            "junit": Path("j.xml"),
            "markdown": Path("m.md"),
            "html": Path("h.html"),
        },
    }


def test_the_longest_time_is_of_a_check_alone(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--max-time", "90", "--url", "/", "a"]
    context = copy(check).make_context("check", [*arguments])  # which takes them off the list
    assert settings_from("check", context.params).settings.check.max_time == 90
    assert run(["endurance", *arguments]) == 2
    assert "No such option '--max-time'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "value"), [("--hours", "0"), ("--minutes", "-1"), ("--seconds", "1e9")]
)
def test_a_wrong_length_is_told_of_the_option_that_was_typed(
    option: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["endurance", option, value, "--url", "/", "a"]) == 2
    assert f"Invalid value for '{option}': must be more than 0" in capsys.readouterr().err


def test_a_process_and_urls() -> None:
    settings = settings_for("--pid", "7", "--host", "http://h:1", "--url", "/a", "--url", "/b")
    assert settings.target.pid == 7
    assert settings.load.url == ("/a", "/b")


def test_options_win_over_the_file_and_the_rest_of_it_stays() -> None:
    Path("tsprof.toml").write_text(
        '[target]\ncommand = "a b"\n[load]\nurl = "/x"\nusers = 4\n[check]\nagent = false'
    )
    settings = settings_for("--users", "5", "--agent")
    assert settings.target.command == ("a", "b")
    assert settings.load.url == ("/x",)
    assert settings.load.users == 5
    assert settings.check.agent
    assert settings_for("c").target.command == ("c",)


def test_a_named_file_is_read_instead() -> None:
    Path("tsprof.toml").write_text("[load]\nusers = 4")
    Path("other.toml").write_text('[load]\nusers = 6\nurl = "/"')
    loaded: Loaded = scenario(["--config", "other.toml", "a"], standalone_mode=False)
    assert loaded.settings.load.users == 6
    assert loaded.source == Path("other.toml")


@pytest.mark.parametrize("text", ["A", "=1", ""])
def test_a_variable_needs_a_name_and_a_value(text: str) -> None:
    with pytest.raises(click.BadParameter, match="is not KEY=VALUE"):
        settings_for("--env", text, "--url", "/", "a")


def test_a_wrong_option_is_told_apart_from_the_file() -> None:
    Path("tsprof.toml").write_text('[load]\nurl = "/"')
    with pytest.raises(UsageError, match=r"^--users must be at least 1"):
        settings_for("--users", "0", "a")


def test_files_that_the_file_names_count_from_its_folder() -> None:
    Path("below").mkdir()
    Path("below/tsprof.toml").write_text(
        '[load]\nurl = "/"\n[check]\nbaseline = "b.json"\nacknowledged = "../a.toml"'
    )
    check = settings_for("--config", "below/tsprof.toml", "a").check
    assert check.baseline == Path("below/b.json")
    assert check.acknowledged == Path("below/../a.toml")


@pytest.mark.parametrize(
    ("options", "files", "words"),
    [
        (["--baseline", "gone.json"], {}, "the baseline gone.json cannot be read"),
        (["--baseline", "b.json"], {"b.json": "{"}, "b.json is no baseline"),
        (["--acknowledged", "gone.toml"], {}, "gone.toml cannot be read"),
        ([], {".tsprof-acknowledged.toml": "[[acknowleged]]"}, "did you mean [[acknowledged]]?"),
        (["--save-baseline", "gone/b.json"], {}, "--save-baseline: cannot write gone/b.json"),
        (["--save-baseline", "b", "--json", "b"], {}, "--json and --save-baseline both write to b"),
    ],
)
def test_what_was_known_is_read_before_anything_starts(
    options: list[str],
    files: dict[str, str],
    words: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TSPROF_HOME", "home")
    for name, content in files.items():
        Path(name).write_text(content)
    for command in ("check", "endurance"):
        assert run([command, *options, "--url", "/", "--", "true"]) == 2
        assert words in capsys.readouterr().err
    assert not Path("home").exists()


@pytest.mark.parametrize(
    "options", [["--json", "gone/r.json"], ["--html", "."], ["--json", "-", "--junit", "-"]]
)
def test_a_report_that_could_not_be_written_is_found_before_the_run(options: list[str]) -> None:
    with pytest.raises(UsageError, match=options[0]):
        settings_for(*options, "--url", "/", "a")


def test_help_ends_with_the_example_line_by_line() -> None:
    context = click.Context(scenario, info_name="scenario")
    assert scenario.get_help(context).splitlines()[-2:] == [
        "  Example:",
        "    tsprof scenario -- app",
    ]
