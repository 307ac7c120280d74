"""What to do about a crash at the start, from what was printed."""

import pytest

from tsprof.supervisor.crash_hints import crash_hint

ENVIRONMENT_3_11 = """\
  File "/srv/app.py", line 3, in <module>
    URL = os.environ["DATABASE_URL"]
          ~~~~~~~~~~^^^^^^^^^^^^^^^^
  File "<frozen os>", line 679, in __getitem__
KeyError: 'DATABASE_URL'
[2026-11-24 17:24:24 +0000] [5646] [INFO] Worker exiting (pid: 5646)"""
ENVIRONMENT_3_9 = """\
  File "/usr/lib/python3.9/os.py", line 679, in __getitem__
    raise KeyError(key) from None
KeyError: 'API_KEY'"""
DICTIONARY = """\
  File "/srv/app.py", line 3, in <module>
    PRICES["APPLE"]
KeyError: 'APPLE'"""
NAME = "is the module's name right, and is it installed? run tsprof in its folder, or use --cwd"


@pytest.mark.parametrize(
    ("printed", "hint"),
    [
        (ENVIRONMENT_3_11, "set it with --env DATABASE_URL=..."),
        (ENVIRONMENT_3_9, "set it with --env API_KEY=..."),
        (DICTIONARY, "otherwise"),
        ("ModuleNotFoundError: No module named 'ap'", NAME),
        ("/usr/bin/python: No module named ap", NAME),
        ('ERROR:    Error loading ASGI app. Could not import module "ap".', NAME),
        ("Error: Could not import 'ap'.", NAME),
        ("no such database: orders", "otherwise"),
        ("", "otherwise"),
    ],
)
def test_the_hint(printed: str, hint: str) -> None:
    assert crash_hint(printed.splitlines(), "otherwise") == hint
