"""Reading times: from the text or number in a column to µs UTC, as DuckDB SQL."""

import re
from enum import StrEnum
from typing import assert_never

from core.history.mapping import TimeFormat, TimeShape
from core.history.zones import instant_sql

# Years 1 to 9999. Epoch numbers start in 1971: seconds read as milliseconds fall into January 1970.
_EARLIEST = -62_135_596_800_000_000
_EARLIEST_EPOCH = 31_536_000_000_000
_LATEST = 253_402_300_799_999_999

_UNITS_PER_SECOND = {
    TimeShape.EPOCH_S: 1,
    TimeShape.EPOCH_MS: 1_000,
    TimeShape.EPOCH_US: 1_000_000,
    TimeShape.EPOCH_NS: 1_000_000_000,
}

# Two digits of a year: 69 to 99 are the 1900s (the POSIX reading).
_RECENT = "[0-5][0-9]|6[0-8]"
_OLDER = "69|[7-9][0-9]"
_PART = r"(\d{1,2})"
_SEPARATOR = "[/.-]"
_END_OF_YEAR = r"(?:,|\b)"

# After the clock's first colon a sign or a letter stands only in a zone, or in AM and PM.
_ZONE = ":[^A-Za-z+-]*[A-Za-z+-]"
_BLANK = r"[\s\x{A0}\x{202F}]*"  # newer browsers put a narrow no-break space before PM
_MERIDIEM = rf"{_BLANK}([APap])\.?[Mm]\.?\s*$"
_TWELVE = rf"\d{_MERIDIEM}"

_FOUR_DIGITS = 4
_PLAIN_ISO = re.compile(
    r"\d{4}-\d\d-\d\d(?P<clock>[ T]\d\d:\d\d(:\d\d(\.\d+)?)?)?(?P<zone>| UTC|Z|\+00(:?00)?)"
)
_PLAIN_COMPACT = re.compile(r"\d{8}")
_PLAIN_NUMERIC = re.compile(r"\d\d?([/.-])\d\d?\1(\d{4}|\d\d)( \d\d?:\d\d(:\d\d)?)?")

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


class CellType(StrEnum):
    """What the cells of a column are to DuckDB, as far as times care."""

    TEXT = "text"
    INTEGER = "integer"
    FRACTION = "fraction"
    NAIVE = "naive"  # DATE and TIMESTAMP without a zone
    INSTANT = "instant"  # TIMESTAMP WITH TIME ZONE


def add_instants(
    inner: str,
    column: str,
    output: str,
    *,
    cell: CellType,
    time: TimeFormat,
    example: str | None = None,
) -> str:
    """Wrap a SELECT: `output` is the instant in `column` as BIGINT µs UTC, NULL if unreadable.

    An example of the column's text makes the reading faster and never changes it. The result does
    not depend on the time zone of the connection.
    """
    if cell is CellType.INTEGER and time.shape not in _UNITS_PER_SECOND:
        column, cell = f"CAST({column} AS VARCHAR)", CellType.TEXT  # the number 19970101
    plain = example if example is not None and cell is CellType.TEXT else ""
    started = (
        f"SELECT *, {_quick_local(column, plain, time.shape)} AS _quick,"
        f" {_quick_instant(column, plain, time.shape)} AS _quick_instant FROM ({inner})"
    )
    spelled_text = (
        "CASE WHEN _quick IS NULL AND _quick_instant IS NULL"
        f" THEN {_respell(column, cell, time.shape)} END"
    )
    spelled = f"SELECT *, {spelled_text} AS _spelled FROM ({started})"
    sorted_out = f"SELECT *, {_clock_kind(cell, time.shape)} AS _kind FROM ({spelled})"
    parsed = (
        f"SELECT *, {_local(cell, time.shape)} AS _local,"
        f" coalesce(_quick_instant, {_instant(cell, time.shape)}) AS _instant"
        f" FROM ({sorted_out})"
    )
    read = f"CASE WHEN _local IS NULL THEN _instant ELSE {instant_sql('_local', time.zone)} END"
    converted = f"SELECT *, {read} AS _read FROM ({parsed})"
    earliest = _EARLIEST_EPOCH if time.shape in _UNITS_PER_SECOND else _EARLIEST
    return (
        "SELECT * EXCLUDE (_quick, _quick_instant, _spelled, _kind, _local, _instant, _read),"
        f" CASE WHEN _read BETWEEN {earliest} AND {_LATEST} THEN _read END AS {output}"
        f" FROM ({converted})"
    )


def cell_type(duckdb_type: str) -> CellType | None:
    """Classify a column type of DuckDB; None where it cannot hold a time."""
    name = duckdb_type.upper()
    if name in {"TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ", "TIMESTAMP_NS WITH TIME ZONE"}:
        return CellType.INSTANT
    if name == "DATE" or name.startswith("TIMESTAMP"):
        return CellType.NAIVE
    if name.startswith("DECIMAL") or name in {"DOUBLE", "FLOAT"}:
        return CellType.FRACTION
    if name.endswith(("INT", "INTEGER")):
        return CellType.INTEGER
    return CellType.TEXT if name == "VARCHAR" else None


