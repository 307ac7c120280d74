"""``run.db``: what goes in comes out, whatever happens in between."""

import json
import sqlite3
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from tsprof.errors import StoreError
from tsprof.histogram import Histogram
from tsprof.records import (
    Arrivals,
    Checkpoint,
    Event,
    GaugeReading,
    Generator,
    ProcessReading,
    ProcessSample,
    SampledWindow,
    Segment,
)
from tsprof.stacks import Frame, Stack, StackProfile
from tsprof.store.database import FORMAT, RunDatabase

READING = ProcessReading(
    pid=12,
    started=1_700_000_000.25,
    command="python app.py \udcff caf\u00e9",
    source="agent",
    rss=123_456_789_012,
    python_live=None,
    native_live=5,
    tasks=3,
    gc_enabled=False,
    pause=0.004,
)
CHECKPOINT = Checkpoint(
    number=0,
    seconds=1.5,
    requests=1000,
    failures=3,
    processes=(READING, replace(READING, pid=13, source="outside", native_live=None)),
    quiet=False,
    endpoints={"GET /items": 600, "POST /items": 400},
    children=2,
)
SEGMENT = Segment(
    number=4,
    seconds=1.25,
    requests=1000,
    failures=3,
    intended=None,
    latency={64: 900, 65: 100},
    latency_max_ms=12.5,
    exceptions=1,
    endpoints=(("GET", "/items", 600, 3, {64: 600}), ("POST", "/items", 400, 0, {})),
    users=5,
    arrivals=Arrivals(sent=1000, unsent=7, late=3, late_without_user=2, most_in_flight=5),
    latency_sent=Histogram({60: 1000}, 9.5),
    generator=Generator(cpu_share=0.5, waited_share=0.1, lag=Histogram({20: 25}, 0.25)),
)
EVENT = Event(seconds=2.5, kind="process_ended", text="process 13 ended", pid=13)
SAMPLE = ProcessSample(
    second=3,
    pid=12,
    role="target",
    rss=1,
    cpu_seconds=0.5,
    threads=2,
    descriptors=3,
    uss=None,
    connections={"established": 7},
)
GAUGES = GaugeReading(
    checkpoint=3,
    source="/metrics",
    levels={'queue{name="caf\u00e9"}': 0.5},
    totals={"a_total": 1e17},
)
WINDOW = SampledWindow(
    segment=2,
    pid=12,
    command="python app.py",
    began=1.5,
    profile=StackProfile(
        unit="samples",
        frames=(
            Frame(function="main", file="/srv/app.py", line=3),
            Frame(function="f", file="/x.so", origin="native", package="x 1"),
        ),
        stacks=(Stack((0,), 2.0), Stack((0, 1), 5.0)),
        requests=100,
        seconds=1.2,
        cpu_seconds=0.75,
    ),
    errors=1,
    behind=1.5,
)
BROKEN_STACK = json.dumps(
    asdict(replace(WINDOW, profile=replace(WINDOW.profile, stacks=(Stack((0, 2), 1.0),))))
)
SECOND = {
    "second": 3,
    "requests": 10,
    "failures": 1,
    "latency": {64: 10},
    "max_ms": 2.5,
    "in_flight": 4,
    "failure_kinds": {"5xx": 1},
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.db"


def written(path: Path) -> RunDatabase:
    database = RunDatabase(path)
    for record in (CHECKPOINT, SEGMENT, EVENT, SAMPLE, GAUGES, WINDOW):
        database.add(record)
    database.add_second(SECOND)
    database.set_fact("scenario", "check")
    return database


KEPT = replace(READING, command="python app.py ? caf\u00e9")
READ_BACK = replace(
    CHECKPOINT, processes=(KEPT, replace(CHECKPOINT.processes[1], command=KEPT.command))
)


def read(path: Path) -> None:
    database = RunDatabase(path, read_only=True)
    try:
        assert database.checkpoints() == [READ_BACK]
        assert database.segments() == [SEGMENT]
        assert database.events() == [EVENT]
        assert list(database.samples()) == [SAMPLE]
        assert database.seconds() == [SECOND]
        assert database.gauges() == [GAUGES]
        assert database.windows() == [WINDOW]
        assert database.fact("scenario") == "check"
        assert database.fact("format") == FORMAT
        assert database.fact("nothing") is None
    finally:
        database.close()


def test_every_record_comes_back(path: Path) -> None:
    written(path).close()
    read(path)


def test_a_run_is_read_while_it_is_written(path: Path) -> None:
    database = written(path)
    read(path)
    database.add(EVENT)
    read(path)  # what was not committed is not seen
    database.commit()
    reader = RunDatabase(path, read_only=True)
    assert len(reader.events()) == 2
    reader.close()
    database.close()


def test_a_writer_that_vanished_leaves_what_it_committed(path: Path, tmp_path: Path) -> None:
    database = written(path)
    database.add(EVENT)
    for file in list(tmp_path.iterdir()):  # the files as they would be after a kill
        (tmp_path / "after").mkdir(exist_ok=True)
        (tmp_path / "after" / file.name).write_bytes(file.read_bytes())
    database.close()
    read(tmp_path / "after" / "run.db")


def test_records_keep_their_order_and_number(path: Path) -> None:
    database = RunDatabase(path)
    for number in range(5000):
        database.add(replace(CHECKPOINT, number=number, requests=1000 * number))
    database.close()
    reader = RunDatabase(path, read_only=True)
    assert [checkpoint.number for checkpoint in reader.checkpoints()] == list(range(5000))
    reader.close()


def test_a_fact_is_replaced(path: Path) -> None:
    database = RunDatabase(path)
    for value in (1, {"a": [1.5, None, "\u20ac \U0001f600"]}):
        database.set_fact("x", value)
        assert database.fact("x") == value
    database.close()


@pytest.mark.parametrize("name", ["a b", "50%25", "what?mode=memory", "run#1", "caf\u00e9"])
def test_any_folder_will_do(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    written(tmp_path / name / "run.db").close()
    read(tmp_path / name / "run.db")


def test_a_reader_makes_no_database(path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be used"):
        RunDatabase(path, read_only=True)
    assert not path.exists()


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04" * 5000, b"SQLite format 3\0" + bytes(4000)], ids=str
)
def test_another_file_is_no_run(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"run\.db"):
        RunDatabase(path, read_only=True)


def test_a_database_that_was_cut_short(path: Path) -> None:
    database = written(path)
    for _ in range(500):
        database.add(CHECKPOINT)
    database.close()
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(StoreError, match="cannot be used"):
        read(path)


def test_a_run_of_a_newer_tsprof(path: Path) -> None:
    database = written(path)
    database.set_fact("format", FORMAT + 1)
    database.close()
    with pytest.raises(StoreError, match="newer tsprof"):
        RunDatabase(path, read_only=True)


@pytest.mark.parametrize(
    ("table", "record"),
    [
        ("checkpoints", "{"),
        ("checkpoints", "{}"),
        ("checkpoints", '{"number": "many"}'),
        ("segments", "null"),
        ("segments", "[" * 1000),
        ("events", '{"seconds": 1, "kind": "unheard of", "text": ""}'),
        ("samples", '{"second": {}}'),
        ("seconds", "{}"),
        ("gauges", '{"levels": []}'),
        ("windows", '{"profile": 1}'),
        ("windows", BROKEN_STACK),
    ],
)
def test_a_damaged_record_is_named(path: Path, table: str, record: str) -> None:
    written(path).close()
    connection = sqlite3.connect(path)
    connection.execute(f"INSERT INTO {table} (record) VALUES (?)", (record,))
    connection.commit()
    connection.close()
    reader = RunDatabase(path, read_only=True)
    with pytest.raises(StoreError, match=f"damaged at record 2 of {table}"):
        list(getattr(reader, table)())
    reader.close()


def test_a_damaged_fact_is_named(path: Path) -> None:
    written(path).close()
    connection = sqlite3.connect(path)
    connection.execute("UPDATE facts SET value = '{' WHERE name = 'scenario'")
    connection.commit()
    connection.close()
    reader = RunDatabase(path, read_only=True)
    with pytest.raises(StoreError, match="damaged at the fact scenario"):
        reader.fact("scenario")
    reader.close()


def test_a_field_of_a_later_version_is_passed_over(path: Path) -> None:
    database = written(path)
    database.close()
    connection = sqlite3.connect(path)
    connection.execute("UPDATE events SET record = json_insert(record, '$.colour', 'red')")
    connection.commit()
    connection.close()
    read(path)


def test_a_run_from_before_sampling_has_no_windows(path: Path) -> None:
    written(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE windows")
    reader = RunDatabase(path, read_only=True)
    assert reader.windows() == []
    reader.close()


def test_a_run_from_before_gauges_has_none(path: Path) -> None:
    written(path).close()
    connection = sqlite3.connect(path)
    connection.execute("DROP TABLE gauges")
    connection.commit()
    connection.close()
    reader = RunDatabase(path, read_only=True)
    assert reader.gauges() == []
    reader.close()


def test_a_segment_from_before_there_was_a_schedule(path: Path) -> None:
    written(path).close()
    new = ("users", "arrivals", "latency_sent", "generator")
    with closing(sqlite3.connect(path)) as raw, raw:
        (text,) = raw.execute("SELECT record FROM segments").fetchone()
        older = {name: value for name, value in json.loads(text).items() if name not in new}
        raw.execute("UPDATE segments SET record = ?", (json.dumps(older),))
    reader = RunDatabase(path, read_only=True)
    (segment,) = reader.segments()
    reader.close()
    assert segment == replace(SEGMENT, users=0, arrivals=None, latency_sent=None, generator=None)


def test_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="unable to open"):
        RunDatabase(tmp_path / "nowhere" / "run.db")


def test_a_closed_database_says_so(path: Path) -> None:
    database = written(path)
    database.close()
    with pytest.raises(StoreError, match="closed"):
        database.set_fact("late", 1)
