"""The demo: a leak planted in the demo service is found, and its clean twin passes.

The service is the one in Python, or the one whose command is given.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
TSPROF = Path(sys.executable).with_name("tsprof")
PYTHON_SERVICE = (
    str(Path(sys.executable).with_name("uvicorn")), "--app-dir", str(ROOT / "targets/truthsync_py"),
    "truthsync.app:app", "--port", "{port}", "--log-level", "warning",
)  # fmt: skip
TWINS = (
    ("with a leak planted (a list that keeps 300 bytes of every tenth request)", "list:0.1:300", 1),
    ("its clean twin", "", 0),
)


def main() -> int:
    """Check both twins; return 0 when each ended as it should."""
    service = sys.argv[1:] or PYTHON_SERVICE
    pages, wrong = [], 0
    for title, faults, expected in TWINS:
        print(f"\n=== TruthSync, {title} ===\n", flush=True)
        page = Path(tempfile.gettempdir()) / f"tsprof-demo-{'leak' if faults else 'clean'}.html"
        command = [
            str(TSPROF), "check", "--locustfile", str(ROOT / "locustfile.py"),
            "--html", str(page), "--", *service,
        ]  # fmt: skip
        status = subprocess.run(
            command, check=False, cwd=ROOT, env=os.environ | {"TRUTHSYNC_FAULTS": faults}
        ).returncode
        wrong += status != expected
        pages.append(f"  {page}  (exit code {status}, expected {expected})")
    print("\nThe reports:", *pages, sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
