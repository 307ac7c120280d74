import stat
import tempfile
from pathlib import Path

import pytest

from tsprof.config import Settings
from tsprof.supervisor.temporary_folder import count, environment, temporary_folder

LAUNCHED = Settings.model_validate({"target": {"command": ["service"]}})


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_a_launched_target_has_a_folder_that_goes_with_it(place: Path) -> None:
    with temporary_folder(LAUNCHED) as folder:
        assert folder is not None
        assert folder.parent == place
        assert stat.S_IMODE(folder.stat().st_mode) == 0o1777
        assert set(environment(folder).values()) == {str(folder)}
        assert count(folder) == 0
        (folder / "upload").touch()
        (folder / "job" / "part").mkdir(parents=True)
        (folder / "link").symlink_to("/")
        assert count(folder) == 4
    assert not list(place.iterdir())


@pytest.mark.parametrize(
    "target",
    [{"pid": 1}, {"command": ["service"], "env": {"TMPDIR": "/var/tmp"}}],
    ids=["it runs already", "its folder is given"],
)
def test_otherwise_it_keeps_the_folder_that_it_has(place: Path, target: dict[str, object]) -> None:
    with temporary_folder(Settings.model_validate({"target": target})) as folder:
        assert folder is None
    assert count(None) is None
    assert not environment(None)
    assert not list(place.iterdir())


def test_without_room_for_a_folder_it_keeps_that_too(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(place / "missing"))
    with temporary_folder(LAUNCHED) as folder:
        assert folder is None
