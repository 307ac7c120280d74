"""A folder of its own for the target's temporary files, so that those it leaves can be counted.

It lies in the folder that the target would have used, on the same disk and with the same rights,
and nobody else writes there. It is removed when the target is down.
"""

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from tsprof.config import Settings

VARIABLES = ("TMPDIR", "TEMP", "TMP")
"""Environment variables that say where temporary files go, the strongest first."""
MOST = 1_000_000
"""Entries that are counted; so many take about a second."""


@contextmanager
def temporary_folder(settings: Settings) -> Iterator[Path | None]:
    """Give the target that is to be launched a folder for its temporary files.

    Returns:
        The folder; None where the target runs already, its environment is set to another folder, or
        there is no room for one.
    """
    given = any(name in settings.target.env for name in VARIABLES)
    if settings.target.pid is not None or given:
        yield None
        return
    try:
        folder = Path(tempfile.mkdtemp(prefix="tsprof-")).resolve()
        # As /tmp: the target may run as another user.
        folder.chmod(stat.S_ISVTX | stat.S_IRWXU | stat.S_IRWXG | stat.S_IRWXO)
    except OSError:
        yield None
        return
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def environment(folder: Path | None) -> Mapping[str, str]:
    """Return the variables that lead a target there."""
    return {} if folder is None else dict.fromkeys(VARIABLES, str(folder))


def entries(folder: Path) -> Iterator[str]:
    """Yield the paths of the files and folders below a folder, up to ``MOST``."""
    return islice(_walk(str(folder)), MOST)


def count(folder: Path | None) -> int | None:
    """Return how many files and folders are there; None without a folder."""
    return None if folder is None else sum(1 for _ in entries(folder))


def _walk(top: str) -> Iterator[str]:
    waiting = [top]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as found:
                for entry in found:
                    yield entry.path
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
        except OSError:  # it was removed meanwhile, or may not be read
            continue