def _respell(column: str, cell: CellType, shape: TimeShape) -> str:
    """Bring dates of any shape into the order year-month-day, the clock left as it is."""
    if cell is not CellType.TEXT:
        return column
    match shape:
        case TimeShape.DMY:
            return _by_year_last(column, day=1, month=2)
        case TimeShape.MDY:
            return _by_year_last(column, day=2, month=1)
        case TimeShape.YMD:
            return _by_year_first(column)
        case TimeShape.COMPACT:
            return _compact(column)
        case TimeShape.WORDS:
            return _words(column)
        case _:
            return column


def _by_year_last(column: str, *, day: int, month: int) -> str:
    start = rf"^\s*{_PART}{_SEPARATOR}{_PART}{_SEPARATOR}"
    date = rf"\3-\{month}-\{day}"
    four = _replace(column, rf"{start}(\d{{4}}){_END_OF_YEAR}", date)
    recent = _replace(four, rf"{start}({_RECENT}){_END_OF_YEAR}", "20" + date)
    return _replace(recent, rf"{start}({_OLDER}){_END_OF_YEAR}", "19" + date)


def _by_year_first(column: str) -> str:
    rest = rf"{_SEPARATOR}{_PART}{_SEPARATOR}{_PART}{_END_OF_YEAR}"
    four = _replace(column, rf"^\s*(\d{{4}}){rest}", r"\1-\2-\3")
    recent = _replace(four, rf"^\s*({_RECENT}){rest}", r"20\1-\2-\3")
    return _replace(recent, rf"^\s*({_OLDER}){rest}", r"19\1-\2-\3")


def _compact(column: str) -> str:
    date = _replace(column, r"^\s*(\d{4})(\d\d)(\d\d)(?:[T ]?(\d.*)|\s*)$", r"\1-\2-\3 \4")
    minutes = _replace(date, r"^(\S+) (\d\d)(\d\d)(\D|$)", r"\1 \2:\3\4")
    seconds = _replace(minutes, r"^(\S+) (\d\d)(\d\d)(\d\d)(\D|$)", r"\1 \2:\3:\4\5")
    return f"trim({seconds})"


def _words(column: str) -> str:
    weekday = r"^\s*(?:[A-Za-z]{3,9},?\s+)?"
    month, year = r"([A-Za-z]{3})[a-z]*\.?", r"(\d{4}|\d\d)"
    day_first = rf"{weekday}(\d{{1,2}})(?:st|nd|rd|th)?[\s-]+{month},?[\s-]+{year}\b,?\s*(.*)$"
    month_first = (
        rf"{weekday}{month}\s+(\d{{1,2}})(?:st|nd|rd|th)?,?\s+{year}\b,?(?:\s+at)?\s*(.*)$"
    )
    return (
        f"coalesce({_worded(column, day_first, ('d', 'm', 'y', 'clock'))},"
        f" {_worded(column, month_first, ('m', 'd', 'y', 'clock'))})"
    )


def _worded(column: str, pattern: str, names: tuple[str, ...]) -> str:
    groups = ", ".join(f"'{name}'" for name in names)
    parts = f"regexp_extract({column}, {_quoted(pattern)}, [{groups}])"
    months = ", ".join(f"'{month}'" for month in _MONTHS)
    year = (
        "CASE WHEN length(p.y) = 4 THEN p.y WHEN p.y >= '69' THEN '19' || p.y ELSE '20' || p.y END"
    )
    date = f"{year} || '-' || list_position([{months}], lower(p.m)) || '-' || p.d"
    spelled = f"CASE WHEN p.y <> '' THEN trim({date} || ' ' || p.clock) END"
    return f"list_transform([{parts}], lambda p: {spelled})[1]"


def _quick_local(column: str, example: str, shape: TimeShape) -> str:
    """Read the plainest way of writing, if the example is written so; else NULL."""
    if shape is TimeShape.ISO and (found := _PLAIN_ISO.fullmatch(example)) and not found["zone"]:
        end = "Z" if found["clock"] else " 00:00Z"
        return f"epoch_us(TRY_CAST({column} || '{end}' AS TIMESTAMPTZ))"
    strptime_format = _plain_format(example, shape)
    if strptime_format is None:
        return "NULL::BIGINT"
    return f"epoch_us(try_strptime({column}, '{strptime_format}'))"


def _quick_instant(column: str, example: str, shape: TimeShape) -> str:
    found = _PLAIN_ISO.fullmatch(example) if shape is TimeShape.ISO else None
    if found is None or not found["clock"] or not found["zone"]:
        return "NULL::BIGINT"
    utc = found["zone"]
    return (
        f"CASE WHEN suffix({column}, '{utc}') THEN"
        f" epoch_us(TRY_CAST(left({column}, {-len(utc)}) || 'Z' AS TIMESTAMPTZ)) END"
    )


