"""What callgrind counted, by call stack."""

from tsprof.profilers.callgrind import read_callgrind

DUMP = """\
# callgrind format
version: 1
positions: line
events: Ir
summary: 1160

ob=/srv/server
fl=/srv/app/main.c
fn=handle'2'handle'serve
31 600
32 400
cob=/usr/lib/libc.so.6
cfi=./malloc/malloc.c
cfn=malloc'handle'serve
calls=200 67
32 21000
32 10
fi=/srv/app/inlined.h
33 50

ob=/usr/lib/libc.so.6
fl=./malloc/malloc.c
fn=malloc'handle'serve
67 100

ob=/srv/stripped
fl=???
fn=0x0000000000001130
0 7
totals: 1167
"""


def test_instructions_by_stack() -> None:
    found = read_callgrind(DUMP.splitlines())
    told = {
        tuple((frame.function, frame.file, frame.origin) for frame in stack): count
        for stack, count in found.items()
    }
    serve, handle = ("serve", "", "native"), ("handle", "/srv/app/main.c", "application")
    assert told == {
        (serve, handle, handle): 1060,
        (serve, handle, ("malloc", "/usr/lib/libc.so.6", "interpreter")): 100,
        (("0x0000000000001130", "/srv/stripped", "application"),): 7,
    }
