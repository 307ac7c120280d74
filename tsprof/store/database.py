"""``run.db``: one run's facts in SQLite with a write-ahead log.

Each fact is one row with its record as JSON, committed within the second in which it was written,
so that a reader (or a survivor) sees all but the last second.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from tsprof.errors import StoreError
from tsprof.records import (
    Checkpoint,
    Event,
    FailureKind,
    GaugeReading,
    Phase,
    ProcessSample,
    SampledWindow,
    Segment,
)

FORMAT = 1
_TABLES = ("checkpoints", "segments", "phases", "events", "seconds", "samples", "gauges", "windows")

Record = TypeVar("Record")


class Second(BaseModel):
    """One second of load."""

    second: int
    requests: int
    failures: int
    latency: dict[int, int]
    max_ms: float
    in_flight: int
    failure_kinds: dict[FailureKind, int] = {}
    """Empty in runs from before that was told."""


class RunDatabase:
    """One run's database, for its writer and for readers."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        """Open or create the database; raise StoreError when that fails."""
        self._path = path
        self._read_only = read_only
        try:
            where = f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rwc'}"
            self._connection = sqlite3.connect(where, uri=True)
        except sqlite3.Error as error:
            raise self._failure(error) from error
        with ExitStack() as on_failure:
            on_failure.callback(self._connection.close)
            if read_only:
                self._see_that_it_is_a_run()
            else:
                self._prepare_to_write()
            on_failure.pop_all()

    def _prepare_to_write(self) -> None:
        try:
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=NORMAL")
            # Keeps the log file from growing over a run of hours.
            self._connection.execute("PRAGMA journal_size_limit=1048576")
            self._create()
        except sqlite3.Error as error:
            raise self._failure(error) from error

    def _see_that_it_is_a_run(self) -> None:
        found = self.fact("format")
        if not isinstance(found, int) or found > FORMAT:
            newer = "was written by a newer tsprof" if isinstance(found, int) else "is not complete"
            raise StoreError(
                f"the run's database {self._path} {newer}",
                hint="tsprof runs lists the others",
            )

    def _create(self) -> None:
        with self._connection:
            self._connection.execute(
                "CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL)"
            )
            for table in _TABLES:
                self._connection.execute(
                    f"CREATE TABLE IF NOT EXISTS {table} "
                    "(number INTEGER PRIMARY KEY, record TEXT NOT NULL)"
                )
        self.set_fact("format", FORMAT)

    def close(self) -> None:
        """Write everything out, so that one file holds it all, and close."""
        try:
            self._connection.commit()
            if not self._read_only:  # each reader of a log would leave files for it behind
                self._connection.execute("PRAGMA journal_mode=DELETE")
        except sqlite3.Error as error:
            raise self._failure(error) from error
        finally:
            self._connection.close()

    def commit(self) -> None:
        """Make what was added visible to readers and safe against a crash of tsprof."""
        try:
            self._connection.commit()
        except sqlite3.Error as error:
            raise self._failure(error) from error

    def set_fact(self, name: str, value: Any) -> None:
        """Store a named value (anything that JSON can carry)."""
        self._execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, _to_json(value)))
        self.commit()

    def fact(self, name: str) -> Any:
        """Return a named value, or None."""
        found = list(self._select("SELECT value FROM facts WHERE name = ?", name))
        try:
            return json.loads(found[0][0]) if found else None
        except (ValueError, RecursionError) as error:
            raise self.damage(f"the fact {name}", error) from error

    def add(
        self,
        record: Checkpoint | Segment | Phase | Event | ProcessSample | GaugeReading | SampledWindow,
    ) -> None:
        """Add one record; ``commit`` makes it last."""
        table = {
            Checkpoint: "checkpoints",
            Segment: "segments",
            Phase: "phases",
            Event: "events",
            ProcessSample: "samples",
            GaugeReading: "gauges",
            SampledWindow: "windows",
        }[type(record)]
        self._insert(table, asdict(record))

    def add_second(self, second: dict[str, Any]) -> None:
        """Add one second of load: second, requests, failures, latency histogram."""
        self._insert("seconds", second)

    def _insert(self, table: str, record: dict[str, Any]) -> None:
        self._execute(
            f"INSERT INTO {table} (record) VALUES (?)",  # noqa: S608 - a name of this module
            (_to_json(record),),
        )

    def checkpoints(self) -> list[Checkpoint]:
        """Return all checkpoints in order."""
        return list(self._records("checkpoints", Checkpoint))

    def segments(self) -> list[Segment]:
        """Return all segments in order."""
        return list(self._records("segments", Segment))

    def events(self) -> list[Event]:
        """Return all events in order."""
        return list(self._records("events", Event))

    def seconds(self) -> list[dict[str, Any]]:
        """Return every second of load in order."""
        return [second.model_dump() for second in self._records("seconds", Second)]

    def samples(self) -> Iterator[ProcessSample]:
        """Yield every sample of a process in order."""
        return self._records("samples", ProcessSample)

    def gauges(self) -> list[GaugeReading]:
        """Return what the target said of itself in order; nothing of a run from before that."""
        return list(self._records("gauges", GaugeReading)) if self._has("gauges") else []

    def phases(self) -> list[Phase]:
        """Return the phases of the scenario in order; nothing of a run from before there were."""
        return list(self._records("phases", Phase)) if self._has("phases") else []

    def windows(self) -> list[SampledWindow]:
        """Return what was sampled in order; nothing of a run from before there was sampling."""
        if not self._has("windows"):
            return []
        found = []
        for number, window in self._numbered("windows", SampledWindow, 0):
            frames = range(len(window.profile.frames))
            if not all(place in frames for s in window.profile.stacks for place in s.frames):
                missing = ValueError("a call stack has a frame that is not there")
                raise self.damage(f"record {number} of windows", missing)
            found.append(window)
        return found

    def _has(self, table: str) -> bool:
        return bool(list(self._select("SELECT 1 FROM sqlite_master WHERE name = ?", table)))

    def after(self, table: str, kind: type[Record], number: int) -> list[tuple[int, Record]]:
        """Return the records of a table that came after one, each with its number.

        Args:
            table: its name, such as ``checkpoints``.
            kind: what its records are.
            number: of the last record that is known; 0 for all.
        """
        return list(self._numbered(table, kind, number))

    def _records(self, table: str, kind: type[Record]) -> Iterator[Record]:
        return (record for _, record in self._numbered(table, kind, 0))

    def _numbered(self, table: str, kind: type[Record], after: int) -> Iterator[tuple[int, Record]]:
        reader: TypeAdapter[Record] = _reader(kind)  # type: ignore[arg-type]  # classes are hashable
        rows = self._select(
            f"SELECT number, record FROM {table} WHERE number > ? ORDER BY number",  # noqa: S608 - a name of this module
            after,
        )
        for number, text in rows:
            try:
                yield number, reader.validate_json(text)
            except ValidationError as error:
                raise self.damage(f"record {number} of {table}", error) from error

    def _select(self, statement: str, *values: Any) -> Iterator[tuple[Any, ...]]:
        try:
            yield from self._connection.execute(statement, values)
        except sqlite3.Error as error:
            raise self._failure(error) from error

    def _execute(self, statement: str, values: tuple[Any, ...]) -> None:
        try:
            self._connection.execute(statement, values)
        except sqlite3.Error as error:
            raise self._failure(error) from error

    def _failure(self, error: sqlite3.Error) -> StoreError:
        return StoreError(
            f"the run's database {self._path} cannot be used: {error}", hint=_advice(error)
        )

    def damage(self, what: str, error: Exception) -> StoreError:
        """Return the error for something in the database that is not what it should be."""
        reason = str(error).splitlines()[0]
        return StoreError(f"the run's database {self._path} is damaged at {what}: {reason}")


@cache
def _reader(kind: Any) -> TypeAdapter[Any]:
    """Return what reads records of a kind; to make one takes longer than to read a hundred."""
    return TypeAdapter(kind)


def _to_json(value: Any) -> str:
    """Write JSON; bytes that are no UTF-8, as a command line may have, become question marks."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, default=str)
    return text.encode(errors="replace").decode()


def _advice(error: sqlite3.Error) -> str:
    full = getattr(error, "sqlite_errorcode", 0) & 0xFF in (
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
    )
    return "make room on the disk, or let TSPROF_HOME name another place" if full else ""
