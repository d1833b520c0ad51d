"""A first look into a file: its columns, their types and the first rows, read as they will be."""

from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from core.domain.errors import UnusableInput
from core.history.json_lines import first_objects, object_columns, object_texts
from core.history.sniffing import RUN_OF_SPACES, Header
from core.history.sources import FileFormat, SourceFile, literal, scan_sql

_SAMPLE_ROWS = 200

Rows = tuple[tuple[str | None, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A text file in its plain form, and its first lines."""

    path: Path
    readable: Path
    first_lines: str
    is_whole: bool

    @property
    def estimated_rows(self) -> int:
        """The number of lines if all are as long as the first ones."""
        lines = max(self.first_lines.count("\n"), 1)
        return round(self.readable.stat().st_size * lines / max(len(self.first_lines.encode()), 1))


def look_into_csv(look: Look, header: Header) -> SourceFile:
    """Read the first rows of a CSV file."""
    dialect = header.dialect
    if dialect.delimiter == RUN_OF_SPACES:
        dialect = replace(dialect, delimiter="\t")
    source = SourceFile(
        path=look.path,
        readable=look.readable,
        file_format=FileFormat.CSV,
        columns=header.columns,
        types=("VARCHAR",) * len(header.columns),
        sample=(),
        size_bytes=look.readable.stat().st_size,
        dialect=dialect,
        estimated_rows=look.estimated_rows,
        is_whole=look.is_whole,
    )
    return replace(source, sample=_first_rows(source))


def look_into_json_lines(look: Look) -> SourceFile:
    """Read the first rows of a file with one JSON object per line."""
    objects = first_objects(look.path.name, look.first_lines)
    columns = object_columns(objects)
    return SourceFile(
        path=look.path,
        readable=look.readable,
        file_format=FileFormat.JSON_LINES,
        columns=columns,
        types=("VARCHAR",) * len(columns),
        sample=tuple(object_texts(item, columns) for item in objects[:_SAMPLE_ROWS]),
        size_bytes=look.readable.stat().st_size,
        estimated_rows=look.estimated_rows,
        is_whole=look.is_whole,
    )


def look_into_parquet(path: Path, readable: Path) -> SourceFile:
    """Read schema and first rows of a Parquet file."""
    file = literal(str(readable))
    relation = f"read_parquet({file}, hive_partitioning = false)"
    described = _fetch(path, f"DESCRIBE SELECT * FROM {relation}")
    counted = _fetch(path, f"SELECT sum(num_rows) FROM parquet_file_metadata({file})")
    source = SourceFile(
        path=path,
        readable=readable,
        file_format=FileFormat.PARQUET,
        columns=tuple(str(row[0]) for row in described),
        types=tuple(str(row[1]) for row in described),
        sample=(),
        size_bytes=readable.stat().st_size,
        estimated_rows=int(str(counted[0][0])),
    )
    if source.estimated_rows == 0:
        raise UnusableInput(f"{path.name} has columns but no rows: there is nothing to import.")
    return replace(source, sample=_first_rows(source))


def _first_rows(source: SourceFile) -> Rows:
    cells = ", ".join(f"CAST(c{place} AS VARCHAR)" for place in range(len(source.columns)))
    scan = scan_sql(source, keep_broken=False)
    return _fetch(source.path, f"SELECT {cells} FROM ({scan}) LIMIT {_SAMPLE_ROWS}")


def _fetch(path: Path, sql: str) -> Rows:
    with duckdb.connect() as connection:
        try:
            return tuple(connection.execute(sql).fetchall())
        except duckdb.Error as error:
            raise UnusableInput(
                f"{path.name} is damaged or not written as its beginning says: export it again."
            ) from error
