"""Install the system packages that some tests need, where this user may.

Without them the tests that need them are skipped, and say so.
"""

import os
import shutil
import subprocess
import sys

PACKAGES = {
    "chromium": "chromium",
    "chromedriver": "chromium-driver",
    "prometheus": "prometheus",
}
"""Program and the Debian package that has it."""


def main() -> int:
    """Install what is missing; never fail, since the tests tell what they lack."""
    missing = [package for program, package in PACKAGES.items() if not shutil.which(program)]
    if not missing or not shutil.which("apt-get"):
        return 0
    prefix = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if prefix and not shutil.which("sudo"):
        print(f"not installed: {', '.join(missing)} (needs root); some tests will be skipped")
        return 0
    print(f"installing {', '.join(missing)} ...")
    for command in (
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing],
    ):
        finished = subprocess.run(
            [*prefix, *command], check=False, capture_output=True, text=True,
            env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
        )  # fmt: skip
        if finished.returncode:
            print(f"not installed: {', '.join(missing)}; some tests will be skipped")
            return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
