from dataclasses import dataclass

from tsprof.profilers.native_frames import collect

PARSED = b"""\
HEADER magic=memray native_traces=true
MEMORY_MAP_START
SEGMENT_HEADER filename=/usr/bin/python3.11 num_segments=1 addr=0x1000
SEGMENT (nil) 1000
SEGMENT_HEADER filename=/srv/my app/_fast.cpython-311.so num_segments=2 addr=0x7000
SEGMENT (nil) 100
SEGMENT 0x200 e00
NATIVE_FRAME_ID ip=0x1100 index=0
NATIVE_FRAME_ID ip=0x7310 index=1
ALLOCATION address=0x7f0000 size=300 allocator=malloc native_frame_id=2
NATIVE_FRAME_ID ip=0x7420 index=2
NATIVE_FRAME_ID ip=0x1200 index=3
NATIVE_FRAME_ID ip=0x7500 index=0
NATIVE_FRAME_ID ip=0x9999999 index=5
NATIVE_FRAME_ID ip=0x1300 index=1
"""
SYMBOLS = {
    0x1100: [("call_method", "Objects/call.c", 10)],
    0x7310: [("parse", "/src/fast.c", 20)],
    0x7420: [("inlined", "/src/fast.c", 31), ("node_new", "/src/fast.c", 30)],
    0x1200: [("PyObject_Malloc", "Objects/obmalloc.c", 40)],
    0x7500: [("<unknown>", "<unknown>", 0)],
    0x9999999: [],
    0x1300: [("list_append", "Objects/listobject.c", 50)],
}
"""What memray finds by return address."""


@dataclass
class Record:
    """Of memray: one allocation, its callers by address."""

    native_stack_id: int
    addresses: tuple[int, ...]
    native_segment_generation: int = 1

    def native_stack_trace(self, max_stacks: int) -> list[tuple[str, str, int]]:
        return [frame for address in self.addresses[:max_stacks] for frame in SYMBOLS[address]]


def within(number: int, *addresses: int, stacks: int = 100) -> list[tuple[str, str, int]]:
    frames = collect(PARSED.splitlines(), stacks)
    return [
        (frame.function, frame.module, frame.line)
        for frame in frames.within(Record(number, addresses))
    ]


MODULE = "/srv/my app/_fast.cpython-311.so"


def test_the_interpreter_that_called_is_left_out() -> None:
    assert within(3, 0x7420, 0x7310, 0x1100) == [
        ("inlined", MODULE, 31),
        ("node_new", MODULE, 30),
        ("parse", MODULE, 20),
    ]


def test_the_interpreter_that_was_called_is_kept() -> None:
    assert within(4, 0x1200, 0x7420, 0x7310, 0x1100)[:2] == [
        ("PyObject_Malloc", "/usr/bin/python3.11", 40),
        ("inlined", MODULE, 31),
    ]


def test_python_alone_has_no_native_frames() -> None:
    assert within(7, 0x1300, 0x1100) == []


def test_a_stripped_module_is_named_with_the_offset() -> None:
    (frame,) = collect(PARSED.splitlines(), 100).within(Record(6, (0x9999999, 0x7500)))
    assert frame.function == "_fast.cpython-311.so+0x500"
    assert frame.file == frame.module == MODULE


def test_what_was_not_read_is_not_known() -> None:
    assert within(3, 0x7420, 0x7310, 0x1100, stacks=2) == []
    assert collect([], 100).within(Record(3, ())) == ()
