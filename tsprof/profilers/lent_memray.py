"""memray for targets that have none: tsprof's own, or one that the user has put into its cache.

The extension module is made for one version of Python. For others than tsprof's, pip installs it
into a folder of tsprof's, so that nothing in the target's environment changes.
"""

import importlib.util
import re
import shlex
import sysconfig
from importlib import metadata
from pathlib import Path

from tsprof.cache_folder import cache_folder, cache_path
from tsprof.errors import AgentError

_SOABI = re.compile(r"cpython-3(?P<minor>\d+)-(?P<platform>[\w-]+)")
"""CPython as most build it; a suffix of the version is a free-threaded or a debug build."""


def lent_to(soabi: str) -> Path | None:
    """Return the site-packages directory whose memray fits an interpreter; None where none does.

    Args:
        soabi: interpreter version and ABI of the target, such as ``cpython-312-x86_64-linux-gnu``.
    """
    if soabi and soabi == sysconfig.get_config_var("SOABI"):
        spec = importlib.util.find_spec("memray")
        return None if spec is None or spec.origin is None else Path(spec.origin).parents[1]
    if not _minor(soabi):
        return None
    try:
        folder = cache_folder() / _name(soabi)
    except (AgentError, metadata.PackageNotFoundError):
        return None
    return folder if (folder / "memray" / f"_memray.{soabi}.so").exists() else None


def install_command(soabi: str) -> str:
    """Return the command that brings memray for an interpreter; empty where there can be none.

    It is of tsprof's own version: an older or a newer one may write captures in another format.
    """
    minor = _minor(soabi)
    if not minor:
        return ""
    try:
        folder = cache_path() / _name(soabi)
        memray = metadata.version("memray")
    except (AgentError, metadata.PackageNotFoundError):
        return ""
    wanted = f"--no-deps --only-binary :all: --python-version 3.{minor}"
    return f"pip install {wanted} --target {shlex.quote(str(folder))} memray=={memray}"


def _name(soabi: str) -> str:
    return f"memray-{metadata.version('memray')}-{soabi}"


def _minor(soabi: str) -> str:
    """Return the 12 of Python 3.12; empty where pip, here, would bring what does not fit."""
    theirs = _SOABI.fullmatch(soabi)
    own = _SOABI.fullmatch(sysconfig.get_config_var("SOABI") or "")
    fits = theirs and own and theirs["platform"] == own["platform"]
    return theirs["minor"] if theirs and fits else ""
