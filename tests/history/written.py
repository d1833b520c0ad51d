"""Small files for tests, and how they read."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from core.history.files import open_source
from core.history.mapping import ColumnMapping, TimeFormat, TimeShape
from core.history.relations import relation_sql
from core.history.sources import SourceFile

ISO = TimeFormat(shape=TimeShape.ISO)

PARTS = ("line", "problem", "user_id", "event", "event_id", "timestamp_us", "timestamp_text")

GENERIC = ColumnMapping(user_id=("user_id",), event="event", timestamp=("timestamp",), time=ISO)

SHARED = Path(__file__).parents[3] / "shared" / "data"


@contextmanager
def opened(
    folder: Path, content: str | bytes, name: str = "events.csv", **options: Any
) -> Iterator[SourceFile]:
    """Write a file and open it."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with open_source(path, **options) as source:
        yield source


def rows(source: SourceFile, mapping: ColumnMapping = GENERIC) -> list[Mapping[str, Any]]:
    """Read all rows of a source, each by the names of the relation's columns."""
    relation = relation_sql(source, mapping)
    names = [*PARTS, *(found.alias for found in relation.properties)]
    names += [found.alias for found in relation.spreads]
    columns = f"{', '.join(names)}, {relation.raw_row} AS raw_row"
    with duckdb.connect() as connection:
        found = connection.execute(f"SELECT {columns} FROM ({relation.sql})").fetchall()
    return [dict(zip([*names, "raw_row"], row, strict=True)) for row in found]


def column(source: SourceFile, name: str, mapping: ColumnMapping = GENERIC) -> list[Any]:
    """Read one column of the relation."""
    return [row[name] for row in rows(source, mapping)]


def events_csv(*lines: str, header: str = "user_id,event,timestamp") -> str:
    """Write lines under the generic header."""
    return "\n".join([header, *lines]) + "\n"


def users(found: Sequence[Mapping[str, Any]]) -> list[str | None]:
    """Give who did each row."""
    return [row["user_id"] for row in found]


def measured(source: SourceFile, mapping: ColumnMapping, *aggregates: str) -> tuple[Any, ...]:
    """Compute aggregates over all rows of a source, for files of many rows."""
    sql = f"SELECT {', '.join(aggregates)} FROM ({relation_sql(source, mapping).sql})"
    with duckdb.connect() as connection:
        found = connection.execute(sql).fetchone()
    return found or ()
