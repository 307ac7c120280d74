"""Which memray a target is lent that has none."""

import shlex
import sysconfig
from pathlib import Path

import memray
import pytest

from tsprof.profilers.lent_memray import install_command, lent_to

OWN = str(sysconfig.get_config_var("SOABI"))
OTHER = "-".join(["cpython", "399", *OWN.split("-")[2:]])


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder in which nothing is; its name must be quoted."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "a cache"))
    return tmp_path / "a cache" / "tsprof"


def installed(soabi: str) -> Path:
    """Put there what the command would bring; return where."""
    words = shlex.split(install_command(soabi))
    folder = Path(words[words.index("--target") + 1])
    (folder / "memray").mkdir(parents=True)
    (folder / "memray" / f"_memray.{soabi}.so").touch()
    return folder


def test_the_same_python_has_that_of_tsprof() -> None:
    assert lent_to(OWN) == Path(memray.__file__).parents[1]


def test_another_python_has_what_the_command_brings(cache: Path) -> None:
    assert lent_to(OTHER) is None
    folder = installed(OTHER)
    assert folder.parent == cache
    assert lent_to(OTHER) == folder
    assert lent_to(OTHER.replace("399", "398")) is None


def test_a_folder_that_others_can_write_to_is_not_trusted(cache: Path) -> None:
    installed(OTHER)
    cache.chmod(0o777)
    assert lent_to(OTHER) is None


@pytest.mark.parametrize(
    "soabi", ["", "pypy310-pp73", OTHER.replace("399", "399t"), "cpython-399-other", "../x"]
)
def test_an_interpreter_for_which_there_is_none(soabi: str) -> None:
    assert install_command(soabi) == ""
    assert lent_to(soabi) is None
