"""The control group's memory limit and kills, in both versions."""

import os
from pathlib import Path

import pytest

from tsprof.probes.cgroup import MemoryGroup, memory_group


def group_of_this_process() -> tuple[Path, bool]:
    """Return the path of this process's memory group below the mounts, and whether it is of v1."""
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if "memory" in controllers.split(","):
            return Path("memory") / path.lstrip("/"), True
        if controllers == "":
            unified = Path(path.lstrip("/"))
    return unified, False


def files(folder: Path, *, version_1: bool, limit: str, events: str) -> None:
    names = ("memory.limit_in_bytes", "memory.oom_control") if version_1 else (
        "memory.max", "memory.events")  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    (folder / names[0]).write_text(limit)
    (folder / names[1]).write_text(events)


def test_the_group_of_a_process_is_found_by_its_path(tmp_path: Path) -> None:
    path, version_1 = group_of_this_process()
    files(tmp_path / path, version_1=version_1, limit="67108864\n", events="oom_kill 3\n")
    group = memory_group(os.getpid(), tmp_path)
    assert group is not None
    assert (group.limit(), group.kills()) == (64 << 20, 3)


def test_in_a_container_the_group_is_the_mount_itself(tmp_path: Path) -> None:
    _, version_1 = group_of_this_process()
    mount = tmp_path / "memory" if version_1 else tmp_path
    files(mount, version_1=version_1, limit="1000\n", events="oom_kill 1\n")
    group = memory_group(os.getpid(), tmp_path)
    assert group is not None
    assert (group.limit(), group.kills()) == (1000, 1)


def test_there_may_be_no_group(tmp_path: Path) -> None:
    assert memory_group(os.getpid(), tmp_path) is None
    assert memory_group(2**22 + 1) is None


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("max\n", None),
        ("9223372036854771712\n", None),
        ("123456\n", 123456),
        ("", None),
        ("much\n", None),
    ],
)
def test_limits(tmp_path: Path, text: str, limit: int | None) -> None:
    (tmp_path / "limit").write_text(text)
    assert MemoryGroup(tmp_path / "limit", tmp_path / "events").limit() == limit


@pytest.mark.parametrize(
    ("text", "kills"),
    [
        ("low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 0\n", 2),
        ("oom_kill_disable 0\nunder_oom 0\noom_kill 7\n", 7),
        ("oom_kill_disable 0\nunder_oom 0\n", 0),
        ("", 0),
    ],
    ids=["version 2", "version 1", "an old kernel", "nothing"],
)
def test_kills(tmp_path: Path, text: str, kills: int) -> None:
    (tmp_path / "events").write_text(text)
    assert MemoryGroup(tmp_path / "limit", tmp_path / "events").kills() == kills


def test_a_group_that_was_removed_tells_nothing(tmp_path: Path) -> None:
    group = MemoryGroup(tmp_path / "limit", tmp_path / "events")
    assert (group.limit(), group.kills()) == (None, 0)
