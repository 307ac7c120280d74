"""Dumps of jemalloc's heap profiler."""

import math
from io import StringIO

import pytest

from tsprof.profilers.jemalloc import (
    COARSEST,
    FINEST,
    SAMPLES,
    digest_of,
    read_dump,
    sample_bits,
    sampling_error,
)
from tsprof.profilers.return_addresses import Mapped
from tsprof.profilers.survivors import UnreadableError

DUMP = """\
heap_v2/4096
  t*: 420: 49331 [0: 0]
  t0: 420: 49331 [0: 0]
@ 0x7fa3beea2630 0x560d1d243092
  t*: {samples}: {size} [0: 0]
  t0: 401: 44845 [0: 0]
@ 0x560d1d243111
  t*: 0: 0 [0: 0]

MAPPED_LIBRARIES:
560d1d242000-560d1d243000 r--p 00000000 fe:00 10038114                   /srv/my app
7fa3bca80000-7fa3bd200000 rw-p 00000000 00:00 0
"""
LEAK = (0x7FA3BEEA2630, 0x560D1D243092)


def dump(samples: int) -> StringIO:
    return StringIO(DUMP.format(samples=samples, size=samples * 112))


def test_samples_stand_for_all_blocks() -> None:
    """Of 14,000 blocks of 112 bytes, about one in 37 is sampled."""
    found = read_dump(dump(400))
    size, blocks = found.blocks[LEAK]
    assert blocks == pytest.approx(400 / (1 - math.exp(-112 / 4096)))
    assert size == pytest.approx(112 * blocks)
    assert found.blocks[LEAK[1] + 127,] == (0, 0)
    assert found.modules == [Mapped(0x560D1D242000, 0x560D1D243000, 0, "/srv/my app")]


def test_the_error_of_what_grew() -> None:
    assert sampling_error(read_dump(dump(100)), read_dump(dump(500))) == pytest.approx(0.05)


@pytest.mark.parametrize(
    "text", ["", "no sense", "heap_v2/4096\n@ 0xzz", "heap profile:  1: 2 [3: 4] @ growth"]
)
def test_what_is_no_dump(text: str) -> None:
    with pytest.raises(UnreadableError):
        read_dump(StringIO(text))


def test_an_address_that_no_machine_has() -> None:
    found = read_dump(StringIO(f"heap_v2/4096\n@ 0x2{0:016x}\n  t*: 1: 112 [0: 0]\n"))
    with pytest.raises(UnreadableError, match="damaged"):
        digest_of([found, found, found], 1, 2)


def test_a_dump_without_end_is_not_read_to_its_end() -> None:
    with pytest.raises(UnreadableError, match="larger than 1 MiB"):
        read_dump(StringIO("heap_v2/4096\n" * (1 << 17)), most=1 << 20)


def test_how_finely_a_leak_is_sampled() -> None:
    assert 2 ** sample_bits(SAMPLES * 4096) == 4096
    assert sample_bits(0) == FINEST
    assert sample_bits(1e15) == COARSEST
