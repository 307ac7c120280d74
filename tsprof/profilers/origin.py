"""Whose code a source file is: the application's, a dependency's or the interpreter's."""

import csv
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import cache
from importlib import metadata
from pathlib import Path

from tsprof.analysis.sites import Origin

_LIBRARY_FOLDERS = frozenset({"site-packages", "dist-packages"})
_NATIVE_SUFFIXES = frozenset({".c", ".cc", ".cpp", ".cxx", ".h", ".hpp", ".rs", ".S"})


def origins(
    *,
    libraries: Sequence[Path],
    standard_library: Path,
    application_packages: Collection[str] = (),
) -> Callable[[str], Origin]:
    """Return a function that tells a source file's origin; it remembers its answers.

    Args:
        libraries: The target's site-packages directories.
        standard_library: Where the target's interpreter has its own modules.
        application_packages: Distributions that are the application under test although they are
            installed like a dependency (``pip install .`` in an image).
    """
    ours = frozenset(map(_normal, application_packages))

    @cache
    def owners() -> dict[str, tuple[str, str]]:
        return _owners(libraries)

    @cache
    def origin_of(file: str) -> Origin:
        path = Path(file)
        # memray says <unknown> where native code has no debug information.
        if file == "<unknown>" or path.suffix in _NATIVE_SUFFIXES or ".so" in path.suffixes:
            return Origin(kind="native")
        if file.startswith("<") or not path.suffix:
            return Origin(kind="interpreter")
        if _LIBRARY_FOLDERS.intersection(path.parts):
            name, version = owners().get(str(path)) or _by_folder(path)
            if _normal(name) in ours:
                return Origin(kind="application")
            return Origin(kind="dependency", package=f"{name} {version}".strip())
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
        found.update((f"{root}/{file}", of) for file in _python_files(distribution))
    return found


def _python_files(distribution: metadata.Distribution) -> Iterator[str]:
    """Yield the files by their paths as recorded.

    ``Distribution.files`` makes objects of all of them: 2 s for 120 distributions, not 0.1 s.
    """
    record = distribution.read_text("RECORD")
    if record is None:
        yield from (str(file) for file in distribution.files or () if file.suffix == ".py")
    else:
        yield from (
            row[0] for row in csv.reader(record.splitlines()) if row and row[0].endswith(".py")
        )


def _by_folder(path: Path) -> tuple[str, str]:
    """Name a file that no RECORD lists by its top-level package."""
    parts = path.parts
    last = max(index for index, part in enumerate(parts) if part in _LIBRARY_FOLDERS)
    return parts[last + 1].removesuffix(".py"), ""


def _normal(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")
