"""The spike scenario on the demo service; further options are those of ``tsprof spike``.

python scripts/spike_test.py
python scripts/spike_test.py --scale 0.1 --rate 100
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
SERVICE = ROOT / "targets" / "truthsync_py"


def main() -> int:
    """Run it; return its exit status."""
    command = [
        *(sys.executable, "-m", "tsprof", "spike", *sys.argv[1:]),
        *("--locustfile", str(ROOT / "locustfile.py"), "--gauges", "/metrics", "--"),
        *(sys.executable, "-m", "uvicorn", "--app-dir", str(SERVICE), "truthsync.app:app"),
        *("--port", "{port}", "--log-level", "warning"),
    ]
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
