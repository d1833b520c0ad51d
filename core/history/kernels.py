"""Passes over millions of rows: hashing texts, grouping by user, ordering, finding duplicates."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]
UInt64s = npt.NDArray[np.uint64]
Bools = npt.NDArray[np.bool_]

# What follows the backslash in JSON for each control character; 0 where it is u00XX.
_SHORT_ESCAPES = np.zeros(32, dtype=np.uint8)
_SHORT_ESCAPES[[8, 9, 10, 12, 13]] = [98, 116, 110, 102, 114]
_UNICODE_ESCAPE = np.array(list(b"u00"), dtype=np.uint8)
_HEX = np.array(list(b"0123456789ABCDEF"), dtype=np.uint8)

P = ParamSpec("P")
R = TypeVar("R")


def _compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Compile for the machine, once, and let other threads run meanwhile."""
    return cast(Callable[P, R], numba.njit(cache=True, nogil=True)(function))


@_compiled
def mixed(value: np.uint64) -> np.uint64:
    """Spread every bit of a 64-bit number over all of them (the finish of MurmurHash3)."""
    value ^= value >> np.uint64(33)
    value *= np.uint64(0xFF51AFD7ED558CCD)
    value ^= value >> np.uint64(33)
    value *= np.uint64(0xC4CEB9FE1A85EC53)
    value ^= value >> np.uint64(33)
    return value


@_compiled
def hash_texts(
    offsets: Int64s, data: Bytes, is_valid: Bools, seed: np.uint64, is_quoted: bool
) -> UInt64s:
    """Hash each text (FNV-1a, then mixed); a missing text gives 0. Results outlive versions.

    `is_quoted` hashes the JSON string of the text, as DuckDB writes it.
    """
    result = np.zeros(len(offsets) - 1, dtype=np.uint64)
    for row in range(len(result)):
        if not is_valid[row]:
            continue
        found = np.uint64(0xCBF29CE484222325) ^ seed
        if is_quoted:
            found = _hash_quoted(found, data, offsets[row], offsets[row + 1])
        else:
            for place in range(offsets[row], offsets[row + 1]):
                found = _hash_byte(found, data[place])
        result[row] = mixed(found)
    return result


@_compiled
def _hash_byte(found: np.uint64, byte: np.uint8 | int) -> np.uint64:
    return (found ^ np.uint64(byte)) * np.uint64(0x100000001B3)


@_compiled
def _hash_quoted(found: np.uint64, data: Bytes, first: int, last: int) -> np.uint64:
    found = _hash_byte(found, 34)
    for place in range(first, last):
        byte = data[place]
        if byte >= 32 and byte != 34 and byte != 92:
            found = _hash_byte(found, byte)
        else:
            found = _hash_escaped(found, byte)
    return _hash_byte(found, 34)


@_compiled
def _hash_escaped(found: np.uint64, byte: np.uint8) -> np.uint64:
    found = _hash_byte(found, 92)
    if byte >= 32:
        return _hash_byte(found, byte)
    letter = _SHORT_ESCAPES[byte]
    if letter:
        return _hash_byte(found, letter)
    for place in range(3):
        found = _hash_byte(found, _UNICODE_ESCAPE[place])
    return _hash_byte(_hash_byte(found, _HEX[byte >> 4]), _HEX[byte & 15])


@_compiled
def parts_of(offsets: Int64s, data: Bytes, split_offsets: Int64s, split_data: Bytes) -> Int32s:
    """Count for each text the split texts (sorted) that are not after it, in byte order."""
    result = np.empty(len(offsets) - 1, dtype=np.int32)
    for row in range(len(result)):
        low, high = 0, len(split_offsets) - 1
        # As many bytes as both neighbours share with the text need not be compared again.
        low_shared = high_shared = 0
        while low < high:
            middle = (low + high) // 2
            shared = min(low_shared, high_shared)
            order, shared = _compare_from(
                offsets, data, row, split_offsets, split_data, middle, shared
            )
            if order >= 0:
                low, low_shared = middle + 1, shared
            else:
                high, high_shared = middle, shared
        result[row] = low
    return result


