"""Where rows stand in their file: lines of rejected rows, and the rows DuckDB could not read."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from core.domain.errors import UnusableInput
from core.history.json_cells import json_cells
from core.history.mapping import ColumnMapping
from core.history.rewriting import file_chunks
from core.history.sources import (
    LONGEST_LINE,
    MOST_BROKEN_ROWS,
    NOTED_TEXT,
    FileFormat,
    SourceFile,
    identifier,
    scan_sql,
)

_BLANK_LINE = re.compile(rb"\n(?=\r?\n)")

_NOTED_TEXT = NOTED_TEXT - 1  # DuckDB cuts longer ones, at a whole character

_REASONS = {
    "UNQUOTED VALUE": "a quote that is not closed or not doubled",
    "INVALID ENCODING": "not UTF-8",
    "LINE SIZE OVER MAXIMUM": f"a line of more than {LONGEST_LINE // 1_000_000} MB",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenRow:
    """A row without the columns of the header: its line, why it was left out, its text."""

    line: int
    reason: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LineRange:
    """Some lines of a file that belong to no row that was read."""

    start: int
    count: int


def broken_rows(connection: duckdb.DuckDBPyConnection, source: SourceFile) -> list[BrokenRow]:
    """List the rows that the last complete scan of the file on this connection left out.

    Raises UnusableInput if there are so many that not all were noted, or if a quote that is never
    closed swallowed many rows.
    """
    if source.file_format is FileFormat.PARQUET or not _was_scanned(connection, source):
        return []
    noted = connection.execute(_broken_sql(source)).fetchall()
    lines = _lines_at(source.readable, [row[0] for row in noted])
    if sum(row[-1] for row in noted) >= MOST_BROKEN_ROWS:
        raise UnusableInput(
            f"{source.name} has more than {MOST_BROKEN_ROWS:,} broken rows, the first in line"
            f" {lines[0]:,}: check its separator and quotes."
        )
    rows = zip(lines, noted, strict=True)
    return [broken for line, row in rows for broken in _broken_lines(line, row, source)]


def exact_lines(source: SourceFile, rows: Sequence[int], mapping: ColumnMapping) -> list[int]:
    """Give the lines in the file of rows that are known by the `line` of their relation.

    The two differ after cells of several lines, blank lines and broken rows. Costs up to two more
    scans of the file.
    """
    tall: dict[int, int] = {}
    if not rows or source.file_format is FileFormat.PARQUET:
        return list(rows)
    with duckdb.connect() as connection:
        if source.file_format is FileFormat.JSON_LINES:
            wanted = _file_rows(connection, source, rows, mapping)
        else:
            wanted, tall = list(rows), _tall_rows(connection, source)
        broken = broken_rows(connection, source)
    left_out = [LineRange(start=row.line, count=1) for row in broken]
    if len(source.columns) > 1 and source.file_format is FileFormat.CSV:
        blank = (
            LineRange(start=line, count=1) for line in blank_lines(file_chunks(source.readable))
        )
        left_out += [line for line in blank if line.start >= source.first_line]
    placed = place_rows(set(wanted), tall, left_out)
    return [placed[row] for row in wanted]


def place_rows(
    rows: Iterable[int], tall: dict[int, int], left_out: Iterable[LineRange]
) -> dict[int, int]:
    """Give the first line of each row, rows being numbered by the line if nothing were between.

    `tall` says how many lines beyond the first a row has; `left_out` are lines of no row.
    """
    gaps = sorted(left_out, key=lambda gap: gap.start)
    placed: dict[int, int] = {}
    shift = next_gap = 0
    for row in sorted({*rows, *tall}):
        while next_gap < len(gaps) and gaps[next_gap].start <= row + shift:
            shift += gaps[next_gap].count
            next_gap += 1
        placed[row] = row + shift
        last = row + shift + tall.get(row, 0)
        while next_gap < len(gaps) and gaps[next_gap].start <= last:
            next_gap += 1  # a blank line inside a quoted cell
        shift = last - row
    return placed


def blank_lines(chunks: Iterable[bytes]) -> Iterator[int]:
    """Yield the numbers of the lines that are empty in a text that comes in pieces."""
    held, passed = b"\n", -1
    for chunk in chunks:
        text = held + chunk
        counted, line = 0, passed
        for found in _BLANK_LINE.finditer(text):
            line += text.count(b"\n", counted, found.start() + 1)
            counted = found.start() + 1
            yield line + 1
        held = next((end for end in (b"\n\r", b"\n") if text.endswith(end)), b"")
        passed += text.count(b"\n") - held.count(b"\n")


def _was_scanned(connection: duckdb.DuckDBPyConnection, source: SourceFile) -> bool:
    found = connection.execute(
        "SELECT count(*) FROM duckdb_tables() WHERE table_name = ?", [source.broken_table]
    ).fetchone()
    return found is not None and found[0] > 0


def _broken_sql(source: SourceFile) -> str:
    table = identifier(source.broken_table)
    # In files with \r\n a row is noted from the \n before it on.
    newlines = "length(csv_line) - length(ltrim(csv_line, chr(13) || chr(10)))"
    found = "CAST(regexp_extract(error_message, 'Found: (\\d+)', 1) AS INTEGER)"
    return (
        f"SELECT min(line_byte_position + coalesce({newlines}, 0)) AS place,"
        " arg_min(CAST(error_type AS VARCHAR), byte_position) AS kind,"
        f" min(TRY({found})), max(TRY({found})), any_value(csv_line), count(*)"
        f" FROM {table} WHERE scan_id = (SELECT max(scan_id) FROM {table})"
        " GROUP BY line_byte_position ORDER BY place"
    )


def _broken_lines(line: int, noted: tuple[Any, ...], source: SourceFile) -> Iterator[BrokenRow]:
    """Give each line of what was noted as one row; refuse a quote that swallows the file."""
    _, kind, fewest, most, noted_text, _ = noted
    text = (noted_text or "").strip("\r\n")
    lines = text.split("\n")
    if len(lines) > 1 and len(text) >= _NOTED_TEXT:
        raise UnusableInput(
            f"{source.name} opens a quote in line {line:,} that is not closed where its cell ends,"
            " so that the rows after it are lost: close it, or write it twice."
        )
    reason = _REASONS.get(kind, "not readable")
    if kind in {"MISSING COLUMNS", "TOO MANY COLUMNS"}:
        width = fewest if kind == "MISSING COLUMNS" else most
        reason = f"{width} columns instead of {len(source.columns)}"
    for number, row in enumerate(lines, start=line):
        yield BrokenRow(line=number, reason=reason, text=row.rstrip("\r"))


def _file_rows(
    connection: duckdb.DuckDBPyConnection,
    source: SourceFile,
    rows: Sequence[int],
    mapping: ColumnMapping,
) -> list[int]:
    """Give the lines of JSON rows, as if no line were broken."""
    connection.execute("CREATE TEMP TABLE wanted AS SELECT unnest(?) AS line", [list(rows)])
    counted = json_cells(source, mapping).rows
    found = connection.execute(
        f"SELECT line, file_line FROM ({counted}) SEMI JOIN wanted USING (line)"
    ).fetchall()
    lines = dict(found)
    return [lines[row] for row in rows]


def _tall_rows(connection: duckdb.DuckDBPyConnection, source: SourceFile) -> dict[int, int]:
    """Find the rows of several lines: how many lines each has beyond the first."""
    cells = ", ".join(f"c{place}" for place in range(len(source.columns)))
    text = f"concat_ws(' ', {cells})"
    newlines = f"length({text}) - length(replace({text}, chr(10), ''))"
    scan = scan_sql(source, keep_broken=True)
    numbered = f"SELECT row_number() OVER () AS row, {newlines} AS beyond FROM ({scan})"
    found = connection.execute(f"SELECT row, beyond FROM ({numbered}) WHERE beyond > 0")
    return {row + source.first_line - 1: beyond for row, beyond in found.fetchall()}


def _lines_at(path: Path, positions: Sequence[int]) -> list[int]:
    """Give the line of each byte position, counted from 1; the positions are in order."""
    lines: list[int] = []
    passed, line = 0, 1
    waiting = iter(positions)
    position = next(waiting, None)
    for chunk in file_chunks(path):
        counted = 0
        while position is not None and position <= passed + len(chunk):
            place = position - 1 - passed
            line += chunk.count(b"\n", counted, place)
            counted = place
            lines.append(line)
            position = next(waiting, None)
        line += chunk.count(b"\n", counted)
        passed += len(chunk)
    return lines + [line] * (len(positions) - len(lines))
