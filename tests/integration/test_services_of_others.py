"""Services that nobody here wrote are clean, or the run says exactly why it cannot tell."""

import sqlite3
import sys
from pathlib import Path

import pytest
from command_line import CommandLine, Finished

SERVICES = Path(sys.prefix) / "services" / "bin"


def program(name: str) -> str:
    path = SERVICES / name
    if not path.exists():
        pytest.skip(f"{name} is not installed; make test does that")
    return str(path)


def holds_up(finished: Finished) -> bool:
    """Tell whether the verdict is one that a look from outside bears out: none of these leaks."""
    assert finished.report["findings"] == [] or finished.code == 3
    assert finished.report["failures"] == 0
    assert {process["source"] for process in finished.report["processes"]} == {"agent"}
    if finished.code == 3:
        assert finished.report["advice"]
        return "memory" in finished.reasons or "leak" in finished.reasons
    return finished.code == 0 and "would have shown" in finished.reasons


def test_httpbin(tsprof: CommandLine) -> None:
    paths = ("--url", "/get", "--url", "/headers", "--url", "/json")
    server = ("-w", "2", "-k", "gthread", "-b", "127.0.0.1:{port}", "httpbin:app")
    assert holds_up(tsprof.run("check", *paths, "--", program("gunicorn"), *server))


def test_datasette(tsprof: CommandLine, tmp_path: Path) -> None:
    database = sqlite3.connect(tmp_path / "shop.db")
    database.execute("create table items (name text)")
    database.executemany("insert into items values (?)", [(f"item {n}",) for n in range(200)])
    database.commit()
    database.close()
    server = ("serve", str(tmp_path / "shop.db"), "--port", "{port}")
    # It grows by jumps for a minute and more: a shorter look is as undecided.
    options = ("--url", "/shop/items.json", "--url", "/", "--max-time", "25")
    assert holds_up(tsprof.run("check", *options, "--", program("datasette"), *server))


def test_pypiserver(tsprof: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "packages").mkdir()
    (tmp_path / "packages" / "shop-1.0.tar.gz").write_bytes(b"not really")
    server = ("run", "-p", "{port}", "-i", "127.0.0.1", str(tmp_path / "packages"))
    assert holds_up(tsprof.run("check", "--url", "/simple/", "--", program("pypi-server"), *server))