def _plain_format(example: str, shape: TimeShape) -> str | None:
    if shape is TimeShape.COMPACT:
        return "%Y%m%d" if _PLAIN_COMPACT.fullmatch(example) else None
    found = _PLAIN_NUMERIC.fullmatch(example)
    if found is None or shape not in {TimeShape.DMY, TimeShape.MDY}:
        return None
    first, second = ("%d", "%m") if shape is TimeShape.DMY else ("%m", "%d")
    separator, year, clock, seconds = found.groups()
    date = separator.join((first, second, "%Y" if len(year) == _FOUR_DIGITS else "%y"))
    return date + (" %H:%M" if clock else "") + (":%S" if seconds else "")


def _clock_kind(cell: CellType, shape: TimeShape) -> str:
    """Tell clocks that name a zone ('zone') and those with AM or PM ('twelve') from the others."""
    if cell is not CellType.TEXT or shape in _UNITS_PER_SECOND:
        return "NULL"
    return (
        "CASE WHEN _spelled IS NULL THEN NULL WHEN right(_spelled, 1) = 'Z' THEN 'zone'"
        f" WHEN regexp_matches(_spelled, {_quoted(_TWELVE)}) THEN 'twelve'"
        f" WHEN regexp_matches(_spelled, {_quoted(_ZONE)}) THEN 'zone' ELSE 'plain' END"
    )


def _local(cell: CellType, shape: TimeShape) -> str:
    """Read the clock of a time that names no zone, as µs."""
    if cell is CellType.NAIVE:
        return "epoch_us(CAST(_spelled AS TIMESTAMP))"
    if cell is not CellType.TEXT or shape in _UNITS_PER_SECOND:
        return "NULL::BIGINT"
    lenient = "replace(trim(_spelled), ',', '.')"
    return (
        f"CASE WHEN _quick IS NOT NULL THEN _quick"
        f" WHEN _kind = 'plain' THEN coalesce({_plain('_spelled')}, {_plain(lenient)})"
        f" WHEN _kind = 'twelve' THEN {_TWELVE_HOURS} END"
    )


def _plain(text: str) -> str:
    # The Z keeps the connection's zone out, and makes DuckDB refuse what it would else ignore.
    return (
        f"epoch_us(CASE WHEN length({text}) > 10 THEN TRY_CAST({text} || 'Z' AS TIMESTAMPTZ)"
        f" ELSE TRY_CAST({text} || ' 00:00Z' AS TIMESTAMPTZ) END)"
    )


def _instant(cell: CellType, shape: TimeShape) -> str:
    """Read a time that is an instant by itself, as µs UTC."""
    match cell:
        case CellType.INSTANT:
            return "epoch_us(_spelled)"
        case CellType.NAIVE:
            return "NULL::BIGINT"
        case CellType.INTEGER | CellType.FRACTION | CellType.TEXT:
            if shape in _UNITS_PER_SECOND:
                return _epoch(cell, _UNITS_PER_SECOND[shape])
            return _ZONED if cell is CellType.TEXT else "NULL::BIGINT"
        case _:
            assert_never(cell)


def _epoch(cell: CellType, units_per_second: int) -> str:
    if cell is CellType.FRACTION:
        return f"TRY(CAST(round(_spelled * {1_000_000 / units_per_second!r}) AS BIGINT))"
    whole = _scaled("TRY_CAST(_spelled AS BIGINT)", units_per_second)
    if cell is CellType.INTEGER:
        return whole
    exact = "TRY_CAST(_spelled AS DECIMAL(28, 9))"
    fraction = f"TRY(CAST(floor({exact} * 1000000 / {units_per_second}) AS BIGINT))"
    # 1.6E+12 is refused: a spreadsheet wrote it and lost the minutes.
    return (
        f"CASE WHEN contains(_spelled, '.') THEN CASE WHEN regexp_matches(_spelled, '^[\\s\\d.]+$')"
        f" THEN {fraction} END"
        f" WHEN regexp_matches(_spelled, '[^\\d\\s]') THEN NULL ELSE {whole} END"
    )


def _scaled(number: str, units_per_second: int) -> str:
    if units_per_second > 1_000_000:
        return f"{number} // {units_per_second // 1_000_000}"
    return f"TRY({number} * {1_000_000 // units_per_second})"


def _replace(text: str, pattern: str, replacement: str) -> str:
    return f"regexp_replace({text}, {_quoted(pattern)}, {_quoted(replacement)})"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


_UPPER_MERIDIEM = _replace("replace(upper(_spelled), '/', '-')", _MERIDIEM, r" \1M")
_TWELVE_HOURS = (
    f"epoch_us(coalesce(try_strptime({_UPPER_MERIDIEM}, '%Y-%m-%d %I:%M:%S %p'),"
    f" try_strptime({_UPPER_MERIDIEM}, '%Y-%m-%d %I:%M %p')))"
)
_ZONED = (
    "CASE WHEN _kind = 'zone' THEN"
    " epoch_us(coalesce(TRY_CAST(_spelled AS TIMESTAMPTZ), TRY_CAST("
    "upper(replace(replace(trim(_spelled), ' +', '+'), ' -', '-')) AS TIMESTAMPTZ))) END"
)
