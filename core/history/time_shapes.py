"""Telling how a column of times is written; day and month are never guessed, only suggested."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import duckdb
import pandas as pd

from core.history.lines import exact_lines
from core.history.mapping import ColumnMapping, TimeFormat, TimeShape
from core.history.relations import column_sql
from core.history.sources import SourceFile
from core.history.times import CellType, add_instants, cell_type

# Times of people's histories; numbers outside are ids.
_FROM = 631_152_000_000_000  # 1990
_TO = 4_102_444_800_000_000  # 2100

_NEARLY_ALL = 0.9
_HALF = 0.5
_LONGEST_TIME = 60
_EXAMPLES = 3

ORDER_WORDS: Mapping[TimeShape, str] = {
    TimeShape.DMY: "day/month",
    TimeShape.MDY: "month/day",
    TimeShape.YMD: "year/month/day",
}

_FITS = {
    TimeShape.DMY: "(a BETWEEN 1 AND 31 AND b BETWEEN 1 AND 12)",
    TimeShape.MDY: "(a BETWEEN 1 AND 12 AND b BETWEEN 1 AND 31)",
    TimeShape.YMD: "(b BETWEEN 1 AND 12 AND c BETWEEN 1 AND 31)",
}

_ANY_ORDER = "any order"
_ORDERS = (TimeShape.DMY, TimeShape.MDY, TimeShape.YMD)
_OTHERS = tuple(shape for shape in TimeShape if shape not in _ORDERS)
EPOCHS = (TimeShape.EPOCH_S, TimeShape.EPOCH_MS, TimeShape.EPOCH_US, TimeShape.EPOCH_NS)

_ZONE = re.compile(r":[^A-Za-z+-]*(?:[+-]|[A-Za-z](?![Mm]\b|\.[Mm]))")


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeGuess:
    """The ways in which a column may be written: none, one, or several orders of day and month.

    Several orders must always be asked; `suggested` is the one that the evidence speaks for.
    `evidence` is what to show a person: values of the column, or the rows that fit one order only.
    """

    shapes: tuple[TimeShape, ...]
    has_zone: bool
    evidence: tuple[str, ...]
    suggested: TimeShape | None = None


def time_shapes(source: SourceFile, column: str) -> TimeGuess:
    """Tell how the times of a column are written; for day and month look at the whole file."""
    guess = chosen_column(source, column)
    return weigh_orders(source, column, guess) if len(guess.shapes) > 1 else guess


def chosen_column(source: SourceFile, column: str) -> TimeGuess:
    """Tell how a column that is known to hold times is written: as half of the sample at least."""
    return _guesses(source, [column], share=_HALF)[column]


def time_columns(source: SourceFile) -> Mapping[str, TimeGuess]:
    """Tell of every column whether its sample could be times: nearly all of it must be readable."""
    return _guesses(source, source.columns, share=_NEARLY_ALL)


def _guesses(
    source: SourceFile, columns: Sequence[str], *, share: float
) -> Mapping[str, TimeGuess]:
    texts = {column: _possible_texts(source, column) for column in columns}
    counts = _count_readable([texts[column] for column in columns])
    return {
        column: _guess(texts[column], counts[place], share) for place, column in enumerate(columns)
    }


def weigh_orders(source: SourceFile, column: str, guess: TimeGuess) -> TimeGuess:
    """Look through the column for dates that fit one order only; they suggest that order."""
    mapping = ColumnMapping(user_id=(column,), timestamp=(), time=TimeFormat(shape=TimeShape.ISO))
    with duckdb.connect() as connection:
        found = connection.execute(_telling_sql(source, mapping, guess.shapes)).fetchone()
    told = [] if found is None else _telling_dates(guess.shapes, found)
    lines = exact_lines(source, [date.line for date in told], mapping)
    evidence = tuple(
        f"line {line:,}: {date.text!r} fits only {ORDER_WORDS[date.order]}"
        for line, date in zip(lines, told, strict=True)
    )
    suggested = told[0].order if len(told) == 1 else None
    return replace(guess, evidence=evidence or guess.evidence, suggested=suggested)


@dataclass(frozen=True, slots=True, kw_only=True)
class _TellingDate:
    order: TimeShape
    line: int
    text: str


def _possible_texts(source: SourceFile, column: str) -> list[str]:
    """Give the sample's values, or none if they cannot be times at all."""
    texts = source.texts(column)
    is_possible = all(len(text) <= _LONGEST_TIME for text in texts[:_EXAMPLES])
    if not is_possible or cell_type(source.types[source.columns.index(column)]) is None:
        return []
    return texts


