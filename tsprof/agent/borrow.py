"""Load memray into the target: its own, or the bare extension module of another environment."""

from __future__ import annotations

import importlib
import importlib.machinery
import os
import sys
import types

TYPE_CHECKING = False  # typing itself would be imported into the target
if TYPE_CHECKING:
    from typing import Any

_NAMES = ("memray", "memray._memray", "memray.reporters", "memray.reporters.module_tools")
_STAND_INS = {
    "rich": ("print",),
    "rich.progress": (
        "BarColumn", "MofNCompleteColumn", "Progress", "SpinnerColumn", "TaskProgressColumn",
        "TextColumn", "TimeElapsedColumn", "TimeRemainingColumn",
    ),
}  # fmt: skip


def load_own() -> Any:
    """Import memray from the target's environment.

    Returns:
        The extension module, or None where the target has no memray.
    """
    if "memray" not in sys.modules and importlib.machinery.PathFinder.find_spec("memray") is None:
        return None
    module = importlib.import_module("memray._memray")
    try:  # noqa: SIM105 - contextlib is one more module too
        # The tracker would import it, and have it read the build's settings, when it starts.
        importlib.import_module("memray.reporters.module_tools").get_python_path_info()
    except (ImportError, AttributeError):
        pass  # older versions have none
    return silenced(module)


def load_borrowed(path: str) -> Any:
    """Load memray's extension module alone, with empty stand-ins for what it imports.

    In a bare interpreter memray's package with rich costs 12.6 MB of RSS and 133 modules, the
    extension alone 9.2 MB and 65, all of the standard library. Nothing of ``path`` becomes
    importable in the target: no entry in ``sys.path``, no name left in ``sys.modules``.

    Args:
        path: a site-packages directory with memray.

    Returns:
        The extension module, or None where ``path`` has none for this interpreter: the file's
        name carries interpreter version, ABI and platform.
    """
    folder = os.path.join(path, "memray")
    suffixes = [s for s in importlib.machinery.EXTENSION_SUFFIXES if s.startswith(".cpython-")]
    if not any(os.path.exists(os.path.join(folder, "_memray" + suffix)) for suffix in suffixes):
        return None
    package = types.ModuleType("memray")
    package.__path__ = [folder]
    stand_ins = {"memray": package}
    for name, contents in _STAND_INS.items():
        if name not in sys.modules:
            stand_ins[name] = types.ModuleType(name)
            vars(stand_ins[name]).update(dict.fromkeys(contents))
    sys.modules.update(stand_ins)
    try:
        return silenced(importlib.import_module("memray._memray"))
    finally:
        for name in [n for n in sys.modules if n in stand_ins or n.startswith("memray.")]:
            del sys.modules[name]


def modules_while_tracing(borrowed: Any) -> dict[str, Any]:
    """Return the modules that a borrowed memray looks up by name while it traces."""
    package, reporters, tools = (
        types.ModuleType(name) for name in (_NAMES[0], _NAMES[2], _NAMES[3])
    )
    vars(package)["__path__"] = vars(reporters)["__path__"] = []
    vars(tools)["get_python_path_info"] = _no_paths
    modules = (package, borrowed, reporters, tools)
    return {name: module for name, module in zip(_NAMES, modules)}  # noqa: B905, C416 - 3.9


def silenced(module: Any) -> Any:
    """Take away memray's greenlet warning.

    It goes through rich to the target's stderr, and when printing fails memray ends the process
    (``PythonStackTracker::installGreenletTraceFunctionIfNeeded`` calls ``_exit``).
    """
    module.print_greenlet_warning = _say_nothing
    return module


def _no_paths() -> dict[str, Any]:
    return {"stdlib": None, "site_packages": [], "sys_path": []}


def _say_nothing() -> None:
    return None
