"""What is known of a file that was looked into, and how DuckDB scans its raw rows."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

# A longer line is not a row of a table: memory per thread stays bounded.
LONGEST_LINE = 16_000_000

# DuckDB stops noting broken rows here; a file with more of them is refused.
MOST_BROKEN_ROWS = 1_000_000

# So much of the text of a broken row is noted.
NOTED_TEXT = 10_000


class FileFormat(StrEnum):
    """The kinds of table that can be read."""

    CSV = "csv"
    PARQUET = "parquet"
    JSON_LINES = "json lines"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How a CSV file is written.

    `skip_count` records come before the first row, the header included; `first_line` is the line
    of the first row in the file, counted from 1.
    """

    delimiter: str
    quote: str
    escape: str
    skip_count: int
    first_line: int
    is_padded: bool = False  # a space follows each delimiter


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """A file that can be read: `path` is what the person gave, `readable` the plain form of it.

    `columns` are the names a mapping may use (of JSON lines also dotted paths); `types` the types
    DuckDB has for them; `sample` holds the first rows as text, one value per column, None if
    missing. `is_whole` is false where `readable` is only the beginning.
    """

    path: Path
    readable: Path
    file_format: FileFormat
    columns: tuple[str, ...]
    types: tuple[str, ...]
    sample: tuple[tuple[str | None, ...], ...]
    size_bytes: int
    dialect: Dialect | None = None
    estimated_rows: int | None = None
    is_whole: bool = True

    @property
    def name(self) -> str:
        """The name for messages."""
        return self.path.name

    @property
    def first_line(self) -> int:
        """The line (or row number) of the first row."""
        return 1 if self.dialect is None else self.dialect.first_line

    @property
    def broken_table(self) -> str:
        """The TEMP table in which a scan that keeps broken rows notes them."""
        return f"broken_{zlib.crc32(str(self.readable).encode()):08x}"

    def texts(self, column: str) -> list[str]:
        """List the sample's values of a column that are not missing."""
        place = self.columns.index(column)
        return [value for row in self.sample if (value := row[place]) is not None]


def scan_sql(source: SourceFile, *, keep_broken: bool) -> str:
    """Give a SELECT of the raw rows in the order of the file.

    Columns: CSV and Parquet `c0`, `c1`, … in the order of `source.columns`; JSON lines `text`.
    Broken rows are left out; with `keep_broken` they are noted in `source.broken_table`.
    """
    match source.file_format:
        case FileFormat.PARQUET:
            names = ", ".join(
                f"{identifier(name)} AS c{place}" for place, name in enumerate(source.columns)
            )
            path = literal(str(source.readable))
            return f"SELECT {names} FROM read_parquet({path}, hive_partitioning = false)"
        case FileFormat.JSON_LINES:
            dialect = Dialect(delimiter="\x01", quote="", escape="", skip_count=0, first_line=1)
            names = "'text': 'VARCHAR'"
            return f"SELECT text FROM {_read_csv(source, dialect, names, keep_broken)}"
        case FileFormat.CSV:
            if source.dialect is None:
                raise ValueError("a CSV file has a dialect")
            cells = [f"c{place}" for place in range(len(source.columns))]
            names = ", ".join(f"'{cell}': 'VARCHAR'" for cell in cells)
            scan = _read_csv(source, source.dialect, names, keep_broken)
            if not source.dialect.is_padded:
                return f"SELECT * FROM {scan}"
            trimmed = ", ".join(f"nullif(trim({cell}, ' '), '') AS {cell}" for cell in cells)
            return f"SELECT {trimmed} FROM {scan}"


def raw_columns(source: SourceFile) -> list[str]:
    """List the columns of the raw rows."""
    if source.file_format is FileFormat.JSON_LINES:
        return ["text"]
    return [f"c{place}" for place in range(len(source.columns))]


def raw_row_sql(source: SourceFile) -> str:
    """Give an expression over the raw columns: the row as text, written as CSV."""
    if source.file_format is FileFormat.JSON_LINES:
        return "text"
    cells = ", ".join(f"CAST(c{place} AS VARCHAR)" for place in range(len(source.columns)))
    quoted = """'"' || replace(cell, '"', '""') || '"'"""
    needs_quotes = """regexp_matches(cell, '[",\\r\\n]')"""
    written = f"CASE WHEN {needs_quotes} THEN {quoted} ELSE coalesce(cell, '') END"
    return f"array_to_string(list_transform([{cells}], lambda cell: {written}), ',')"


def literal(text: str) -> str:
    """Quote a text for SQL."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """Quote a column's name for SQL."""
    return '"' + name.replace('"', '""') + '"'


def literals(texts: Sequence[str]) -> str:
    """Quote texts for a list in SQL."""
    return "[" + ", ".join(literal(text) for text in texts) + "]"


def _read_csv(source: SourceFile, dialect: Dialect, names: str, keep_broken: bool) -> str:
    options: Mapping[str, str] = {
        "auto_detect": "false",
        "header": "false",
        "skip": str(dialect.skip_count),
        "delim": literal(dialect.delimiter),
        "quote": literal(dialect.quote),
        "escape": literal(dialect.escape),
        "columns": "{" + names + "}",
        "maximum_line_size": str(LONGEST_LINE),
        "buffer_size": str(2 * LONGEST_LINE),
        "hive_partitioning": "false",
    } | (
        {
            "store_rejects": "true",
            "rejects_table": literal(source.broken_table),
            "rejects_scan": literal(f"{source.broken_table}_scan"),
            "rejects_limit": str(MOST_BROKEN_ROWS),
            "rejects_line_size_limit": str(NOTED_TEXT),
        }
        if keep_broken
        else {"ignore_errors": "true"}
    )
    written = ", ".join(f"{name} = {value}" for name, value in options.items())
    return f"read_csv({literal(str(source.readable))}, {written})"
