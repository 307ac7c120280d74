"""Install the system packages that some tests need, where this user may.

Without them the tests that need them are skipped, and say so.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

PACKAGES = {
    "chromium": "chromium",
    "chromedriver": "chromium-driver",
    "musl-gcc": "musl-tools",
    "libjemalloc.a": "libjemalloc-dev",
    "libmimalloc.so.2": "libmimalloc2.0",
    "libtcmalloc_minimal.so.4": "libtcmalloc-minimal4",
}
"""Program or library and the Debian package that has it."""
SERVERS = {
    "nginx": "nginx-light",
    "prometheus": "prometheus",
    "redis-server": "redis-server",
}
"""The same of packages that start a service: only where there is no systemd to start it."""
LIBRARIES = Path("/usr/lib", f"{os.uname().machine}-linux-gnu")


def main() -> int:
    """Install what is missing; never fail, since the tests tell what they lack."""
    wanted = PACKAGES if Path("/run/systemd/system").exists() else PACKAGES | SERVERS
    missing = [
        package
        for name, package in wanted.items()
        if not shutil.which(name) and not (LIBRARIES / name).exists()
    ]
    if not missing or not shutil.which("apt-get"):
        return 0
    prefix = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if prefix and not shutil.which("sudo"):
        print(f"not installed: {', '.join(missing)} (needs root); some tests will be skipped")
        return 0
    print(f"installing {', '.join(missing)} ...")
    # One by one: a release may have a package under another name, or not at all.
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends"]
    installs = [[*install, package] for package in missing]
    for command in (["apt-get", "update", "-qq"], *installs):
        finished = subprocess.run(
            [*prefix, *command], check=False, capture_output=True, text=True,
            env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
        )  # fmt: skip
        if finished.returncode:
            print(f"{' '.join(command)} failed; some tests will be skipped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
