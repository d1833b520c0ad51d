"""The CSV of a test from elsewhere as columns of text, and its cells as times, numbers, yes or no.

Each fault is one sentence that names the line, because a file of a million rows is not looked
through.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
from numpy.typing import NDArray

from core.domain.errors import UnusableInput
from core.domain.meanings import plain_name
from core.engine.batches import Bools, Int32s, Int64s
from core.engine.memory import NEVER
from core.history.sniffing import find_encoding, read_header
from core.history.sources import Dialect

Floats = NDArray[np.float64]

_PREFIX_BYTES = 1_000_000
_SHOWN = 40  # characters of a cell in a sentence
_EARLIEST, _LATEST = pd.Timestamp("1970-01-02", tz="UTC"), pd.Timestamp("2200-01-01", tz="UTC")

# What the columns may be called, signs and capitals aside; the first name is ours.
NAMES: Mapping[str, Sequence[str]] = {
    "user": ("user", "user_id", "person", "person_id", "customer_id", "customer", "profile_id"),
    "variant": ("variant", "variation", "group", "arm", "variant_name", "test_group"),
    "exposed_at": ("exposed_at", "exposure_at", "exposed", "assigned_at", "entered_at"),
    "goal": ("goal", "converted", "conversion", "goal_at", "converted_at"),
    "value": ("value", "revenue", "order_value", "spend", "amount"),
    "value_before": ("value_before", "revenue_before", "spend_before"),
}
NEEDED = ("user", "variant", "exposed_at", "goal")
_YES = frozenset({"1", "true", "yes", "y", "t", "1.0"})
_NO = frozenset({"", "0", "false", "no", "n", "f", "0.0", "null", "none", "nan", "na"})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TextTable:
    """A CSV as text: `columns` by our name, or by that of the file for `other_names`."""

    path: Path
    columns: Mapping[str, pa.Array]
    titles: Mapping[str, str]
    other_names: tuple[str, ...]

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.columns["user"])

    def refuse(self, row: int, name: str, why: str) -> UnusableInput:
        """Make the error of a cell: file, line, column, what stands there and how to mend it."""
        cell = self.columns[name][row].as_py()
        shown = cell if len(cell) <= _SHOWN else f"{cell[:_SHOWN]}…"
        line = _line_of(self.path, row)
        return UnusableInput(
            f"{self.path.name}, line {line:,}: {self.titles[name]} {shown!r} {why}"
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GoalCells:
    """Who reached the goal by each row, and when (µs; None where the cells say only yes or no)."""

    is_reached: Bools
    reached_at: Int64s | None


def read_text_table(path: Path) -> TextTable:
    """Read a CSV with `user,variant,exposed_at,goal` and perhaps `value`; others are kept as text.

    Raises UnusableInput with one sentence where the file is none, or lacks a column.
    """
    if not path.is_file():
        raise UnusableInput(f"There is no file {path}; give the path of a CSV.")
    with _readable(path), pa.input_stream(path) as stream:
        prefix = stream.read(_PREFIX_BYTES)
    encoding = find_encoding(path.name, prefix)
    header = read_header(path.name, prefix.decode(encoding, errors="ignore").removeprefix("\ufeff"))
    titles = _titles(path, header.columns)
    dialect = header.dialect
    with _readable(path):
        table = pa_csv.read_csv(
            path,
            read_options=pa_csv.ReadOptions(
                column_names=list(header.columns), skip_rows=dialect.skip_count, encoding=encoding
            ),
            parse_options=pa_csv.ParseOptions(
                delimiter=dialect.delimiter,
                quote_char=dialect.quote,
                escape_char=dialect.escape if dialect.escape != dialect.quote else False,
                newlines_in_values=True,
            ),
            convert_options=pa_csv.ConvertOptions(
                column_types={name: pa.large_string() for name in header.columns},
                strings_can_be_null=False,
            ),
        )
    if table.num_rows == 0:
        raise UnusableInput(f"{path.name} has a header but no rows: there is nobody to compare.")
    known = set(titles.values())
    others = tuple(name for name in header.columns if name not in known)
    return TextTable(
        path=path,
        columns={
            **{ours: table[theirs].combine_chunks() for ours, theirs in titles.items()},
            **{name: table[name].combine_chunks() for name in others},
        },
        titles={**titles, **{name: name for name in others}},
        other_names=others,
    )


def codes(column: pa.Array) -> tuple[pa.Array, Int32s]:
    """Give the distinct texts of a column, spaces around them taken off, and each row's place."""
    encoded = pc.utf8_trim_whitespace(column).dictionary_encode()
    places = encoded.indices.to_numpy(zero_copy_only=False)
    return encoded.dictionary, places.astype(np.int32, copy=False)


def texts(column: pa.Array) -> tuple[list[str], Int32s]:
    """Give the distinct texts of a column as `codes` does; for columns that have few."""
    distinct, places = codes(column)
    return distinct.to_pylist(), places


def times(table: TextTable, name: str) -> Int64s:
    """Read a column of times as µs since 1970; those without a zone are UTC."""
    distinct, places = codes(table.columns[name])
    found = _instants(distinct)
    bad = np.flatnonzero(found[places] == NEVER)
    if len(bad):
        raise table.refuse(
            int(bad[0]), name, "is no time; write it as 2026-08-31 or 2026-08-31T09:30:00Z."
        )
    return found[places]


