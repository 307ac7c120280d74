"""An option that there is not: what was meant, and no far-fetched guess."""

import pytest

from tsprof.cli.main import run


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (["check", "--duration", "10s"], "--max-time"),
        (["endurance", "--duration", "10s"], "--hours"),
        (["check", "--max-tme", "10s"], "--max-time"),
    ],
)
def test_the_option_that_was_meant_is_named(
    arguments: list[str], meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*arguments, "--url", "/", "a"]) == 2
    told = capsys.readouterr().err.splitlines()[0]
    assert told == f"tsprof: No such option {arguments[1]!r}. Did you mean {meant!r}?"


@pytest.mark.parametrize("option", ["--header", "--method", "-H", "-X"])
def test_what_else_to_send_than_a_get_is_for_a_locust_file(
    option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["check", option, "A", "--url", "/", "a"]) == 2
    told = capsys.readouterr().err
    assert "Did you mean" not in told
    assert "need a Locust file" in told


def test_a_command_without_load_says_nothing_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["runs", "--header", "A"]) == 2
    assert "hint: tsprof runs --help" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--scale", "small"], "Invalid value for '--scale': 'small' is not a number."),
        (["--web", "x"], "Invalid value for '--web': 'x' is not a whole number."),
        (
            ["--criterion", "p99_ms > 3"],
            "Invalid value for '--criterion': p99_ms has to be < its limit, not >",
        ),
        (
            ["--criterion", "error_rate < -3%"],
            (
                "--criterion error_rate: '-3%' is not a share; write it from 0 to 1 or with a "
                "percent sign, such as 0.2 or 20%"
            ),
        ),
    ],
)
def test_a_wrong_value_is_told_in_the_words_of_the_command_line(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["baseline", *arguments, "--url", "/", "a"]) == 2
    assert capsys.readouterr().err.splitlines()[0] == f"tsprof: {told}"
