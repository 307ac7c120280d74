"""A project's folder as data: its Python modules, parsed, and the packages it asks for."""

import ast
import os
import re
import tomllib
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

_MOST_FILES = 5000
_MOST_PARSED = 500
"""Modules. Parsing and walking one takes 5 ms on average."""
_LARGEST_FILE = 1 << 18
"""Bytes. Larger Python files are generated data, and parsing one takes seconds."""
_WORTH_PARSING = re.compile(
    rb"fastapi|starlette|litestar|quart|sanic|falcon|flask|bottle|aiohttp|django|channels"
    rb"|ROOT_URLCONF|start_response|receive, *send"
    rb"|^(?:app|application|api|server)\b[^=\n]*=",
    re.IGNORECASE | re.MULTILINE,
)
"""What a module with an application or a route has in it."""
_NOT_THE_SERVICE = frozenset(
    {
        *("alembic", "benchmarks", "build", "dist", "doc", "docs", "env", "example", "examples"),
        *("migrations", "node_modules", "scripts", "site-packages", "test", "tests", "venv"),
    }
)
"""Folders whose applications are not the one that is released."""
_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")


@dataclass(frozen=True, kw_only=True)
class Module:
    """One Python file."""

    file: PurePosixPath
    """Relative to the project's folder."""
    root: PurePosixPath
    """The folder that must be on Python's path to import it, relative to the project's."""
    name: str
    """How it is imported from there: ``shop.api.main``."""
    tree: ast.Module
    imports: Mapping[str, str]
    """Local names with the dotted names that they stand for."""

    def qualified(self, node: ast.expr) -> str:
        """Return the dotted name of an expression such as ``web.Application``; empty for others.

        A name that is not imported belongs to the module itself.
        """
        if isinstance(node, ast.Attribute):
            owner = self.qualified(node.value)
            return f"{owner}.{node.attr}" if owner else ""
        if isinstance(node, ast.Name):
            return self.imports.get(node.id, f"{self.name}.{node.id}")
        return ""


def modules(directory: Path) -> list[Module]:
    """Parse the Python files of a project; what cannot be read or parsed is left out."""
    found = []
    for file in _python_files(directory):
        try:
            content = file.read_bytes() if file.stat().st_size <= _LARGEST_FILE else b""
            if not _WORTH_PARSING.search(content):
                continue
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a project's escape sequences are its own affair
                tree = ast.parse(content)
        except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        found.append(_module(directory, file, tree))
        if len(found) == _MOST_PARSED:
            break
    return found


def _python_files(directory: Path) -> Iterator[Path]:
    count = 0
    for folder, subfolders, names in os.walk(directory):
        subfolders[:] = sorted(
            name
            for name in subfolders
            if name.lower() not in _NOT_THE_SERVICE
            and not name.startswith((".", "_"))
            and not exists(Path(folder) / name / "pyvenv.cfg")
        )
        for name in sorted(names):
            if name.endswith(".py") and not name.startswith("test_") and name != "conftest.py":
                count += 1
                if count > _MOST_FILES:
                    return
                yield Path(folder) / name


def _module(directory: Path, file: Path, tree: ast.Module) -> Module:
    relative = PurePosixPath(file.relative_to(directory).as_posix())
    root = _import_root(directory, relative, tree)
    parts = [*relative.parent.relative_to(root).parts, relative.stem]
    package = parts[:-1]
    if parts[-1] == "__init__":
        parts.pop()
    return Module(
        file=relative,
        root=root,
        name=".".join(parts),
        tree=tree,
        imports=_imports(tree, package),
    )


def _import_root(directory: Path, file: PurePosixPath, tree: ast.Module) -> PurePosixPath:
    """The folder from which a file is imported."""
    folder = file.parent
    while folder.parts and exists(directory / folder / "__init__.py"):
        folder = folder.parent
    if folder != file.parent or not folder.parts or folder.parts[0] == "src":
        return folder
    # A folder without __init__.py: either a package all the same, imported from above it, or a
    # folder of scripts that import each other by their bare names.
    siblings = {path.stem for path in (directory / folder).glob("*.py")}
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom) and not node.level
            else []
        )
    }
    is_script_folder = siblings & imported and folder.parts[0] not in imported
    return folder if is_script_folder else PurePosixPath()


def _imports(tree: ast.Module, package: list[str]) -> dict[str, str]:
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                whole = alias.name if alias.asname else alias.name.split(".")[0]
                names[alias.asname or whole] = whole
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            origin = ".".join([*above, *(node.module or "").split(".")]).strip(".")
            for alias in node.names:
                names[alias.asname or alias.name] = f"{origin}.{alias.name}".lstrip(".")
    return names


def requirements(directory: Path) -> frozenset[str]:
    """Return the names of the packages that the project asks for or has in its environment.

    Read from ``requirements*.txt``, ``pyproject.toml`` (PEP 621, dependency groups, Poetry),
    ``Pipfile`` and the environment in ``.venv`` or ``venv``; lower case, with dashes.
    """
    lines: list[str] = []
    for file in [*directory.glob("requirements*.txt"), *directory.glob("requirements/*.txt")]:
        lines += text_of(file).splitlines()
    project = _toml(directory / "pyproject.toml")
    lines += _texts(project.get("project"))
    lines += _texts(project.get("dependency-groups"))
    lines += _keys(project.get("tool", {}), "poetry")
    lines += _keys({"pipfile": _toml(directory / "Pipfile")}, "pipfile")
    for environment in (".venv", "venv"):
        installed = directory.glob(f"{environment}/lib/python3*/site-packages/*.dist-info")
        lines += [path.name.split("-")[0] for path in installed]
    names = (match[1] for match in map(_REQUIREMENT.match, lines) if match)
    return frozenset(re.sub(r"[-_.]+", "-", name).lower() for name in names)


def _toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text_of(file))
    except (tomllib.TOMLDecodeError, RecursionError):
        return {}


def _texts(value: Any) -> list[str]:
    """Every text in the lists below a value: requirements are written as such."""
    if isinstance(value, dict):
        return [text for item in value.values() for text in _texts(item)]
    if isinstance(value, list):
        return [item for item in value if isinstance(item, str)]
    return []


def _keys(tables: Any, name: str) -> list[str]:
    """The packages of Poetry and Pipenv, which write them as the keys of tables."""
    table = tables.get(name) if isinstance(tables, dict) else None
    if not isinstance(table, dict):
        return []
    lists = (table.get(key) for key in ("dependencies", "packages"))
    dependencies = [key for entries in lists if isinstance(entries, dict) for key in entries]
    groups = table.get("group")
    below = [_keys(groups, group) for group in groups] if isinstance(groups, dict) else []
    return dependencies + [key for keys in below for key in keys]


def exists(path: Path) -> bool:
    """Tell whether something is there that may be looked at."""
    try:
        path.stat()
    except OSError:
        return False
    return True


def text_of(file: Path) -> str:
    """Return a file's text; empty for one that is not there, huge, or cannot be read."""
    try:
        if not file.is_file() or file.stat().st_size > _LARGEST_FILE:
            return ""
        return file.read_text(errors="replace")
    except OSError:
        return ""
