"""Fold names that differ in numbers or random parts into one pattern."""

import re
from collections.abc import Collection, Iterable
from itertools import takewhile
from pathlib import PurePosixPath

_NUMBERED = re.compile(r"\w*\d\w*")
_RANDOM_FOLDER = re.compile(r".*\d.*|tmp.+")
"""Folders that are made anew each time, such as those of ``tempfile.mkdtemp``."""
_NUMBER_AT_END = re.compile(r"\d+$")
_NUMBER_AT_START = re.compile(r"^\d+")


def skeleton(name: str) -> str:
    """Return what names of one kind have in common: the key by which they are counted.

    Of a path that is the folder and the extension, since a name may be random altogether; of other
    names the words without digits.
    """
    if not name.startswith("/"):
        return _NUMBERED.sub("*", name)
    path = PurePosixPath(name)
    folders = ["*" if _RANDOM_FOLDER.fullmatch(part) else part for part in path.parts[1:-1]]
    extension = "" if re.search(r"\d", path.suffix) else path.suffix
    return "/".join(["", *folders, "*" + extension])


def pattern(names: Collection[str]) -> str:
    """Return one name for several: what they begin and end with, and a ``*`` for what differs."""
    different = set(names)
    if len(different) <= 1:
        return next(iter(different), "")
    prefix = _common_start(different)
    rest = [name[len(prefix) :] for name in different]
    suffix = _common_start(name[::-1] for name in rest)[::-1]
    return _NUMBER_AT_END.sub("", prefix) + "*" + _NUMBER_AT_START.sub("", suffix)


def _common_start(names: Iterable[str]) -> str:
    alike = takewhile(lambda letters: len(set(letters)) == 1, zip(*names, strict=False))
    return "".join(letters[0] for letters in alike)
