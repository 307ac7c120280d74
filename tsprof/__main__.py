"""Run tsprof as ``python -m tsprof``."""

from tsprof.cli.main import main

if __name__ == "__main__":
    main()
