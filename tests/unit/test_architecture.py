"""The rows of CONTRIBUTING.md: no module imports from a row above its own."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import tsprof

PACKAGE = Path(tsprof.__file__).parent
ROWS = (
    ("cli",),
    ("scenarios", "monitor"),
    ("supervisor",),
    ("load", "probes", "profilers"),
    ("agent",),
    ("store",),
    ("analysis",),
    ("report",),
)
ROW = {folder: number for number, row in enumerate(ROWS) for folder in row}
SHARED = {
    "config", "errors", "exit_codes", "histogram", "lines", "loopback", "records", "stacks",
    "units",
}  # fmt: skip
"""What all rows may use, and what uses none of them."""


def parts(file: Path) -> tuple[str, ...]:
    return file.relative_to(PACKAGE).with_suffix("").parts


def modules(file: Path) -> Iterator[list[str]]:
    """Yield the dotted names of what a file imports, in parts."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            names = (f"{node.module or ''}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            names = (alias.name for alias in node.names)
        else:
            continue
        yield from (name.split(".") for name in names)


def imported(file: Path) -> Iterator[str]:
    """Yield the folders and modules right below the package that a file imports from."""
    yield from (name[1] for name in modules(file) if name[0] == "tsprof" and name[1:])


@pytest.mark.parametrize("folder", ROW)
def test_a_folder_imports_from_no_row_above_its_own(folder: str) -> None:
    above = {other for other, row in ROW.items() if row < ROW[folder]}
    wrong = [
        (str(file), name)
        for file in (PACKAGE / folder).rglob("*.py")
        for name in imported(file)
        if name in above
    ]
    assert not wrong


def test_what_all_share_uses_no_row() -> None:
    files = [file for file in PACKAGE.rglob("*.py") if parts(file)[0] in SHARED]
    assert {parts(file)[0] for file in files} == SHARED
    assert not [(str(file), name) for file in files for name in imported(file) if name in ROW]


def test_the_agent_uses_nothing_else_of_the_package() -> None:
    files = (PACKAGE / "agent").rglob("*.py")
    assert not [(str(f), name) for f in files for name in imported(f) if name != "agent"]


def test_the_analysis_can_reach_neither_files_nor_clocks() -> None:
    outside = {"io", "logging", "os", "psutil", "socket", "sqlite3", "subprocess", "sys", "time"}
    files = (PACKAGE / "analysis").rglob("*.py")
    used = {name[0] for file in files for name in modules(file)}
    assert "numpy" in used
    assert not used & outside
