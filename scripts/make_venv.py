"""Create a virtual environment, on Debian's bare python3 too.

Debian keeps ensurepip in a package of its own; where this user may install packages, it is
installed, and otherwise the message says what to type.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

OLDEST = (3, 11)


def main() -> int:
    """Create the environment named on the command line; return an exit status."""
    folder = Path(sys.argv[1])
    if sys.version_info < OLDEST:
        found = ".".join(map(str, sys.version_info[:3]))
        print(f"tsprof needs Python {OLDEST[0]}.{OLDEST[1]} or later; python3 is {found}.")
        print("Name another: make PYTHON=python3.12 demo")
        return 2
    if importlib.util.find_spec("ensurepip") is None:
        package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
        if not _install(package):
            print(f"python3 cannot create environments. Type: sudo apt-get install {package}")
            return 2
        os.execv(sys.executable, [sys.executable, *sys.argv])
    print(f"Creating {folder} ...")
    venv.create(folder, with_pip=True)
    return 0


def _install(package: str) -> bool:
    """Install a Debian package as root, or through sudo where that needs no password."""
    if os.geteuid() == 0:
        prefix = []
    elif shutil.which("sudo"):
        prefix = ["sudo", "-n"]
    else:
        return False
    commands = (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", package])
    try:
        return all(subprocess.run([*prefix, *c], check=False).returncode == 0 for c in commands)
    except FileNotFoundError:
        return False


if __name__ == "__main__":
    sys.exit(main())
