"""How a file reads as events under a mapping, as one SELECT of DuckDB."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import assert_never

from core.domain.errors import UnusableInput
from core.history.cells import Cells, PropertyColumn, SpreadColumn
from core.history.json_cells import json_cells
from core.history.json_lines import pointer
from core.history.mapping import (
    ColumnMapping,
    NameByJson,
    NameByPrefix,
    NameRule,
    TimeFormat,
    TimeShape,
)
from core.history.sources import FileFormat, SourceFile, literal
from core.history.table_cells import table_cells
from core.history.times import add_instants


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationSql:
    """A SELECT over a file, its rows in the order of the file.

    Columns: `line` BIGINT (the number of the row, near its line in the file), `problem` VARCHAR
    (why the row cannot be read at all, else NULL), `user_id`, `event`, `event_id` VARCHAR (NULL if
    missing), `timestamp_us` BIGINT (NULL if missing or unreadable), `timestamp_text` VARCHAR, the
    aliases of `properties` and `spreads` (VARCHAR), and the raw columns, of which the expression
    `raw_row` makes the row's text.
    """

    sql: str
    properties: tuple[PropertyColumn, ...]
    spreads: tuple[SpreadColumn, ...]
    raw_row: str


def relation_sql(source: SourceFile, mapping: ColumnMapping) -> RelationSql:
    """Say how the file reads as events; raise UnusableInput for a column that is not there."""
    check_columns(source, mapping)
    cells = _cells(source, mapping)
    order = " ORDER BY line" if mapping.continued is not None else ""
    timed = _parts(cells, mapping)
    for place, column in enumerate(mapping.timestamp):
        examples = source.texts(column)
        timed = add_instants(
            timed,
            f"t{place}",
            f"us{place}",
            cell=cells.times[column][1],
            time=mapping.time,
            example=examples[0] if examples else None,
        )
    instant, text = _first_time(len(mapping.timestamp))
    columns = [*cells.aliases(), *cells.raw_columns]
    names = ["line", "problem", "user_id", "event", "event_id", *columns]
    sql = (
        f"SELECT {', '.join(names)}, {instant} AS timestamp_us, {text} AS timestamp_text"
        f" FROM ({timed}){order}"
    )
    return _relation(sql, cells)


def table_sql(source: SourceFile) -> RelationSql:
    """Say how a file reads whose rows are no events: every column is a property.

    The relation has `line`, `problem` and the raw columns, and no part of an event.
    """
    mapping = ColumnMapping(user_id=(), timestamp=(), time=TimeFormat(shape=TimeShape.ISO))
    cells = _cells(source, mapping)
    sql = f"SELECT line, {cells.problem} AS problem{_extra(cells)} FROM ({cells.rows})"
    return _relation(sql, cells)


def column_sql(source: SourceFile, mapping: ColumnMapping, column: str) -> str:
    """Select `line` and the `text` of one column that the mapping mentions."""
    cells = _cells(source, mapping)
    return f"SELECT line, {cells.texts[column]} AS text FROM ({cells.rows})"


def check_columns(source: SourceFile, mapping: ColumnMapping) -> None:
    """Raise UnusableInput if the mapping names a column that the file does not have."""
    for column in mapping.columns():
        if column not in source.columns:
            raise UnusableInput(missing_column(source, column))


def missing_column(source: SourceFile, column: str) -> str:
    """Say that a column is not there, and which one may be meant."""
    by_lower = {name.lower(): name for name in reversed(source.columns)}
    near = get_close_matches(column.lower(), by_lower, n=1)
    if near:
        return f"{source.name} has no column {column!r}: did you mean {by_lower[near[0]]!r}?"
    shown = ", ".join(repr(name) for name in source.columns[:8])
    more = ", …" if len(source.columns) > 8 else ""
    return f"{source.name} has no column {column!r}: it has {shown}{more}."


def _cells(source: SourceFile, mapping: ColumnMapping) -> Cells:
    if source.file_format is FileFormat.JSON_LINES:
        return json_cells(source, mapping)
    return table_cells(source, mapping)


def _relation(sql: str, cells: Cells) -> RelationSql:
    return RelationSql(
        sql=sql,
        raw_row=cells.raw_row,
        properties=tuple(column for column, _ in cells.properties),
        spreads=tuple(column for column, _ in cells.spreads),
    )


def _parts(cells: Cells, mapping: ColumnMapping) -> str:
    """Select the parts of an event, the values to read its time from as t0, t1, …"""
    user = _first([cells.texts[column] for column in mapping.user_id])
    event = _event(cells, mapping)
    event_id = _event_id(cells, mapping, event)
    values = [cells.times[column][0] for column in mapping.timestamp]
    if mapping.continued is not None:
        key = cells.texts[mapping.continued.column]
        user, event, values = _continued(key, mapping.continued.event_name, user, event, values)
    times = "".join(f", {value} AS t{place}" for place, value in enumerate(values))
    return (
        f"SELECT line, {cells.problem} AS problem, nullif({user}, '') AS user_id,"
        f" nullif({event}, '') AS event, nullif({event_id}, '') AS event_id{times}{_extra(cells)}"
        f" FROM ({cells.rows})"
    )


def _event_id(cells: Cells, mapping: ColumnMapping, event: str) -> str:
    if mapping.event_id is None:
        return "NULL::VARCHAR"
    found = cells.texts[mapping.event_id]
    if not mapping.joins_id:
        return found
    times = [cells.texts[column] for column in mapping.timestamp]
    joined = ", ".join([found, event, *times])
    return f"CASE WHEN {found} <> '' THEN concat_ws(' ', {joined}) END"


def _extra(cells: Cells) -> str:
    values = [value for _, value in cells.properties] + [value for _, value in cells.spreads]
    pairs = zip(values, cells.aliases(), strict=True)
    listed = "".join(f", {value} AS {alias}" for value, alias in pairs)
    return f"{listed}, {', '.join(cells.raw_columns)}"


def _event(cells: Cells, mapping: ColumnMapping) -> str:
    rules = [_named(cells, rule) for rule in mapping.name_rules]
    if mapping.event is not None:
        return _first([*rules, cells.texts[mapping.event]])
    return _first([*rules, literal(mapping.event_name or "")])


def _named(cells: Cells, rule: NameRule) -> str:
    cell = cells.texts[rule.column]
    match rule:
        case NameByPrefix():
            starts = f"starts_with({cell}, {literal(rule.prefix)})"
            return f"CASE WHEN {starts} THEN {literal(rule.name)} END"
        case NameByJson():
            key = literal(pointer([rule.key]))
            return f"nullif(TRY(json_extract_string({cell}, {key})), '')"
        case _:
            assert_never(rule)


def _continued(
    key: str, later_name: str, user: str, event: str, values: Sequence[str]
) -> tuple[str, str, list[str]]:
    """Fill the rows after the first of each key from the rows before them."""
    rows = f"(PARTITION BY {key} ORDER BY line)"
    is_later = f"({key} IS NOT NULL AND row_number() OVER {rows} > 1)"

    def filled(value: str) -> str:
        earlier = f"first_value({value} IGNORE NULLS) OVER {rows}"
        return f"CASE WHEN {is_later} THEN coalesce({value}, {earlier}) ELSE {value} END"

    name = f"CASE WHEN {is_later} THEN {literal(later_name)} ELSE {event} END"
    return filled(user), name, [filled(value) for value in values]


def _first_time(count: int) -> tuple[str, str]:
    """Give the instant and the text of the first time that is not empty."""
    if count == 1:
        return "us0", "CAST(t0 AS VARCHAR)"
    places = range(count)
    cases = " ".join(f"WHEN t{place} IS NOT NULL THEN us{place}" for place in places)
    return f"CASE {cases} END", _first([f"CAST(t{place} AS VARCHAR)" for place in places])


def _first(values: Sequence[str]) -> str:
    return values[0] if len(values) == 1 else f"coalesce({', '.join(values)})"
