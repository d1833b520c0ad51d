"""The three imports: events, profiles and the catalogue, from files that were opened."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

import duckdb
from pydantic import JsonValue

from core.history.keyed_kinds import CATALOGUE, PROFILES
from core.history.keyed_storing import KeyedKind, KeyedSource, import_keyed
from core.history.lines import broken_rows, exact_lines
from core.history.manifest import ImportedFile, ImportMode
from core.history.mapping import ColumnMapping, TimeFormat, TimeShape
from core.history.progress import CancelQuestion, ProgressCallback
from core.history.rejects import RejectedRow
from core.history.relations import relation_sql, table_sql
from core.history.sources import SourceFile
from core.history.staging import EventSource
from core.history.storing import ImportReport, import_sources

_NO_MAPPING = ColumnMapping(user_id=(), timestamp=(), time=TimeFormat(shape=TimeShape.ISO))


def import_events(
    home: Path,
    name: str,
    files: Sequence[tuple[SourceFile, ColumnMapping]],
    *,
    mode: ImportMode,
    imported_at: datetime,
    on_progress: ProgressCallback | None = None,
    is_cancelled: CancelQuestion | None = None,
) -> ImportReport:
    """Import open files of events into the dataset `name`, which need not exist.

    `is_cancelled` is also asked from a second thread. Raises UnusableInput if nothing can be used
    or the dataset is being changed, and Cancelled; the dataset then is as it was.
    """
    return import_sources(
        home,
        name,
        [_event_source(source, mapping) for source, mapping in files],
        mode=mode,
        imported_at=imported_at,
        on_progress=on_progress,
        is_cancelled=is_cancelled,
    )


def import_profiles(
    home: Path,
    name: str,
    files: Sequence[tuple[SourceFile, str | None]],
    *,
    mode: ImportMode,
    imported_at: datetime,
    on_progress: ProgressCallback | None = None,
    is_cancelled: CancelQuestion | None = None,
) -> ImportReport:
    """Import open files of profiles, each with the column of its user ids if that is not user_id.

    `email`, `consent`, `timezone` and `unsubscribed` are known; every other column is a trait.
    Raises as `import_events`.
    """
    return import_keyed(
        home,
        name,
        PROFILES,
        [_keyed_source(source, key, PROFILES) for source, key in files],
        mode=mode,
        imported_at=imported_at,
        on_progress=on_progress,
        is_cancelled=is_cancelled,
    )


def import_catalogue(
    home: Path,
    name: str,
    files: Sequence[tuple[SourceFile, str | None]],
    *,
    mode: ImportMode,
    imported_at: datetime,
    on_progress: ProgressCallback | None = None,
    is_cancelled: CancelQuestion | None = None,
) -> ImportReport:
    """Import open files of products, each with the column of its product ids.

    Without one it is `product_id` or else the first column. Raises as `import_events`.
    """
    return import_keyed(
        home,
        name,
        CATALOGUE,
        [_keyed_source(source, key, CATALOGUE) for source, key in files],
        mode=mode,
        imported_at=imported_at,
        on_progress=on_progress,
        is_cancelled=is_cancelled,
    )


def _event_source(source: SourceFile, mapping: ColumnMapping) -> EventSource:
    plain = {part.name: _plain(getattr(mapping, part.name)) for part in fields(mapping)}
    return EventSource(
        record=ImportedFile(name=source.name, preset=mapping.preset, mapping=plain),
        relation=relation_sql(source, mapping),
        first_line=source.first_line,
        find_broken=_broken_finder(source),
        exact_lines=partial(_lines, source, mapping),
        estimated_rows=source.estimated_rows,
    )


def _keyed_source(source: SourceFile, key_column: str | None, kind: KeyedKind) -> KeyedSource:
    return KeyedSource(
        record=ImportedFile(name=source.name, mapping={kind.key: key_column or kind.key}),
        relation=table_sql(source),
        find_broken=_broken_finder(source),
        exact_lines=partial(_lines, source, _NO_MAPPING),
        key_column=key_column,
    )


def _plain(value: object) -> JsonValue:
    """Say in JSON what a part of a mapping is."""
    if is_dataclass(value):
        return {part.name: _plain(getattr(value, part.name)) for part in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(member) for key, member in value.items()}
    if isinstance(value, frozenset):
        return [_plain(member) for member in sorted(value)]
    if isinstance(value, tuple):
        return [_plain(member) for member in value]
    return value if value is None or isinstance(value, bool | int | float) else str(value)


def _lines(source: SourceFile, mapping: ColumnMapping, rows: Sequence[int]) -> Sequence[int]:
    return exact_lines(source, rows, mapping)


def _broken_finder(
    source: SourceFile,
) -> Callable[[duckdb.DuckDBPyConnection], list[RejectedRow]]:
    def find(connection: duckdb.DuckDBPyConnection) -> list[RejectedRow]:
        found = broken_rows(connection, source)
        return [RejectedRow(row.line, row.reason, row.text) for row in found]

    return find