def numbers(table: TextTable, name: str) -> Floats:
    """Read a column of numbers; an empty cell is 0."""
    distinct, places = codes(table.columns[name])
    cells = distinct.to_pandas().replace("", "0")
    read = pd.to_numeric(cells, errors="coerce")
    found: Floats = read.to_numpy(dtype=np.float64, na_value=np.nan)
    bad = np.flatnonzero(~np.isfinite(found[places]))
    if len(bad):
        raise table.refuse(
            int(bad[0]),
            name,
            "is no number; write it with a decimal point and without signs, such as 1234.50.",
        )
    return found[places]


def goals(table: TextTable) -> GoalCells:
    """Read the column of goals: 1 or 0, yes or no, true or false; or the time, empty for none."""
    distinct, places = codes(table.columns["goal"])
    plain = pc.utf8_lower(distinct)
    is_yes = pc.is_in(plain, pa.array(sorted(_YES), plain.type)).to_numpy(zero_copy_only=False)
    is_no = pc.is_in(plain, pa.array(sorted(_NO), plain.type)).to_numpy(zero_copy_only=False)
    at = np.full(len(distinct), NEVER, dtype=np.int64)
    others = np.flatnonzero(~is_yes & ~is_no)
    at[others] = _instants(distinct.take(pa.array(others)))
    is_time = at != NEVER
    bad = np.flatnonzero((~is_yes & ~is_no & ~is_time)[places])
    if len(bad):
        raise table.refuse(
            int(bad[0]), "goal", "is neither 0 nor 1, nor the time at which the goal was reached."
        )
    if is_time.any() and is_yes.any():
        mixed = int(np.flatnonzero(is_yes[places])[0])
        raise table.refuse(
            mixed, "goal", "says only that the goal was reached, while others say when; give times."
        )
    reached_at = at[places] if is_time.any() else None
    return GoalCells(is_reached=(is_yes | is_time)[places], reached_at=reached_at)


def refuse_empty(table: TextTable, name: str) -> None:
    """Raise UnusableInput naming the first row in which a needed cell is empty."""
    is_empty = pc.equal(pc.utf8_trim_whitespace(table.columns[name]), "")
    row = pc.index(is_empty, True).as_py()
    if row >= 0:
        raise table.refuse(row, name, "is empty; fill it in, or take the line out.")


def _titles(path: Path, columns: Sequence[str]) -> dict[str, str]:
    """Find which column of the file is which of ours."""
    plain = {plain_name(column): column for column in reversed(columns)}
    found: dict[str, str] = {}
    for ours, names in NAMES.items():
        theirs = next((plain[plain_name(n)] for n in names if plain_name(n) in plain), None)
        if theirs is not None:
            found[ours] = theirs
    missing = [ours for ours in NEEDED if ours not in found]
    if missing:
        raise UnusableInput(
            f"{path.name} has no column {missing[0]!r}; it has {', '.join(columns)}. Name the "
            "columns user, variant, exposed_at, goal and, for money, value."
        )
    return found


def _instants(written: pa.Array) -> Int64s:
    """Read ISO times, NEVER for what is none or lies before 1970 or centuries ahead."""
    series = written.to_pandas().astype("str")
    read = pd.to_datetime(series, format="ISO8601", utc=True, errors="coerce")
    is_known = read.between(_EARLIEST, _LATEST) & series.str.contains("-", regex=False)
    known = read.where(is_known).dt.as_unit("us")
    return np.where(is_known, known.fillna(_EARLIEST).astype("int64"), NEVER).astype(np.int64)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turn what Arrow and the system say of a file into one sentence."""
    try:
        yield
    except pa.ArrowException as error:
        raise _broken(path, error) from error
    except OSError as error:
        raise UnusableInput(f"{path} cannot be read: {error.strerror or error}.") from error


def _broken(path: Path, error: pa.ArrowException) -> UnusableInput:
    """Say which line has another number of cells than the first; or what Arrow says."""
    text = _text(path)
    header = read_header(path.name, text)
    for line, cells in _records(text, header.dialect):
        if len(cells) != len(header.columns):
            return UnusableInput(
                f"{path.name}, line {line:,}: there are {len(cells)} cells under "
                f"{len(header.columns)} columns; mend the separators or quotes of that line."
            )
    return UnusableInput(f"{path.name} cannot be read as CSV: {' '.join(str(error).split())}.")


def _line_of(path: Path, row: int) -> int:
    """Count the lines up to a row, quoted line breaks and blank lines included."""
    text = _text(path)
    header = read_header(path.name, text)
    before = 2 if text.startswith("sep=") else 1  # the header, and Excel's note before it
    return next(islice(_records(text, header.dialect), row + before, None))[0]


def _text(path: Path) -> str:
    with pa.input_stream(path) as stream:
        content: bytes = stream.read()
    encoding = find_encoding(path.name, content[:_PREFIX_BYTES])
    return content.decode(encoding, errors="replace").removeprefix("\ufeff")


def _records(text: str, dialect: Dialect) -> Iterator[tuple[int, list[str]]]:
    """Give (last line, cells) of each record that is not blank."""
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=dialect.delimiter, quotechar=dialect.quote
    )
    return ((reader.line_num, cells) for cells in reader if cells)
