import ctypes
from pathlib import Path

import memray
from memray import AllocatorType, FileReader

from tsprof.agent import foreign


def address_of(function: object) -> int:
    return ctypes.c_uint64.from_address(ctypes.addressof(function)).value  # type: ignore[arg-type]


def test_what_ctypes_allocates_is_seen_while_it_is_redirected(tmp_path: Path) -> None:
    library = ctypes.CDLL(None)
    library.malloc.argtypes, library.malloc.restype = (ctypes.c_size_t,), ctypes.c_void_p
    library.free.argtypes, library.free.restype = (ctypes.c_void_p,), None
    before = [address_of(f) for f in (library.malloc, library.free, library.strlen)]
    found = foreign.find()
    capture = tmp_path / "capture"
    with memray.Tracker(capture, trace_python_allocators=True):
        foreign.redirect(found)
        kept = [library.malloc(12_345) for _ in range(3)]
        freed = library.malloc(12_345)
        library.free(freed)
        foreign.restore(found)
        unseen = library.malloc(12_345)
    assert [address_of(f) for f in (library.malloc, library.free, library.strlen)] == before
    with FileReader(capture) as reader:
        records = list(reader.get_allocation_records())
    allocators = {record.address: record.allocator for record in records if record.size == 12_345}
    assert allocators.keys() >= set(kept)
    assert set(allocators.values()) == {AllocatorType.MALLOC}
    assert unseen not in allocators or unseen == freed
    assert any(r.address == freed and r.allocator == AllocatorType.FREE for r in records)
    for address in (*kept, unseen):
        library.free(address)


def test_functions_that_go_away_meanwhile_are_left_alone() -> None:
    library = ctypes.CDLL(None)
    library.malloc.argtypes = (ctypes.c_size_t,)
    found = foreign.find()
    assert any(function is library.malloc for function, _, _ in found)
    del library
    foreign.redirect(found)
    foreign.restore(found)
