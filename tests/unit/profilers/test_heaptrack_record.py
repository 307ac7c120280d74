"""A record of heaptrack: what is left of its blocks, told apart by their age."""

import pytest

from tsprof.profilers.heaptrack_record import read_record
from tsprof.profilers.survivors import UnreadableError

RECORD = b"""\
v 10400 3
x d /srv/a server
X ./server
m 1 -
m 1 x 400000 0 1000
t 400010 0
t 400020 1
+ 64 2 a0
+ 64 2 b0
+ 10 1 c0
c a
- c0
- ffff
+ 7455a1 1 e0
- e0
c 14
+ 64 2 d0
+ 64 2 c0
- b0
- d0
c 1e
"""


def test_survivors_by_age() -> None:
    record = read_record(RECORD.splitlines(keepends=True))
    assert record.program == "/srv/a server"
    assert list(record.addresses) == [0x400010, 0x400020]
    assert list(record.callers) == [0, 1]
    sums = record.survivors[2]
    assert (sums.early_blocks, sums.late_blocks, sums.mark_blocks) == (1, 1, 2)
    assert sums.early_bytes == 112  # what malloc takes for 100
    assert 1 not in record.survivors  # freed before the mark


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (RECORD.splitlines()[:10], "does not reach"),
        ([b"v 10400 7"], "another format"),
        ([*RECORD.splitlines()[:9], b"+ 64"], "damaged"),
        ([b"t zz 0"], "damaged"),
        ([b"t ffffffffffffffffff 0"], "damaged"),
        ([b"x"], "damaged"),
        ([b"v"], "damaged"),
        ([], "does not reach"),
    ],
)
def test_records_that_are_none(lines: list[bytes], reason: str) -> None:
    with pytest.raises(UnreadableError, match=reason):
        read_record(lines)