@_compiled
def grouped(codes: Int32s, code_count: int) -> tuple[Int64s, Int32s]:
    """Group rows by code, keeping their order: where each group starts, and the rows in order."""
    starts = np.zeros(code_count + 1, dtype=np.int64)
    for code in codes:
        starts[code + 1] += 1
    for code in range(code_count):
        starts[code + 1] += starts[code]
    place = starts[:-1].copy()
    order = np.empty(len(codes), dtype=np.int32)
    for row in range(len(codes)):
        code = codes[row]
        order[place[code]] = row
        place[code] += 1
    return starts, order


@_compiled
def occurrences(starts: Int64s, order: Int32s, content: UInt64s, wanted: Bools) -> Int32s:
    """Number the wanted rows of equal content within each group from 1, in the group's order."""
    result = np.zeros(len(order), dtype=np.int32)
    for group in range(len(starts) - 1):
        first, last = starts[group], starts[group + 1]
        mask = _table_mask(last - first)
        table = np.full(mask + 1, -1, dtype=np.int32)
        for place in range(first, last):
            row = order[place]
            if not wanted[row]:
                continue
            slot = np.int64(content[row]) & mask
            while table[slot] >= 0 and content[table[slot]] != content[row]:
                slot = (slot + 1) & mask
            result[row] = 1 if table[slot] < 0 else result[table[slot]] + 1
            table[slot] = row
    return result


@_compiled
def repeated(starts: Int64s, order: Int32s, hashes: UInt64s, offsets: Int64s, data: Bytes) -> Bools:
    """Mark each row whose text an earlier row of its group (in the group's order) has already."""
    result = np.zeros(len(order), dtype=np.bool_)
    for group in range(len(starts) - 1):
        first, last = starts[group], starts[group + 1]
        mask = _table_mask(last - first)
        table = np.full(mask + 1, -1, dtype=np.int32)
        for place in range(first, last):
            row = order[place]
            slot = np.int64(hashes[row]) & mask
            while table[slot] >= 0:
                other = table[slot]
                if hashes[other] == hashes[row] and (
                    _compare(offsets, data, row, offsets, data, other) == 0
                ):
                    result[row] = True
                    break
                slot = (slot + 1) & mask
            if not result[row]:
                table[slot] = row
    return result


@_compiled
def in_time_order(
    starts: Int64s, order: Int32s, timestamp: Int64s, is_dropped: Bools, source: Int32s
) -> tuple[Int32s, int]:
    """Sort each group by time, equal times in the group's order, without the dropped rows.

    Gives the rows in order, and how many rows of a source (≥ 0) stand behind a later row of the
    same group and source.
    """
    result = np.empty(len(order), dtype=np.int32)
    count = 0
    late_count = 0
    for group in range(len(starts) - 1):
        first = count
        is_sorted = True
        newest = np.int64(-1)
        current = np.int32(-1)
        for place in range(starts[group], starts[group + 1]):
            row = order[place]
            if is_dropped[row]:
                continue
            if source[row] != current:
                current, newest = source[row], np.int64(-1)
            if current >= 0 and timestamp[row] < newest:
                late_count += 1
            newest = max(newest, timestamp[row])
            if count > first and timestamp[row] < timestamp[result[count - 1]]:
                is_sorted = False
            result[count] = row
            count += 1
        if not is_sorted:
            rows = result[first:count].copy()
            result[first:count] = rows[np.argsort(timestamp[rows], kind="mergesort")]
    return result[:count], late_count


