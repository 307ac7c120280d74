"""Find and read the configuration file."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tsprof.config.model import STDOUT, Settings
from tsprof.config.problems import validated
from tsprof.errors import UsageError

TSPROF_TOML = "tsprof.toml"
PYPROJECT_TOML = "pyproject.toml"
_LARGEST_FILE = 1 << 20
"""Bytes. A configuration is a few kilobytes; a device or a core dump named by mistake is not."""


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """Settings with where they come from."""

    settings: Settings
    source: Path | None
    """The file; None when there is none and every value is a default."""
    notes: tuple[str, ...] = ()
    """What the user should know about the choice of the file."""


def load_settings(directory: Path, file: Path | None = None) -> Loaded:
    """Read the settings of the project in a folder.

    Relative paths in the file count from the file's own folder.

    Args:
        directory: where to look for ``tsprof.toml``, then ``pyproject.toml``.
        file: a file to read instead; one named ``pyproject.toml`` is read at ``[tool.tsprof]``.

    Raises:
        UsageError: the file cannot be read, is not TOML, or says something wrong.
    """
    if file is not None:
        tables = _tables_of(file)
        if tables is None:
            raise UsageError(
                f"{file} has no table [tool.tsprof]", hint="tsprof init --print shows what goes in"
            )
        return Loaded(settings=_settings(tables, file), source=file)
    own, project = directory / TSPROF_TOML, directory / PYPROJECT_TOML
    if own.exists():
        ignored = f"{own} is used; [tool.tsprof] in {project} is ignored"
        notes = (ignored,) if _has_tool_table(project) else ()
        return Loaded(settings=_settings(read_toml(own), own), source=own, notes=notes)
    tables = _tables_of(project) if project.exists() else None
    if tables is not None:
        return Loaded(settings=_settings(tables, project), source=project)
    return Loaded(settings=Settings(), source=None)


def _settings(tables: dict[str, Any], file: Path) -> Settings:
    prefix = "tool.tsprof." if file.name == PYPROJECT_TOML else ""

    def name(table: str, key: str) -> str:
        if not table:
            return f"{file}: "
        return f"{file}: [{prefix}{table}] {key}".rstrip()

    return _from_folder(validated(tables, name), file.parent)


def _from_folder(settings: Settings, folder: Path) -> Settings:
    """The settings with relative paths made relative to the working directory."""

    def moved(path: Path | None) -> Path | None:
        return path if path is None or path == STDOUT else folder / path

    def update(table: Any, *names: str) -> Any:
        present = [name for name in names if name in table.model_fields_set]
        return table.model_copy(update={name: moved(getattr(table, name)) for name in present})

    return settings.model_copy(
        update={
            table: update(getattr(settings, table), *names)
            for table, names in {
                "target": ("cwd",),
                "load": ("locustfile",),
                "check": ("baseline", "acknowledged"),
                "compare": ("reference_cwd",),
                "report": tuple(type(settings.report).model_fields),
            }.items()
            if table in settings.model_fields_set
        }
    )


def _tables_of(file: Path) -> dict[str, Any] | None:
    """The tables for tsprof in a file; None for a ``pyproject.toml`` that has none."""
    content = read_toml(file)
    if file.name != PYPROJECT_TOML:
        return content
    tool = content.get("tool", {})
    tables = tool.get("tsprof") if isinstance(tool, dict) else None
    if tables is not None and not isinstance(tables, dict):
        raise UsageError(f"{file}: [tool.tsprof] must be a table")
    return tables


def _has_tool_table(project: Path) -> bool:
    try:
        return project.exists() and _tables_of(project) is not None
    except UsageError:
        return False  # it is not the file that is read, and its own tools will complain


def read_toml(file: Path, *, hint: str = "tsprof init writes one") -> dict[str, Any]:
    """Read a TOML file.

    Args:
        file: of at most a megabyte.
        hint: what to do when there is none.

    Raises:
        UsageError: it cannot be read, or is not TOML.
    """
    try:
        with file.open("rb") as opened:
            content = opened.read(_LARGEST_FILE + 1)
        if len(content) > _LARGEST_FILE:
            raise UsageError(f"{file} is larger than a megabyte; it is no configuration file")
        return tomllib.loads(content.decode())
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}", hint=hint) from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{file} is not UTF-8 text (byte {error.start})") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        # A text in single or double quotes ends on its line.
        is_open = "Illegal character '\\n'" in str(error)
        hint = "is the quote closed?" if is_open else ""
        raise UsageError(f"{file} is not TOML: {error}", hint=hint) from error
