import tomllib

import pytest

from tsprof.cli.docs import DOCS, pages, updated
from tsprof.cli.main import COMMANDS
from tsprof.config.problems import validated


@pytest.mark.parametrize("name", ["commands.md", "configuration.md", "scenarios.md"])
def test_generated_pages_are_current(name: str) -> None:
    page = (DOCS / name).read_text(encoding="utf-8")
    assert updated(page, pages()[name]) == page, "run: python -m tsprof.cli.docs"


def test_every_command_has_its_help() -> None:
    generated = pages()["commands.md"]
    for entry in COMMANDS:
        assert f"Usage: tsprof {entry.name}" in generated
    assert generated.count("  -h, --help") == len(COMMANDS) + 1


def test_the_example_of_the_configuration_is_right() -> None:
    page = (DOCS / "configuration.md").read_text(encoding="utf-8")
    example = page.partition("```toml\n")[2].partition("```")[0]
    settings = validated(tomllib.loads(example), lambda table, key: f"[{table}] {key}")
    assert settings.criteria == {"p99_ms": 50, "error_rate": 0.01}


def test_only_the_part_between_the_markers_is_replaced() -> None:
    page = (DOCS / "configuration.md").read_text(encoding="utf-8")
    changed = updated(page, "new")
    assert changed.splitlines()[:10] == page.splitlines()[:10]
    assert "| `command` |" not in changed
    assert updated(changed, "new") == changed


def test_a_page_without_markers_is_refused() -> None:
    with pytest.raises(ValueError, match="lacks its markers"):
        updated("# Page\n", "new")