@_compiled
def row_contents(
    user: Int32s,
    timestamp: Int64s,
    name: Int32s,
    user_hashes: UInt64s,
    name_hashes: UInt64s,
    property_sums: UInt64s,
) -> UInt64s:
    """Hash what each row says; the hashes of its properties come added up, in no order."""
    result = np.empty(len(user), dtype=np.uint64)
    for row in range(len(user)):
        found = mixed(user_hashes[user[row]] + np.uint64(timestamp[row]))
        found = mixed(found ^ name_hashes[name[row]])
        result[row] = mixed(found + property_sums[row])
    return result


@_compiled
def add_hashes(sums: UInt64s, codes: Int32s, hashes: UInt64s) -> None:
    """Add to each row's sum the hash of its code; -1 adds nothing."""
    for row in range(len(codes)):
        if codes[row] >= 0:
            sums[row] += hashes[codes[row]]


@_compiled
def combined(left: UInt64s, right: UInt64s) -> UInt64s:
    """Hash pairs of hashes."""
    result = np.empty(len(left), dtype=np.uint64)
    for row in range(len(left)):
        result[row] = mixed(left[row] + mixed(right[row] ^ np.uint64(0x9E3779B97F4A7C15)))
    return result


@_compiled
def sequence_hash(row_hashes: UInt64s, first: int) -> np.uint64:
    """Hash a stretch of rows that begins at place `first`, so that stretches add up (mod 2^64)."""
    total = np.uint64(0)
    for row in range(len(row_hashes)):
        total += mixed(row_hashes[row] ^ mixed(np.uint64(first + row + 1)))
    return total


@_compiled
def derived_ids(content: UInt64s, occurrence: Int32s) -> tuple[Int64s, Bytes]:
    """Write `row-<16 hex digits>-<occurrence>` for each row as Arrow's offsets and bytes."""
    offsets = np.zeros(len(content) + 1, dtype=np.int64)
    for row in range(len(content)):
        offsets[row + 1] = offsets[row] + 21 + _digit_count(occurrence[row])
    data = np.empty(offsets[-1], dtype=np.uint8)
    for row in range(len(content)):
        _write_id(data, offsets[row], offsets[row + 1], content[row], occurrence[row])
    return offsets, data


@_compiled
def _write_id(data: Bytes, first: int, last: int, content: np.uint64, occurrence: int) -> None:
    data[first], data[first + 1], data[first + 2], data[first + 3] = 114, 111, 119, 45  # row-
    for place in range(16):
        digit = np.int64((content >> np.uint64(60 - 4 * place)) & np.uint64(15))
        data[first + 4 + place] = 48 + digit if digit < 10 else 87 + digit
    data[first + 20] = 45
    rest = occurrence
    for place in range(last - 1, first + 20, -1):
        data[place] = 48 + rest % 10
        rest //= 10


@_compiled
def _digit_count(number: int) -> int:
    count = 1
    while number >= 10:
        number //= 10
        count += 1
    return count


@_compiled
def _table_mask(count: int) -> int:
    size = 4
    while size < 2 * count:
        size *= 2
    return size - 1


@_compiled
def _compare(
    offsets: Int64s, data: Bytes, row: int, other_offsets: Int64s, other_data: Bytes, other: int
) -> int:
    """Compare two texts byte by byte: -1, 0 or 1."""
    return _compare_from(offsets, data, row, other_offsets, other_data, other, 0)[0]


@_compiled
def _compare_from(
    offsets: Int64s,
    data: Bytes,
    row: int,
    other_offsets: Int64s,
    other_data: Bytes,
    other: int,
    shared: int,
) -> tuple[int, int]:
    """Compare two texts whose first `shared` bytes are equal: the order, and how many are."""
    length = offsets[row + 1] - offsets[row]
    other_length = other_offsets[other + 1] - other_offsets[other]
    for place in range(shared, min(length, other_length)):
        # Bytes are compared, never subtracted: they have no sign.
        left, right = data[offsets[row] + place], other_data[other_offsets[other] + place]
        if left != right:
            return (1 if left > right else -1), place
    order = 0 if length == other_length else 1 if length > other_length else -1
    return order, min(length, other_length)
