"""The cells of a raw row as SQL expressions: the same questions to every format of file."""

from collections.abc import Mapping
from dataclasses import dataclass

from core.history.manifest import Encoding
from core.history.times import CellType


@dataclass(frozen=True, slots=True, kw_only=True)
class PropertyColumn:
    """A property that is a column of the relation: its name, the column's alias, the encoding."""

    name: str
    alias: str
    encoding: Encoding


@dataclass(frozen=True, slots=True, kw_only=True)
class SpreadColumn:
    """A column of JSON objects whose members, except those in `without`, are properties."""

    alias: str
    without: frozenset[str]
    renamed: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """A SELECT of rows with `line`, and expressions over its columns.

    `texts` gives a column as VARCHAR (NULL if missing), `times` the value to read a time from and
    what it is; `properties` and `spreads` pair each column of the relation with its expression.
    `problem` says in words why a row cannot be read, else NULL; `raw_columns` are the columns that
    the file has, `raw_row` makes the row's text of them.
    """

    rows: str
    texts: Mapping[str, str]
    times: Mapping[str, tuple[str, CellType]]
    properties: tuple[tuple[PropertyColumn, str], ...]
    spreads: tuple[tuple[SpreadColumn, str], ...]
    problem: str
    raw_columns: tuple[str, ...]
    raw_row: str

    def aliases(self) -> list[str]:
        """List the aliases of the properties, then those of the spreads."""
        properties = [column.alias for column, _ in self.properties]
        return properties + [column.alias for column, _ in self.spreads]


def json_object_sql(json: str) -> str:
    """Give the JSON object in a text, a list of {key, value} pairs being one too, else NULL."""
    values = ", ".join(
        f"nullif(pair->'$.value.{kind}', 'null')"
        for kind in ("string_value", "int_value", "float_value", "double_value")
    )
    plain = (
        "nullif(CASE WHEN json_type(pair, '$.value') <> 'OBJECT' THEN pair->'$.value' END, 'null')"
    )
    entry = f"struct_pack(k := pair->>'$.key', v := coalesce({values}, {plain}))"
    pairs = f"list_transform(json_extract({json}, '$[*]'), lambda pair: {entry})"
    return (
        f"CASE TRY(json_type({json})) WHEN 'OBJECT' THEN {json}"
        f" WHEN 'ARRAY' THEN TRY(CAST(to_json(map_from_entries({pairs})) AS VARCHAR)) END"
    )


def with_object(rows: str, json: str) -> str:
    """Add the JSON object in a text as `_object`, so that it is parsed once."""
    return f"SELECT *, {json_object_sql(json)} AS _object FROM ({rows})"


def no_object_case(json: str) -> str:
    """Give the WHEN of a text that is neither missing nor a JSON object (or a list of pairs)."""
    is_bad = (
        f"{json} IS NOT NULL AND _object IS NULL AND TRY(json_type({json})) IS DISTINCT FROM 'NULL'"
    )
    return f"WHEN {is_bad} THEN 'the properties are no JSON object'"
