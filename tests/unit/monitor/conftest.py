"""What the tests of monitors share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from written_run import Written


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Written]:
    written = Written(tmp_path)
    yield written
    written.database.close()
