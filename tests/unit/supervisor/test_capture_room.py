import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from tsprof.supervisor import capture_room
from tsprof.supervisor.capture_room import DISK_LIMIT, LEFT_FREE, CaptureRoom


class Usage(NamedTuple):
    free: int


@pytest.mark.parametrize(
    ("free", "limit"),
    [(DISK_LIMIT * 10, DISK_LIMIT), (LEFT_FREE + 1_000, 1_000), (LEFT_FREE - 1, 0)],
)
def test_the_limit_leaves_room_for_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, limit: int
) -> None:
    monkeypatch.setattr(capture_room.shutil, "disk_usage", lambda _: Usage(free))
    assert CaptureRoom.in_folder(tmp_path).limit == limit


def test_it_is_used_up_when_the_captures_have_taken_their_share(tmp_path: Path) -> None:
    room = CaptureRoom(tmp_path, 3_000_000)
    assert not room.is_used_up(0.5)
    for pid in (1, 2):
        (tmp_path / f"{pid}.capture").write_bytes(bytes(1_000_000))
    assert room.is_used_up(0.5)
    assert not room.is_used_up()
    assert str(room) == "2 MB (limit: 3 MB)"


def test_it_is_used_up_when_others_have_filled_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = CaptureRoom.in_folder(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(LEFT_FREE - 1))
    assert room.is_used_up()
