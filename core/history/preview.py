"""The first rows of a file as they will be read, before anything is stored."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import duckdb
import pandas as pd

from core.domain.values import JsonValue
from core.history.manifest import Encoding
from core.history.mapping import ColumnMapping
from core.history.relations import RelationSql, relation_sql
from core.history.sources import SourceFile


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewRow:
    """A row as it will be read; None where a part is missing or unreadable."""

    line: int
    user_id: str | None
    event: str | None
    timestamp_us: int | None
    timestamp_text: str | None
    event_id: str | None
    problem: str | None
    properties: Mapping[str, JsonValue] = field(default_factory=dict)


def preview_rows(source: SourceFile, mapping: ColumnMapping, limit: int = 20) -> list[PreviewRow]:
    """Read the first rows; raise UnusableInput for a column that is not there."""
    relation = relation_sql(source, mapping)
    aliases = [column.alias for column in relation.properties]
    aliases += [column.alias for column in relation.spreads]
    parts = ", ".join([*_PARTS, *aliases])
    with duckdb.connect() as connection:
        rows = connection.execute(f"SELECT {parts} FROM ({relation.sql}) LIMIT {limit}").fetchall()
    return [_row(relation, dict(zip([*_PARTS, *aliases], row, strict=True))) for row in rows]


def preview(source: SourceFile, mapping: ColumnMapping, limit: int = 20) -> pd.DataFrame:
    """Give the first rows as a table: line, user, event, time (UTC), properties, problem."""
    rows = preview_rows(source, mapping, limit)
    micros = pd.Series([row.timestamp_us for row in rows], dtype="Int64")
    return pd.DataFrame(
        {
            "line": [row.line for row in rows],
            "user": [row.user_id for row in rows],
            "event": [row.event for row in rows],
            "time": pd.to_datetime(micros, unit="us", utc=True),
            "properties": [json.dumps(row.properties, ensure_ascii=False) for row in rows],
            "problem": [row.problem for row in rows],
        }
    )


_PARTS = ("line", "problem", "user_id", "event", "event_id", "timestamp_us", "timestamp_text")


def _row(relation: RelationSql, cells: Mapping[str, Any]) -> PreviewRow:
    properties: dict[str, JsonValue] = {}
    for spread in relation.spreads:
        members = _decoded(cells[spread.alias])
        for key, value in members.items() if isinstance(members, dict) else ():
            if key not in spread.without and value is not None:
                properties.setdefault(spread.renamed.get(key, key), value)
    for column in relation.properties:
        cell = cells[column.alias]
        if cell is not None:
            properties[column.name] = (
                _decoded(cell) if column.encoding is Encoding.JSON else str(cell)
            )
    parts = {name: cells[name] for name in _PARTS}
    return PreviewRow(**parts, properties=properties)


def _decoded(cell: object) -> JsonValue:
    if cell is None:
        return None
    try:
        decoded: JsonValue = json.loads(str(cell))
    except RecursionError:
        return str(cell)  # nested a thousand levels deep: nobody's property
    return decoded
