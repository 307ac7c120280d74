"""Bring the tsprof agent into a Python program whose ``PYTHONPATH`` starts with this folder.

The program's own ``sitecustomize`` still runs afterwards. Written for any Python, so that one that
is too old or too new for the agent runs as without it.
"""

import os
import sys


def _start_agent(here):
    socket_path = os.environ.get("TSPROF_AGENT_SOCKET")
    if not socket_path:
        return
    if sys.version_info < (3, 9) or sys.implementation.name != "cpython":
        return  # too old to load what follows
    import importlib.util

    folder = os.path.dirname(here)
    spec = importlib.util.spec_from_file_location(
        "_tsprof_agent",
        os.path.join(folder, "__init__.py"),
        submodule_search_locations=[folder],
    )
    package = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(package)
    if sys.version_info[:2] > package.NEWEST:
        return
    sys.modules["_tsprof_agent"] = package
    from _tsprof_agent import core

    core.start(socket_path)


def _run_the_programs_own(here):
    """Import the ``sitecustomize`` that this one hides, as ``site`` would have."""
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry or ".") != here]
    this = sys.modules.pop("sitecustomize", None)
    try:
        import sitecustomize  # noqa: F401
    except ImportError as error:
        if getattr(error, "name", None) != "sitecustomize":
            raise
        if this is not None:
            sys.modules["sitecustomize"] = this


_here = os.path.dirname(os.path.abspath(__file__))
try:
    _start_agent(_here)
except Exception as error:  # noqa: BLE001 - the target must start whatever befalls the agent
    # Isolated subinterpreters (3.12 and later) refuse ctypes; the agent is in the main one.
    if "subinterpreter" not in str(error):
        sys.stderr.write("tsprof: the agent could not start in this process: %r\n" % (error,))
_run_the_programs_own(_here)