def _count_readable(texts_by_place: Sequence[Sequence[str]]) -> Mapping[int, Mapping[str, int]]:
    """Count, per list of texts, how many each shape reads, and how many any order reads."""
    cells = pd.DataFrame(
        [(place, text) for place, texts in enumerate(texts_by_place) for text in texts],
        columns=["place", "text"],
    ).astype({"place": "int64", "text": "str"})
    read = "SELECT place, text FROM cells"
    for shape in TimeShape:
        read = add_instants(read, "text", shape, cell=CellType.TEXT, time=TimeFormat(shape=shape))
    plausible = {shape: f"({shape} BETWEEN {_FROM} AND {_TO}) IS TRUE" for shape in TimeShape}
    counted = [
        f"count(*) FILTER ({condition}) AS {shape}" for shape, condition in plausible.items()
    ]
    any_order = " OR ".join(plausible[shape] for shape in _ORDERS)
    with duckdb.connect() as connection:
        connection.register("cells", cells)
        rows = connection.execute(
            f"SELECT place, {', '.join(counted)}, count(*) FILTER ({any_order}) FROM ({read})"
            " GROUP BY place"
        ).fetchall()
    names = [*TimeShape, _ANY_ORDER]
    counts = {row[0]: dict(zip(names, row[1:], strict=True)) for row in rows}
    return {place: counts.get(place, {}) for place in range(len(texts_by_place))}


def _guess(texts: Sequence[str], counts: Mapping[str, int], share: float) -> TimeGuess:
    needed = max(share * len(texts), 1)
    evidence = tuple(dict.fromkeys(texts))[:_EXAMPLES]
    best = max(_OTHERS, key=lambda shape: counts.get(shape, 0))
    if counts.get(best, 0) >= needed:
        has_zone = best in EPOCHS or all(_ZONE.search(text) for text in texts)
        return TimeGuess(shapes=(best,), has_zone=has_zone, evidence=evidence)
    if counts.get(_ANY_ORDER, 0) < needed:
        return TimeGuess(shapes=(), has_zone=False, evidence=evidence)
    has_year_first = counts[TimeShape.YMD] >= needed
    has_year_last = counts[TimeShape.DMY] + counts[TimeShape.MDY] > 0
    shapes = (TimeShape.DMY, TimeShape.MDY) if has_year_last else ()
    return TimeGuess(
        shapes=(*shapes, TimeShape.YMD) if has_year_first else shapes,
        has_zone=all(_ZONE.search(text) for text in texts),
        evidence=evidence,
    )


def _telling_sql(source: SourceFile, mapping: ColumnMapping, orders: Sequence[TimeShape]) -> str:
    """Find, per order, the first date that no other order fits."""
    column = column_sql(source, mapping, mapping.user_id[0])
    parts = r"regexp_extract(text, '^\s*(\d{1,2})[/.-](\d{1,2})[/.-](\d{1,4})', ['a', 'b', 'c'])"
    numbers = ", ".join(f"TRY_CAST(p.{part} AS INTEGER) AS {part}" for part in "abc")
    split = f"SELECT line, text, {numbers} FROM (SELECT *, {parts} AS p FROM ({column}))"
    found = []
    for order in orders:
        others = " OR ".join(_FITS[other] for other in orders if other is not order)
        only = f"({_FITS[order]} AND NOT ({others})) IS TRUE"
        found.append(f"min(line) FILTER ({only}), arg_min(text, line) FILTER ({only})")
    return f"SELECT {', '.join(found)} FROM ({split})"


def _telling_dates(
    orders: Sequence[TimeShape], found: Sequence[int | str | None]
) -> list[_TellingDate]:
    pairs = zip(orders, found[::2], found[1::2], strict=True)
    return [
        _TellingDate(order=order, line=int(line), text=str(text))
        for order, line, text in pairs
        if line is not None
    ]
