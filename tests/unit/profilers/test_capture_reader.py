import itertools
import json
import time
from pathlib import Path
from typing import Any

import memray
import pytest

from tsprof.analysis.attribution.captures import CaptureDigest, StackSurvivors
from tsprof.profilers.capture_reader import main, read_capture
from tsprof.profilers.survivors import UnreadableError

KEPT: list[Any] = []


def leak() -> None:
    KEPT.append(bytes(200))


def churn(number: int, cache: list[Any]) -> None:
    cache[number % len(cache)] = str(number) * 20


def burst() -> int:
    return len([bytes(100_000) for _ in range(20)])


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    """A memray capture of 300 leaks, a mark, and 600 more, with the mark's time."""
    file = tmp_path_factory.mktemp("captures") / "window.capture"
    cache: list[Any] = [None] * 100
    with memray.Tracker(
        destination=memray.FileDestination(file, compress_on_exit=False),
        trace_python_allocators=True,
        memory_interval_ms=5,
    ):
        for number in range(300):
            leak()
            churn(number, cache)
        burst()
        time.sleep(0.5)  # some time records, however busy the machine is
        mark = time.time()
        for number in range(600):
            leak()
            churn(number, cache)
    KEPT.clear()
    return file, mark


def read(file: Path, early_until: float, *, stacks_kept: int = 100) -> CaptureDigest:
    return read_capture(
        file,
        early_until=early_until,
        requests_early=300,
        requests_total=900,
        stacks_kept=stacks_kept,
    )


def of_function(digest: CaptureDigest, function: str, kind: str = "small") -> list[StackSurvivors]:
    return [s for s in digest.stacks if s.frames[0][0] == function and s.kind == kind]


def test_survivors_are_told_apart_by_age(capture: tuple[Path, float]) -> None:
    digest = read(*capture)
    assert digest.method == "memray"
    leaks = of_function(digest, "leak")
    # The collector may run within, and what it calls may keep a block or two.
    assert sum(stack.early_blocks for stack in leaks) == pytest.approx(300, abs=5)
    assert sum(stack.late_blocks for stack in leaks) == pytest.approx(600, abs=5)
    # A bytes object of 200 takes 233 bytes, which pymalloc serves with 240.
    assert sum(stack.early_bytes for stack in leaks) == pytest.approx(300 * 240, rel=0.02)
    assert leaks[0].frames[0][1] == __file__


def test_the_peak_has_what_was_freed_again(capture: tuple[Path, float]) -> None:
    largest, *_ = read(*capture).peak
    assert "burst" in {function for function, _, _ in largest.frames}
    assert largest.bytes == pytest.approx(20 * 100_048, rel=0.001)
    leaked = [s.bytes for s in read(*capture).peak if s.frames[0][0] == "leak"]
    assert sum(leaked) == pytest.approx(300 * 240, rel=0.05)


def test_what_turned_over_has_no_early_survivors(capture: tuple[Path, float]) -> None:
    churned = of_function(read(*capture), "churn")
    blocks = [
        sum(getattr(stack, when) for stack in churned)
        for when in ("early_blocks", "late_blocks", "mark_blocks")
    ]
    assert blocks == pytest.approx([0, 100, 100], abs=5)


def test_a_list_that_grew_shows_as_one_late_table(capture: tuple[Path, float]) -> None:
    tables = of_function(read(*capture), "leak", kind="large")
    assert sum(table.early_blocks for table in tables) == 0
    assert sum(table.late_blocks for table in tables) == 1
    sizes = [sum(t.mark_bytes for t in tables), sum(t.late_bytes for t in tables)]
    assert sizes == pytest.approx([300 * 8, 900 * 8], rel=0.2)


def test_the_smallest_stacks_are_dropped(capture: tuple[Path, float]) -> None:
    whole, cut = read(*capture), read(*capture, stacks_kept=1)
    largest = max(whole.stacks, key=lambda stack: stack.early_bytes + stack.late_bytes)
    assert cut.stacks == (largest,)


def test_a_mark_before_the_capture_is_an_error(capture: tuple[Path, float]) -> None:
    with pytest.raises(UnreadableError, match="does not reach back"):
        read(capture[0], 1.0)


@pytest.mark.parametrize(
    "content", [b"", b"no capture at all" * 10, b"{", b'{"mark": 3, "end": []}']
)
def test_a_damaged_capture_is_an_error(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "damaged"
    file.write_bytes(content)
    with pytest.raises(UnreadableError):
        read(file, time.time())


def test_a_capture_that_was_cut_off_is_read_to_its_end(
    capture: tuple[Path, float], tmp_path: Path
) -> None:
    cut = tmp_path / "cut"
    content = capture[0].read_bytes()
    cut.write_bytes(content[: len(content) // 2])
    digest = read(cut, capture[1])
    assert 0 < sum(stack.early_blocks for stack in of_function(digest, "leak")) <= 305


def test_a_missing_capture_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="No such file"):
        read(tmp_path / "missing", 1.0)


SOURCE = """\
class Registry:
    def subscribe(self, callback):
        self.callbacks.append(callback)

def handler():
    return [
        lambda: None
        for _ in range(3)
    ]
"""


def test_tracemalloc_stacks_get_their_functions(tmp_path: Path) -> None:
    source = tmp_path / "app.py"
    source.write_text(SOURCE)
    rows = [[[[str(source), line], ["/gone.py", 7]], True, 10, 320] for line in (3, 7, 1)]
    capture = tmp_path / "capture"
    capture.write_text(json.dumps({"format": "tsprof-tracemalloc", "mark": rows[:1], "end": rows}))
    digest = read(capture, 0.0)
    assert digest.method == "tracemalloc"
    functions = {stack.frames[0][2]: stack.frames[0][0] for stack in digest.stacks}
    assert functions == {3: "subscribe", 7: "handler", 1: "<module>"}
    assert digest.stacks[0].frames[1] == ("<module>", "/gone.py", 7)
    by_line = {stack.frames[0][2]: stack for stack in digest.stacks}
    assert (by_line[3].mark_blocks, by_line[3].early_blocks, by_line[3].late_blocks) == (10, 0, 10)
    assert by_line[7].mark_blocks == 0


@pytest.mark.parametrize(
    ("size", "blocks", "handed_out"), [(1_000, 10, 1_120), (160, 10, 160), (10_000, 10, 10_080)]
)
def test_sizes_are_what_the_allocators_hand_out(
    tmp_path: Path, size: int, blocks: int, handed_out: int
) -> None:
    capture = tmp_path / "capture"
    capture.write_text(json.dumps({"mark": [], "end": [[[["a.py", 1]], True, blocks, size]]}))
    assert read(capture, 0.0).stacks[0].late_bytes == handed_out


def test_the_process_prints_json(
    capture: tuple[Path, float], capsys: pytest.CaptureFixture[str]
) -> None:
    limits = [1 << 62, "0"]
    arguments = [str(capture[0]), repr(capture[1]), "300", "900", "100", str(limits[0])]
    assert main(arguments) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["requests_total"] == 900
    assert main([str(capture[0]) + ".no", *arguments[1:]]) == 1
    assert capsys.readouterr().err == "No such file or directory\n"
    assert list(itertools.chain.from_iterable(printed["stacks"]))
