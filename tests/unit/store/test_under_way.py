from pathlib import Path

import pytest

from tsprof.store.under_way import is_under_way, under_way


def test_a_run_is_under_way_while_it_is_written(tmp_path: Path) -> None:
    assert not is_under_way(tmp_path)
    with under_way(tmp_path):
        assert is_under_way(tmp_path)
        assert is_under_way(tmp_path)
    assert not is_under_way(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_failed_is_not_under_way(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="no room"), under_way(tmp_path):
        raise OSError("no room")
    assert not is_under_way(tmp_path)


def test_a_folder_that_is_gone_is_not_under_way(tmp_path: Path) -> None:
    assert not is_under_way(tmp_path / "gone")
