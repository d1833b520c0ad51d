"""What a text file is: its encoding, and how its columns are separated and quoted."""

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from core.domain.errors import UnusableInput
from core.history.sources import Dialect

RUN_OF_SPACES = " "  # the dialect's delimiter before such a file is rewritten with tabs

_DELIMITERS = (",", ";", "\t", "|")
_RECORDS_LOOKED_AT = 500
_LINES_LOOKED_AT = 20
_CONSISTENT_SHARE = 0.9
_MOSTLY = 0.5

# What stands in rows and never names a column: dates, long numbers, addresses.
_VALUE = re.compile(r"\d{4}-\d\d-\d\d([ T].*)?|\d{9,}|\d\d?[/.]\d\d?[/.]\d{2,4}( .*)?|\S+@\S+\.\S+")

_EXCEL_SEPARATOR = re.compile(r"sep=.?", re.IGNORECASE)

_ENCODINGS = {
    "utf8": "utf-8",
    "utf16": "utf-16",
    "latin1": "latin-1",
    "iso88591": "latin-1",
    "windows1252": "cp1252",
    "cp1252": "cp1252",
}

_SIGNATURES = (
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"%PDF", "a PDF document"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"SQLite format 3", "a database"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"BZh", "packed with bzip2"),
    (b"\xfd7zXZ", "packed with xz"),
    (b"\x28\xb5\x2f\xfd", "packed with Zstandard"),
    (b"Obj\x01", "an Avro file"),
    (b"ORC", "an ORC file"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The first record of a CSV file and how the file is written."""

    columns: tuple[str, ...]
    dialect: Dialect


def chosen_encoding(name: str) -> str:
    """Give Python's name of an encoding a person asked for; raise UnusableInput for others."""
    found = _ENCODINGS.get(re.sub(r"[^a-z0-9]", "", name.lower()))
    if found is None:
        raise UnusableInput(
            f"{name!r} is not an encoding that can be read: use utf-8, utf-16, latin-1 or"
            " windows-1252."
        )
    return found


def find_encoding(name: str, prefix: bytes) -> str:
    """Tell the encoding from the first bytes; raise UnusableInput for what is no Unicode text."""
    for signature, words in _SIGNATURES:
        if prefix.startswith(signature):
            raise UnusableInput(f"{name} is {words}, not a table: save it as CSV.")
    if prefix.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if (unmarked := _unmarked_utf16(prefix)) is not None:
        return unmarked
    if b"\0" in prefix:
        raise UnusableInput(f"{name} is a binary file, not a table: save it as CSV.")
    _check_utf8(name, prefix)
    return "utf-8"


def _unmarked_utf16(prefix: bytes) -> str | None:
    start = prefix[:2000]
    if len(start) < 4:
        return None
    half = len(start) // 2
    if start[1::2].count(0) > _CONSISTENT_SHARE * half and not start[::2].count(0):
        return "utf-16-le"
    if start[::2].count(0) > _CONSISTENT_SHARE * half and not start[1::2].count(0):
        return "utf-16-be"
    return None


def _check_utf8(name: str, prefix: bytes) -> None:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(prefix)
    except UnicodeDecodeError as error:
        line = prefix[: error.start].count(b"\n") + 1
        controls = sum(prefix.count(bytes([code])) for code in (*range(1, 9), *range(14, 32)))
        if controls > len(prefix) // 50:
            raise UnusableInput(f"{name} is a binary file, not a table: save it as CSV.") from error
        raise UnusableInput(
            f"{name} is not UTF-8 (line {line:,}): save it as 'CSV UTF-8', or say which"
            " encoding it has, such as latin-1."
        ) from error


def read_header(name: str, text: str) -> Header:
    """Find delimiter, quote and header in the beginning of a CSV file.

    Raises UnusableInput without a header, without rows, with a column named twice, or if most
    rows do not have the columns of the header.
    """
    blank_lines = _lines_before_header(text)
    body = text.split("\n", blank_lines)[-1] if blank_lines else text
    if not body.strip():
        raise UnusableInput(f"{name} is empty: there is no header and no row in it.")
    delimiter, quote, escape = _best_dialect(body)
    records = _records(body, delimiter, quote, escape)
    _check_rows(name, records)
    columns = _column_names(name, records)
    dialect = Dialect(
        delimiter=delimiter,
        quote=quote,
        escape=escape,
        skip_count=blank_lines + 1,
        first_line=blank_lines + _header_lines(records[0]) + 1,
        is_padded=_is_padded(body, delimiter),
    )
    return Header(columns=columns, dialect=dialect)


def _lines_before_header(text: str) -> int:
    """Count blank lines, and the line "sep=;" with which Excel notes its separator."""
    count = 0
    for line in io.StringIO(text):
        if line.strip() and not _EXCEL_SEPARATOR.fullmatch(line.strip()):
            break
        count += 1
    return count


def _best_dialect(body: str) -> tuple[str, str, str]:
    """Choose the delimiter under which most rows are as wide as the header, then the widest."""
    quote = "'" if re.match(r"\s*'[^',;\t|]*'\s*[,;\t|]\s*'", body) else '"'
    escape = "\\" if _escapes_with_backslash(body, quote) else quote
    best, best_score = ",", (0.0, 1)
    for delimiter in _DELIMITERS:
        records = _records(body, delimiter, quote, escape)
        score = (min(_share_as_wide(records), _CONSISTENT_SHARE), len(records[0]))
        if score[1] > 1 and score > best_score:
            best, best_score = delimiter, score
    if best_score[0] < _CONSISTENT_SHARE and _is_in_runs_of_spaces(body):
        return RUN_OF_SPACES, quote, quote
    return best, quote, escape


def _escapes_with_backslash(body: str, quote: str) -> bool:
    return f"\\{quote}" in body and f"{quote}{quote}" not in body.replace(f",{quote}{quote}", ",")


def _is_in_runs_of_spaces(body: str) -> bool:
    lines = [line.split() for line in body.split("\n")[:_RECORDS_LOOKED_AT] if line.strip()]
    if len(lines) > 1 and body.count("\n") >= _RECORDS_LOOKED_AT:
        lines = lines[:-1]
    width = len(lines[0])
    return width > 1 and all(len(line) == width for line in lines)


def _records(body: str, delimiter: str, quote: str, escape: str) -> list[list[str]]:
    """Parse the first records; blank ones are left out, the header is always there."""
    if delimiter == RUN_OF_SPACES:
        lines = [line.split() for line in body.split("\n")[:_RECORDS_LOOKED_AT]]
        return [line for line in lines if line]
    found: list[list[str]] = []
    try:
        for record in _reader(body, delimiter, quote, escape):
            if record:
                found.append(record)
            if len(found) > _RECORDS_LOOKED_AT:
                break
    except csv.Error:
        # An endless quote: what was read before it is all that can be said of this delimiter.
        return found or [[body.split("\n", 1)[0]]]
    return found


def _reader(body: str, delimiter: str, quote: str, escape: str) -> Iterator[list[str]]:
    return csv.reader(
        io.StringIO(body, newline=""),
        delimiter=delimiter,
        quotechar=quote,
        doublequote=escape == quote,
        escapechar=None if escape == quote else escape,
        skipinitialspace=True,
    )


def _share_as_wide(records: Sequence[Sequence[str]]) -> float:
    rows = records[1:]
    if not rows:
        return 1.0
    return sum(len(row) == len(records[0]) for row in rows) / len(rows)


def _column_names(name: str, records: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Trim the names and number those that are missing; a name that is there twice is refused."""
    header = records[0]
    columns = [cell.strip() or f"column {place}" for place, cell in enumerate(header, start=1)]
    if not header[-1].strip() and all(len(row) < len(header) or not row[-1] for row in records):
        columns.pop()  # only the delimiter at the end of each line
    values = [cell for cell in columns if _VALUE.fullmatch(cell)]
    if values:
        raise UnusableInput(
            f"{name} starts with values, such as {values[0]!r}, not with the names of its columns:"
            " add a first line that names them."
        )
    twice = [column for column, count in Counter(columns).items() if count > 1]
    if twice:
        raise UnusableInput(
            f"{name} has two columns called {twice[0]!r}: rename one of them in the first line."
        )
    return tuple(columns)


def _check_rows(name: str, records: Sequence[Sequence[str]]) -> None:
    rows = records[1:]
    if not rows:
        raise UnusableInput(f"{name} has a header but no rows: there is nothing to import.")
    width = len(records[0])
    broken = [
        row for row in rows if len(row) != width and not (len(row) == width + 1 and not row[-1])
    ]
    if len(broken) > _MOSTLY * len(rows):
        raise UnusableInput(
            f"{name} does not look like a table: its first line has {width}"
            f" {'column' if width == 1 else 'columns'}, but most rows have another number, such as"
            f" {len(broken[0])} (check the separator and the quotes)."
        )


def _is_padded(body: str, delimiter: str) -> bool:
    """Say whether a space follows each delimiter, as in "a, b, c"."""
    lines = body.split("\n", _LINES_LOOKED_AT)[:_LINES_LOOKED_AT]
    delimiters = sum(line.count(delimiter) for line in lines)
    padded = sum(line.count(f"{delimiter} ") for line in lines)
    return delimiter != RUN_OF_SPACES and delimiters > 0 and padded == delimiters


def _header_lines(header: Sequence[str]) -> int:
    """Count the lines of the header: a quoted name may hold line breaks."""
    return 1 + sum(len(cell.splitlines()) - 1 for cell in header if cell)
