"""Write synthetic claims for load tests: ``tsprof data``, from a checkout that is not installed."""

import sys
from pathlib import Path


def main() -> None:
    """Run the command with this script's arguments."""
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

    from tsprof.cli.data import data  # noqa: PLC0415 - found only on the path set above
    from tsprof.errors import TsprofError  # noqa: PLC0415 - same

    try:
        data()
    except TsprofError as error:
        sys.stderr.write(f"error: {error}\n")
        if error.hint:
            sys.stderr.write(f"hint: {error.hint}\n")
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
