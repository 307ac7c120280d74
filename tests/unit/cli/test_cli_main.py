import errno
import re
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from tsprof.cli import main
from tsprof.cli.main import COMMANDS, Entry, cli, run
from tsprof.exit_codes import ExitCode

NAMES = [entry.name for entry in COMMANDS]
Plant = Callable[[str], None]


@pytest.fixture
def plant(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Plant:
    """Put a command named ``planted`` with the given body into the table of commands."""
    monkeypatch.setenv("TSPROF_HOME", str(tmp_path / "home"))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "planted_command", raising=False)
    entry = Entry("Tests", "planted", "planted_command:planted", "Break.")
    monkeypatch.setattr(main, "COMMANDS", (*COMMANDS, entry))

    def writer(body: str) -> None:
        (tmp_path / "planted_command.py").write_text(
            "import click\nfrom tsprof.errors import *\nfrom tsprof.exit_codes import ExitCode\n"
            "@click.command()\n@click.option('--number', type=int)\n"
            "@click.argument('command', nargs=-1, type=click.UNPROCESSED)\n"
            f"def planted(number, command):\n    {body}\n"
        )

    return writer


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("return None", 0),
        ("return ExitCode.FAIL", 1),
        ("return ExitCode.INCONCLUSIVE", 3),
        ("click.get_current_context().exit(4)", 4),
        ("return 'text'", 0),
    ],
)
def test_a_command_returns_its_exit_code(plant: Plant, body: str, status: int) -> None:
    plant(body)
    assert run(["planted"]) == status


@pytest.mark.parametrize(
    ("error", "status"),
    [
        ("UsageError('no such thing', hint='do that')", ExitCode.USAGE),
        ("NotReadyError('no such thing', hint='do that')", ExitCode.NOT_READY),
        ("StoreError('no such thing', hint='do that')", ExitCode.INTERNAL),
        ("LoadError('no such thing', hint='do that')", ExitCode.INCONCLUSIVE),
    ],
)
def test_an_error_is_told_in_a_line_and_a_hint(
    plant: Plant, capsys: pytest.CaptureFixture[str], error: str, status: int
) -> None:
    plant(f"raise {error}")
    assert run(["planted"]) == status
    captured = capsys.readouterr()
    assert captured.err == "tsprof: no such thing\nhint: do that\n"
    assert not captured.out


def test_an_error_cannot_steer_the_terminal(
    plant: Plant, capsys: pytest.CaptureFixture[str]
) -> None:
    plant(r"raise UsageError('a\x1b[2Jb\x9bc\u202ed\udc80e\n  | log')")
    run(["planted"])
    assert capsys.readouterr().err == "tsprof: a\\x1b[2Jb\\x9bc\\u202ed\\udc80e\n  | log\n"


def test_ctrl_c_ends_with_130(plant: Plant, capsys: pytest.CaptureFixture[str]) -> None:
    plant("raise KeyboardInterrupt")
    assert run(["planted"]) == 130
    assert capsys.readouterr().err == "tsprof: interrupted\n"


@pytest.mark.parametrize("error", ["ZeroDivisionError('x')", "EOFError('x')", "MemoryError()"])
def test_a_fault_is_one_line_and_a_file(
    plant: Plant, capsys: pytest.CaptureFixture[str], tmp_path: Path, error: str
) -> None:
    plant(f"raise {error}")
    assert run(["planted"]) == 70
    told = capsys.readouterr().err
    assert "Traceback" not in told
    assert len(told.splitlines()) == 2
    (file,) = (tmp_path / "home" / "faults").iterdir()
    assert str(file) in told
    assert error.partition("(")[0] in file.read_text()
    assert "planted_command.py" in file.read_text()


def test_a_fault_prints_its_traceback_when_asked(
    plant: Plant, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TSPROF_DEBUG", "1")
    plant("1 / 0")
    assert run(["planted"]) == 70
    assert "Traceback" in capsys.readouterr().err


def test_a_fault_is_saved_elsewhere_when_home_cannot_be_written(
    plant: Plant,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    (tmp_path / "home").write_text("a file where the folder should be")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "elsewhere"))
    plant("1 / 0")
    assert run(["planted"]) == 70
    (file,) = (tmp_path / "elsewhere" / "tsprof-faults").iterdir()
    assert str(file) in capsys.readouterr().err


