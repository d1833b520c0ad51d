"""Compiled loops that write fields of a CSV as UTF-8 bytes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

from core.engine.batches import Int64s

Bytes = NDArray[np.uint8]

COMMA, LINE_FEED = 44, 10
TIME_LENGTH = 27
_QUOTE, _RETURN = 34, 13
_IS_SPECIAL = np.zeros(256, dtype=np.bool_)
_IS_SPECIAL[[COMMA, _QUOTE, LINE_FEED, _RETURN]] = True
_DAY = 86_400_000_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Texts:
    """Texts as one run of UTF-8 bytes; text n is data[offsets[n]:offsets[n + 1]]."""

    offsets: Int64s
    data: Bytes


def texts_of_array(array: pa.Array) -> Texts:
    """View Arrow text (string or large_string, no nulls) without copying its bytes."""
    _, offsets, data = array.buffers()
    width = np.int64 if pa.types.is_large_string(array.type) else np.int32
    if not len(array):
        return Texts(offsets=np.zeros(1, dtype=np.int64), data=np.empty(0, dtype=np.uint8))
    bounds = np.frombuffer(offsets, dtype=width)[array.offset : array.offset + len(array) + 1]
    content = np.empty(0, np.uint8) if data is None else np.frombuffer(data, dtype=np.uint8)
    return Texts(offsets=bounds.astype(np.int64, copy=False), data=content)


def texts_of(words: Sequence[str]) -> Texts:
    """Lay texts out one after the other."""
    return texts_of_array(pa.array(words, pa.large_string()))


@njit(cache=True, nogil=True)
def field(out: Bytes, at: int, data: Bytes, begin: int, end: int, closing: int) -> int:
    """Copy a field and the sign that closes it, quoted if it needs to be."""
    first = at
    needs_quotes = False
    for place in range(begin, end):
        sign = data[place]
        needs_quotes |= _IS_SPECIAL[sign]
        out[at] = sign
        at += 1
    if needs_quotes:
        at = first
        out[at] = _QUOTE
        at += 1
        for place in range(begin, end):
            if data[place] == _QUOTE:
                out[at] = _QUOTE
                at += 1
            out[at] = data[place]
            at += 1
        out[at] = _QUOTE
        at += 1
    out[at] = closing
    return at + 1


@njit(cache=True, nogil=True)
def time(out: Bytes, at: int, microseconds: int) -> int:
    """Write an instant as ISO 8601 with microseconds and Z.

    Days become a date by the proleptic Gregorian calendar counted from March (400-year eras).
    """
    days = microseconds // _DAY
    rest = microseconds - days * _DAY
    shifted = days + 719_468  # from 1 March of the year 0
    era = shifted // 146_097
    day_of_era = shifted - era * 146_097
    year_of_era = (
        day_of_era - day_of_era // 1_460 + day_of_era // 36_524 - day_of_era // 146_096
    ) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    month_from_march = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * month_from_march + 2) // 5 + 1
    month = month_from_march + 3 if month_from_march < 10 else month_from_march - 9
    year = year_of_era + era * 400 + (1 if month <= 2 else 0)
    at = _digits(out, at, year, 4, 45)
    at = _digits(out, at, month, 2, 45)
    at = _digits(out, at, day, 2, 84)
    at = _digits(out, at, rest // 3_600_000_000, 2, 58)
    at = _digits(out, at, rest // 60_000_000 % 60, 2, 58)
    at = _digits(out, at, rest // 1_000_000 % 60, 2, 46)
    return _digits(out, at, rest % 1_000_000, 6, 90)


@njit(cache=True, nogil=True)
def _digits(out: Bytes, at: int, number: int, count: int, closing: int) -> int:
    for place in range(at + count - 1, at - 1, -1):
        out[place] = 48 + number % 10
        number //= 10
    out[at + count] = closing
    return at + count + 1
