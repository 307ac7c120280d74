"""Where tsprof keeps what it loads into targets; nobody else can place anything there."""

import os
from pathlib import Path

from tsprof.errors import AgentError


def cache_path() -> Path:
    """Return where the folder is, or would be.

    Root's is one that all can read: a service that runs as another user loads from there, too.

    Raises:
        AgentError: there can be none.
    """
    named = os.environ.get("XDG_CACHE_HOME")
    try:
        usual = Path("/var/cache") if os.geteuid() == 0 else Path.home() / ".cache"
        return (Path(named) if named else usual).absolute() / "tsprof"
    except (OSError, RuntimeError) as error:
        raise AgentError(f"there is no folder to keep its agent in ({error})") from error


def cache_folder() -> Path:
    """Return the folder, made if it is not there.

    Raises:
        AgentError: it cannot be made, or others can write to it.
    """
    folder = cache_path()
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o755)
        status = folder.stat()
    except OSError as error:
        raise AgentError(f"the folder for its agent cannot be made ({error})") from error
    if status.st_uid != os.geteuid() or status.st_mode & 0o022:
        raise AgentError(f"others can write to {folder}; chmod 700 it")
    return folder
