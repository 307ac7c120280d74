"""Whose code a file is: the application's, a dependency's, native code or the interpreter's."""

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from importlib import metadata
from pathlib import Path

from tsprof.analysis.attribution.sites import Origin

_LIBRARY_FOLDERS = frozenset({"site-packages", "dist-packages"})
_RUNTIME = re.compile(
    r"(lib)?python\d+(\.\d+)*[a-z]?(\.so.*)?$"
    r"|lib(c|m|dl|rt|pthread|stdc\+\+|gcc_s|ffi)[.-].*|ld-linux.*|_ctypes\..*"
)
"""File names of the interpreter and of the C libraries through which all native code allocates."""


def origins(*, libraries: Sequence[Path], standard_library: Path) -> Callable[[str], Origin]:
    """Return a function that tells the origin of a source file or of a shared object.

    It remembers its answers.

    Args:
        libraries: The target's site-packages directories.
        standard_library: Where the target's interpreter has its own modules.
    """

    @cache
    def owners() -> dict[str, tuple[str, str]]:
        return _owners(libraries)

    @cache
    def origin_of(file: str) -> Origin:
        path = Path(file)
        if file.startswith("<") or not path.suffix or _RUNTIME.fullmatch(path.name):
            return Origin(kind="interpreter")
        native = ".so" in path.suffixes
        if _LIBRARY_FOLDERS.intersection(path.parts):
            name, version = owners().get(str(path)) or _by_folder(path)
            package = f"{name} {version}".strip()
            return Origin(kind="native" if native else "dependency", package=package)
        if native:
            return Origin(kind="native")
        if path.is_relative_to(standard_library):
            return Origin(kind="interpreter")
        return Origin(kind="application")

    return origin_of


def _owners(libraries: Sequence[Path]) -> dict[str, tuple[str, str]]:
    """Return name and version of the distribution by installed file, from the RECORDs."""
    found: dict[str, tuple[str, str]] = {}
    for distribution in metadata.distributions(path=[str(folder) for folder in libraries]):
        name = distribution.metadata["Name"]
        if not name:
            continue  # the remains of a broken installation
        root, of = distribution.locate_file(""), (name, distribution.version)
        found.update((f"{root}/{file}", of) for file in _code_files(distribution))
    return found


def _code_files(distribution: metadata.Distribution) -> Iterator[str]:
    """Yield the files by their paths as recorded.

    ``Distribution.files`` makes objects of all of them: 2 s for 120 distributions, not 0.1 s.
    """
    record = distribution.read_text("RECORD")
    if record is None:
        files = (str(file) for file in distribution.files or ())
    else:
        files = (row[0] for row in csv.reader(record.splitlines()) if row)
    yield from (file for file in files if file.endswith(".py") or ".so" in Path(file).suffixes)


def _by_folder(path: Path) -> tuple[str, str]:
    """Name a file that no RECORD lists by its top-level package."""
    parts = path.parts
    last = max(index for index, part in enumerate(parts) if part in _LIBRARY_FOLDERS)
    return parts[last + 1].partition(".")[0], ""
