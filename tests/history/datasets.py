"""Small datasets for tests: events as objects, written by the importer itself."""

import json
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from core.domain.events import Event
from core.domain.values import JsonValue
from core.history.cells import SpreadColumn
from core.history.importing import import_events
from core.history.manifest import ImportedFile, ImportMode
from core.history.reading import open_dataset
from core.history.relations import RelationSql
from core.history.sources import literal
from core.history.staging import EventSource
from core.history.storing import ImportReport, import_sources
from tests.history.written import GENERIC, opened

IMPORTED_AT = datetime(2026, 1, 1, tzinfo=UTC)
START = datetime(2025, 5, 1, tzinfo=UTC)


def event(
    user_id: str,
    name: str,
    hour: int,
    *,
    event_id: str | None = None,
    properties: Mapping[str, JsonValue] | None = None,
) -> Event:
    """Make an event some hours after START; without an id it gets one of its own for its place."""
    return Event(
        event_id=f"{user_id}-{name}-{hour}" if event_id is None else event_id,
        user_id=user_id,
        event=name,
        timestamp=START + timedelta(hours=hour),
        properties=properties or {},
    )


def write_events(
    home: Path,
    name: str,
    *files: Iterable[Event],
    mode: ImportMode = ImportMode.APPEND,
    imported_at: datetime = IMPORTED_AT,
    **options: Any,
) -> ImportReport:
    """Import events in the order given, one file per iterable; properties keep their types.

    An event with the id "" comes without one. `options` go to the importer.
    """
    with tempfile.TemporaryDirectory() as folder:
        sources = []
        for number, events in enumerate(files):
            path = Path(folder) / f"events{number}.parquet"
            pq.write_table(_table(list(events)), path)
            sources.append(source_of(path))
        return import_sources(home, name, sources, mode=mode, imported_at=imported_at, **options)


def import_csv(
    home: Path, name: str, text: str, *, mode: ImportMode = ImportMode.APPEND, **mapping: Any
) -> ImportReport:
    """Import a CSV file whose columns have the names of the parts of an event."""
    with tempfile.TemporaryDirectory() as folder, opened(Path(folder), text) as source:
        files = [(source, replace(GENERIC, **mapping))]
        return import_events(home, name, files, mode=mode, imported_at=IMPORTED_AT)


def stories(home: Path, name: str) -> list[tuple[Any, ...]]:
    """Give all events in order as (user, time, name, properties)."""
    dataset = open_dataset(home, name)
    return [
        (one.user_id, one.timestamp, one.event, dict(one.properties))
        for user in dataset.user_ids()
        for one in dataset.user_events(user.as_py())
    ]


def source_of(path: Path) -> EventSource:
    """Describe a Parquet file with the columns of an event as an open source."""
    spread = SpreadColumn(alias="properties", without=frozenset(), renamed={})
    sql = (
        "SELECT user_id, event, timestamp_us, timestamp_us::VARCHAR AS timestamp_text, event_id,"
        " NULL::VARCHAR AS problem, properties"
        f" FROM read_parquet({literal(str(path))})"
    )
    return EventSource(
        record=ImportedFile(name=path.name),
        relation=RelationSql(sql=sql, properties=(), spreads=(spread,), raw_row="user_id"),
        first_line=1,
        find_broken=lambda _: [],
        exact_lines=lambda lines: lines,
    )


def _table(events: Sequence[Event]) -> pa.Table:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    times = [(event.timestamp - epoch) // timedelta(microseconds=1) for event in events]
    return pa.table(
        {
            "user_id": pa.array([event.user_id for event in events], pa.string()),
            "event": pa.array([event.event for event in events], pa.string()),
            "timestamp_us": pa.array(times, pa.int64()),
            "event_id": pa.array([event.event_id or None for event in events], pa.string()),
            "properties": pa.array([json.dumps(dict(e.properties)) for e in events], pa.string()),
        }
    )
