"""What is written down about where a run came from."""

import subprocess
from datetime import UTC, datetime
from pathlib import Path

from tsprof import __version__
from tsprof.supervisor.provenance import gather


def test_a_run_says_what_it_was(tmp_path: Path) -> None:
    started = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)
    found = gather(
        command=("uvicorn", "app:app"),
        cwd=tmp_path,
        started=started,
        run="a-run",
        configuration={"load": {"users": 10}},
        target_python="3.12.1",
    )
    assert found.started == "2026-03-14T15:09:26+00:00"
    assert found.command == ("uvicorn", "app:app")
    assert found.target_python == "3.12.1"
    assert found.tsprof_version == __version__
    assert found.configuration == {"load": {"users": 10}}
    assert {"locust", "memray", "psutil", "python"} <= found.versions.keys()
    assert int(found.machine["cores"]) >= 1
    assert int(found.machine["memory"]) > 0
    assert found.git_revision == ""


def revision(folder: Path) -> str:
    return gather(
        command=(),
        cwd=folder,
        started=datetime.now(UTC),
        run="",
        configuration={},
        target_python="",
    ).git_revision


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@b.c")
    return subprocess.run(
        ["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


def test_the_revision_is_that_of_the_targets_folder(tmp_path: Path) -> None:
    assert revision(tmp_path / "gone") == ""
    git(tmp_path, "init", "--quiet")
    assert revision(tmp_path) == ""
    (tmp_path / "app.py").write_text("1")
    git(tmp_path, "add", "app.py")
    git(tmp_path, "commit", "--quiet", "-m", "one")
    assert revision(tmp_path) == git(tmp_path, "rev-parse", "--short=12", "HEAD")
    (tmp_path / "app.py").write_text("2")
    assert revision(tmp_path).endswith("+")