def test_a_full_disk_is_no_fault(plant: Plant, tmp_path: Path) -> None:
    plant("raise OSError(28, 'No space left on device', 'run.db')")
    # A real file, because the command points its descriptor elsewhere.
    with pytest.MonkeyPatch.context() as patch, (tmp_path / "out").open("w") as output:
        patch.setattr(sys, "stdout", output)
        assert run(["planted"]) == 70
    assert not (tmp_path / "home" / "faults").exists()


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM, errno.ENAMETOOLONG])
def test_a_file_out_of_reach_is_no_fault(
    plant: Plant, capsys: pytest.CaptureFixture[str], tmp_path: Path, number: int
) -> None:
    plant(f"raise OSError({number}, 'Keep out', 'load.py')")
    assert run(["planted"]) == 2
    assert capsys.readouterr().err.startswith("tsprof: load.py: Keep out\nhint: ")
    assert not (tmp_path / "home" / "faults").exists()


def test_a_denial_without_a_file_is_a_fault(plant: Plant) -> None:
    plant(f"raise OSError({errno.EPERM}, 'Operation not permitted')")
    assert run(["planted"]) == 70


def test_a_broken_connection_is_a_fault_not_a_closed_output(plant: Plant, tmp_path: Path) -> None:
    plant("raise BrokenPipeError(32, 'Broken pipe')")
    with pytest.MonkeyPatch.context() as patch, (tmp_path / "out").open("w") as output:
        patch.setattr(sys, "stdout", output)
        assert run(["planted"]) == 70
    assert (tmp_path / "home" / "faults").exists()


def test_a_wrong_command_line_says_where_help_is(
    plant: Plant, capsys: pytest.CaptureFixture[str]
) -> None:
    plant("return None")
    assert run(["planted", "--number", "x"]) == 2
    assert capsys.readouterr().err == (
        "tsprof: Invalid value for '--number': 'x' is not a valid integer.\n"
        "hint: tsprof planted --help\n"
    )


def test_options_of_the_target_belong_after_the_dashes(
    plant: Plant, capsys: pytest.CaptureFixture[str]
) -> None:
    plant("print(command)")
    assert run(["planted", "uvicorn", "--port", "1"]) == 2
    assert "go after --" in capsys.readouterr().err
    assert run(["planted", "--", "uvicorn", "--port", "1"]) == 0
    assert capsys.readouterr().out == "('uvicorn', '--port', '1')\n"


@pytest.mark.parametrize(("typed", "meant"), [("chek", "check"), ("reports", "report")])
def test_a_misspelt_command_names_the_nearest(
    capsys: pytest.CaptureFixture[str], typed: str, meant: str
) -> None:
    assert run([typed]) == 2
    assert f"there is no command '{typed}'; did you mean '{meant}'?" in capsys.readouterr().err


def test_an_unknown_command_suggests_nothing_far_fetched(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["zzzz"]) == 2
    assert "did you mean" not in capsys.readouterr().err


def test_no_command_shows_help_and_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 2
    assert "Usage: tsprof" in capsys.readouterr().err


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_lists_every_command_by_section(capsys: pytest.CaptureFixture[str], flag: str) -> None:
    assert run([flag]) == 0
    printed = capsys.readouterr().out
    assert re.findall(r"^  (\w+)  +[A-Z]", printed, re.MULTILINE) == NAMES
    for code in ExitCode:
        assert re.search(rf"^    {code.value} ", printed, re.MULTILINE)


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert re.fullmatch(r"tsprof \S+\n", capsys.readouterr().out)


@pytest.mark.parametrize("entry", COMMANDS, ids=NAMES)
def test_each_command_is_what_the_table_says(entry: Entry) -> None:
    context = click.Context(cli, info_name="tsprof", **cli.context_settings)
    command = cli.get_command(context, entry.name)
    assert command is not None
    assert command.name == entry.name
    assert (command.help or "").splitlines()[0] == entry.summary
    printed = command.get_help(click.Context(command, info_name=entry.name, parent=context))
    last_paragraph = printed.split("\n\n")[-1]
    assert last_paragraph.strip().startswith("Example")
    assert f"tsprof {entry.name}" in last_paragraph


@pytest.mark.parametrize("command", ["check", "endurance", "stress"])
def test_the_help_on_lengths_says_what_comes_on_top(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([command, "--help"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "To rest and to look for a culprit takes some 30 s more." in shown
