"""The cells of CSV and Parquet files, whose columns are the same in every row."""

from collections.abc import Iterable

from core.history.cells import (
    Cells,
    PropertyColumn,
    SpreadColumn,
    no_object_case,
    with_object,
)
from core.history.manifest import Encoding
from core.history.mapping import ColumnMapping
from core.history.sources import SourceFile, raw_columns, raw_row_sql, scan_sql
from core.history.times import CellType, cell_type

_TEXTS = ("VARCHAR", "UUID")
_EXACT = ("INT", "DECIMAL", "BOOLEAN")  # also BIGINT, UINTEGER, HUGEINT, …
_FLOATS = ("DOUBLE", "FLOAT")


def table_cells(source: SourceFile, mapping: ColumnMapping) -> Cells:
    """Say where the parts of an event stand in the columns of a table."""
    types = dict(zip(source.columns, source.types, strict=True))
    cells = {column: f"c{place}" for place, column in enumerate(source.columns)}
    texts = {column: _text(cell, types[column]) for column, cell in cells.items()}
    rows = (
        f"SELECT row_number() OVER () + {source.first_line - 1} AS line, *"
        f" FROM ({scan_sql(source, keep_broken=True)})"
    )
    problem, spreads = "NULL::VARCHAR", []
    if mapping.properties is not None:
        properties = _json(cells, types, mapping.properties)
        rows = with_object(rows, properties)
        problem = f"CASE {no_object_case(properties)} END"
        spread = SpreadColumn(alias="s0", without=frozenset(), renamed=mapping.renamed)
        spreads = [(spread, "_object")]
    taken = mapping.ignored.union(mapping.places())
    kept = [column for column in source.columns if column not in taken]
    return Cells(
        rows=rows,
        texts=texts,
        times={column: _time_value(cells[column], types[column]) for column in mapping.timestamp},
        properties=tuple(_properties(source, mapping, kept)),
        spreads=tuple(spreads),
        problem=problem,
        raw_columns=tuple(raw_columns(source)),
        raw_row=raw_row_sql(source),
    )


def _text(cell: str, duckdb_type: str) -> str:
    if duckdb_type == "VARCHAR":
        return cell
    return f"CAST({cell} AS VARCHAR)"


def _json(cells: dict[str, str], types: dict[str, str], column: str) -> str:
    if types[column] in {"VARCHAR", "JSON"}:
        return cells[column]
    return f"CAST(to_json({cells[column]}) AS VARCHAR)"


def _time_value(cell: str, duckdb_type: str) -> tuple[str, CellType]:
    kind = cell_type(duckdb_type)
    return (f"CAST({cell} AS VARCHAR)", CellType.TEXT) if kind is None else (cell, kind)


def _properties(
    source: SourceFile, mapping: ColumnMapping, columns: Iterable[str]
) -> Iterable[tuple[PropertyColumn, str]]:
    places = {column: place for place, column in enumerate(source.columns)}
    names: set[str] = set()
    for column in columns:
        new_name = mapping.renamed.get(column, column)
        name = column if new_name in names else new_name
        names.add(name)
        cell = f"c{places[column]}"
        if column in mapping.json_columns:
            encoding, value = Encoding.JSON, _nested(cell)
        else:
            encoding, value = _property_value(cell, source.types[places[column]])
        yield PropertyColumn(name=name, alias=f"p{places[column]}", encoding=encoding), value


def _property_value(cell: str, duckdb_type: str) -> tuple[Encoding, str]:
    """Keep text as it is; of a typed column give each value as JSON, numbers exactly."""
    is_scalar = not duckdb_type.endswith(("]", ")")) or duckdb_type.startswith(("DECIMAL", "ENUM"))
    if duckdb_type in _TEXTS or (is_scalar and duckdb_type.startswith("ENUM")):
        return Encoding.TEXT, _text(cell, duckdb_type)
    if duckdb_type in _FLOATS:
        return Encoding.JSON, f"CASE WHEN isfinite({cell}) THEN CAST({cell} AS VARCHAR) END"
    if duckdb_type == "TIMESTAMP WITH TIME ZONE":
        utc = f"strftime(make_timestamp(epoch_us({cell})), '%Y-%m-%dT%H:%M:%S.%fZ')"
        return Encoding.JSON, f"CAST(to_json({utc}) AS VARCHAR)"
    if is_scalar and any(name in duckdb_type for name in _EXACT):
        return Encoding.JSON, f"CAST({cell} AS VARCHAR)"
    return Encoding.JSON, f"CAST(to_json({cell}) AS VARCHAR)"


def _nested(cell: str) -> str:
    """Read a cell that holds JSON: a list of one becomes its member, an empty one is missing."""
    return (
        f"CASE WHEN {cell} IS NULL THEN NULL"
        f" WHEN NOT json_valid({cell}) THEN CAST(to_json({cell}) AS VARCHAR)"
        f" WHEN json_type({cell}) = 'NULL' THEN NULL"
        f" WHEN json_type({cell}) <> 'ARRAY' THEN {cell}"
        f" WHEN json_array_length({cell}) = 0 THEN NULL"
        f" WHEN json_array_length({cell}) = 1 THEN CAST(json_extract({cell}, '$[0]') AS VARCHAR)"
        f" ELSE {cell} END"
    )
