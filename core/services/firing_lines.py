"""Lines of `firings.csv`, written by a compiled loop straight from the arrays of a replay."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

from core.domain.firings import Admission
from core.engine.batches import Int32s, Int64s
from core.rehearsal.replay import CampaignReplay

Bytes = NDArray[np.uint8]

_COMMA, _QUOTE, _LINE_FEED, _RETURN = 44, 34, 10, 13
_TIME_LENGTH = 28  # with the comma
_ROOM_FOR_SIGNS = 24  # commas, the line feed and the longest outcome
_IS_SPECIAL = np.zeros(256, dtype=np.bool_)
_IS_SPECIAL[[_COMMA, _QUOTE, _LINE_FEED, _RETURN]] = True
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


def firing_lines(replayed: CampaignReplay, users: Texts, event_ids: Texts, event: Int64s) -> Bytes:
    """Write one line per firing: campaign, user, key, time, event, outcome; as UTF-8 bytes.

    `users` holds all user ids by code, `event_ids` those of a batch, and `event` says per firing
    which of the batch's events caused it. Fields with a comma, a quote or a line break are quoted.
    """
    keys = texts_of(replayed.key_texts)
    return _lines(
        np.frombuffer(replayed.campaign.name.encode(), dtype=np.uint8),
        replayed.user,
        users.offsets,
        users.data,
        replayed.key,
        keys.offsets,
        keys.data,
        replayed.fired_at,
        event,
        event_ids.offsets,
        event_ids.data,
        replayed.outcome,
        _WORDS.offsets,
        _WORDS.data,
    )


_WORDS = texts_of([outcome.word for outcome in Admission])


@njit(cache=True, nogil=True)
def _lines(
    name: Bytes,
    user: Int32s,
    user_offsets: Int64s,
    user_data: Bytes,
    key: Int32s,
    key_offsets: Int64s,
    key_data: Bytes,
    fired_at: Int64s,
    event: Int64s,
    event_offsets: Int64s,
    event_data: Bytes,
    outcome: Int64s,
    word_offsets: Int64s,
    word_data: Bytes,
) -> Bytes:
    fixed = len(name) + _TIME_LENGTH + _ROOM_FOR_SIGNS
    size = len(user) * fixed
    for line in range(len(user)):
        size += user_offsets[user[line] + 1] - user_offsets[user[line]]
        size += event_offsets[event[line] + 1] - event_offsets[event[line]]
        if key[line] >= 0:
            size += key_offsets[key[line] + 1] - key_offsets[key[line]]
    out = np.empty(size, np.uint8)
    at = 0
    for line in range(len(user)):
        who, which, cause, word = user[line], key[line], event[line], outcome[line]
        length = user_offsets[who + 1] - user_offsets[who]
        length += event_offsets[cause + 1] - event_offsets[cause]
        if which >= 0:
            length += key_offsets[which + 1] - key_offsets[which]
        # Quoting doubles at most every byte of a line; lines that need it are rare.
        if at + 2 * (length + fixed) > len(out):
            wider = np.empty(len(out) + (len(out) >> 2) + 4 * (length + fixed), np.uint8)
            wider[:at] = out[:at]
            out = wider
        at = _field(out, at, name, 0, len(name), _COMMA)
        at = _field(out, at, user_data, user_offsets[who], user_offsets[who + 1], _COMMA)
        if which >= 0:
            at = _field(out, at, key_data, key_offsets[which], key_offsets[which + 1], _COMMA)
        else:
            out[at] = _COMMA
            at += 1
        at = _time(out, at, fired_at[line])
        at = _field(out, at, event_data, event_offsets[cause], event_offsets[cause + 1], _COMMA)
        at = _field(out, at, word_data, word_offsets[word], word_offsets[word + 1], _LINE_FEED)
    return out[:at]


@njit(cache=True, nogil=True)
def _field(out: Bytes, at: int, data: Bytes, begin: int, end: int, closing: int) -> int:
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
def _time(out: Bytes, at: int, microseconds: int) -> int:
    """Write an instant as ISO 8601 with microseconds and Z, and a comma.

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
    at = _digits(out, at, rest % 1_000_000, 6, 90)
    out[at] = _COMMA
    return at + 1


@njit(cache=True, nogil=True)
def _digits(out: Bytes, at: int, number: int, count: int, closing: int) -> int:
    for place in range(at + count - 1, at - 1, -1):
        out[place] = 48 + number % 10
        number //= 10
    out[at + count] = closing
    return at + count + 1
