"""``run.db``: one run's facts in SQLite with a write-ahead log.

Each fact is one row with its record as JSON, committed within the second in which it was written,
so that a reader (or a survivor) sees all but the last second.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from tsprof.errors import StoreError
from tsprof.records import Checkpoint, Event, ProcessReading, ProcessSample, Segment

FORMAT = 1
_TABLES = ("checkpoints", "segments", "events", "seconds", "samples", "windows")

Row = TypeVar("Row")


class RunDatabase:
    """One run's database, for its writer and for readers."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        """Open or create the database; raise StoreError when that fails."""
        self._path = path
        try:
            if read_only:
                self._connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
            else:
                self._connection = sqlite3.connect(path)
                self._connection.execute("PRAGMA journal_mode=WAL")
                self._connection.execute("PRAGMA synchronous=NORMAL")
                # Keeps the log file from growing over a run of hours.
                self._connection.execute("PRAGMA journal_size_limit=1048576")
                self._create()
        except sqlite3.Error as error:
            raise StoreError(f"the run's database {path} cannot be opened: {error}") from error

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
        """Write everything out and close."""
        try:
            self._connection.commit()
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
        self._execute(
            "INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, json.dumps(value, default=str))
        )
        self.commit()

    def fact(self, name: str) -> Any:
        """Return a named value, or None."""
        for (value,) in self._execute("SELECT value FROM facts WHERE name = ?", (name,)):
            return json.loads(value)
        return None

    def add(self, record: Checkpoint | Segment | Event | ProcessSample) -> None:
        """Add one record; ``commit`` makes it last."""
        table = {
            Checkpoint: "checkpoints",
            Segment: "segments",
            Event: "events",
            ProcessSample: "samples",
        }[type(record)]
        self._insert(table, asdict(record))

    def add_second(self, second: dict[str, Any]) -> None:
        """Add one second of load: second, requests, failures, latency histogram."""
        self._insert("seconds", second)

    def add_window(self, window: dict[str, Any]) -> None:
        """Add the digest of an attribution window."""
        self._insert("windows", window)

    def _insert(self, table: str, record: dict[str, Any]) -> None:
        self._execute(
            f"INSERT INTO {table} (record) VALUES (?)",  # noqa: S608 - a name of this module
            (json.dumps(record, separators=(",", ":")),),
        )

    def checkpoints(self) -> list[Checkpoint]:
        """Return all checkpoints in order."""
        return [
            Checkpoint(**{**row, "processes": tuple(ProcessReading(**p) for p in row["processes"])})
            for row in self._rows("checkpoints")
        ]

    def segments(self) -> list[Segment]:
        """Return all segments in order."""
        return [
            Segment(**{**row, "latency": {int(k): v for k, v in row["latency"].items()}})
            for row in self._rows("segments")
        ]

    def events(self) -> list[Event]:
        """Return all events in order."""
        return [Event(**row) for row in self._rows("events")]

    def seconds(self) -> list[dict[str, Any]]:
        """Return every second of load in order."""
        return list(self._rows("seconds"))

    def samples(self) -> Iterator[ProcessSample]:
        """Yield every sample of a process in order."""
        return (ProcessSample(**row) for row in self._rows("samples"))

    def windows(self) -> list[dict[str, Any]]:
        """Return the digests of the attribution windows in order."""
        return list(self._rows("windows"))

    def _rows(self, table: str) -> Iterator[dict[str, Any]]:
        for (text,) in self._execute(f"SELECT record FROM {table} ORDER BY number", ()):  # noqa: S608 - a name of this module
            yield json.loads(text)

    def _execute(self, statement: str, values: tuple[Any, ...]) -> Iterable[tuple[Any, ...]]:
        try:
            return self._connection.execute(statement, values)
        except sqlite3.Error as error:
            raise self._failure(error) from error

    def _failure(self, error: sqlite3.Error) -> StoreError:
        return StoreError(
            f"the run's database {self._path} cannot be used: {error}",
            hint="is the disk full? TSPROF_HOME names another place for runs",
        )
