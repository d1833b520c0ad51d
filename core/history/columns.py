"""Events as arrays: the columns a rehearsal reads, with each property as codes and values."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import reduce

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from core.domain.values import JsonValue
from core.history.manifest import Encoding, Manifest, PropertyColumn

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]


@dataclass(frozen=True)
class PropertyCodes:
    """A property of n rows: `codes` int32[n] points into the distinct `values`; -1 is missing.

    Two codes may hold equal numbers that were written differently, such as 5 and 5.0.
    """

    codes: Int32s
    values: list[JsonValue]


@dataclass(frozen=True)
class EventColumns:
    """n events in (user, timestamp, seq) order, whole users only.

    `user` int32[n] are the dataset's user codes, `timestamp` int64[n] µs UTC, `row` int64[n] the
    place in the dataset (a stable reference to the event), `name` int32[n] points into
    `Manifest.names`; `properties` holds the ones that were asked for, by the name asked,
    and `event_ids` is Arrow text if asked for.
    """

    user: Int32s
    timestamp: Int64s
    row: Int64s
    name: Int32s
    properties: dict[str, PropertyCodes] = field(default_factory=dict)
    event_ids: pa.Array | None = None


def columns_for(manifest: Manifest, path: str) -> list[PropertyColumn]:
    """List the columns that can hold the property asked for by `path`, the best first.

    The column of properties that have none of their own counts as one, under the name "".
    """
    exact, head = manifest.property_named(path), manifest.property_named(path.split(".")[0])
    rest = (
        PropertyColumn(name="", column=manifest.rest_column, encoding=Encoding.JSON)
        if manifest.rest_column is not None
        else None
    )
    found = [column for column in (exact, rest, head) if column is not None]
    return list(dict.fromkeys(found))


def property_codes(table: pa.Table, columns: Sequence[PropertyColumn], path: str) -> PropertyCodes:
    """Read the property `path` of each row of `table`, whose property columns are dictionaries."""
    found = [
        _at(_stored_codes(table[column.column], column.encoding), column.name, path)
        for column in columns
    ]
    nothing = PropertyCodes(np.full(table.num_rows, -1, dtype=np.int32), [])
    return reduce(_first_present, found) if found else nothing


def decoded(text: str, encoding: Encoding) -> JsonValue:
    """Give the value that a stored text stands for; JSON too deep to be read stays text."""
    if encoding is Encoding.TEXT:
        return text
    try:
        value: JsonValue = json.loads(text)
    except RecursionError:
        return text
    return value


def _stored_codes(column: pa.ChunkedArray, encoding: Encoding) -> PropertyCodes:
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    whole = column.unify_dictionaries()
    codes = [_indices(chunk) for chunk in whole.chunks]
    if not codes:
        return PropertyCodes(np.empty(0, dtype=np.int32), [])
    texts = whole.chunk(0).dictionary.to_pylist()
    return PropertyCodes(
        np.concatenate(codes).astype(np.int32, copy=False),
        texts if encoding is Encoding.TEXT else [decoded(text, encoding) for text in texts],
    )


def _indices(chunk: pa.DictionaryArray) -> Int32s:
    indices = chunk.indices.fill_null(-1) if chunk.null_count else chunk.indices
    found: Int32s = indices.to_numpy(zero_copy_only=False)
    return found


def _at(stored: PropertyCodes, name: str, path: str) -> PropertyCodes:
    """Take from each stored value of the property `name` what `path` points at."""
    if name == path:
        return stored
    inside = path.split(".")[1:] if name else path.split(".")
    return _mapped(stored, lambda value: _walked(value, path, inside, is_rest=not name))


def _walked(value: JsonValue, path: str, parts: Sequence[str], *, is_rest: bool) -> JsonValue:
    if is_rest and isinstance(value, dict) and path in value:
        found: JsonValue = value[path]
        return found
    for part in parts:
        if not isinstance(value, dict) or part not in value:
            return None
        value = value[part]
    return value


def _mapped(stored: PropertyCodes, pick: Callable[[JsonValue], JsonValue]) -> PropertyCodes:
    code_by_text: dict[str, int] = {}
    values: list[JsonValue] = []
    new_codes = np.full(len(stored.values) + 1, -1, dtype=np.int32)
    for old, parent in enumerate(stored.values):
        value = pick(parent)
        if value is None:
            continue
        text = json.dumps(value, sort_keys=True)
        if text not in code_by_text:
            code_by_text[text] = len(values)
            values.append(value)
        new_codes[old] = code_by_text[text]
    return PropertyCodes(new_codes[stored.codes], values)


def _first_present(first: PropertyCodes, second: PropertyCodes) -> PropertyCodes:
    """Fill the gaps of `first` from `second`."""
    if not first.values or not second.values:
        return second if second.values else first
    moved = np.where(second.codes < 0, np.int32(-1), second.codes + np.int32(len(first.values)))
    codes = np.where(first.codes < 0, moved, first.codes)
    return PropertyCodes(codes.astype(np.int32, copy=False), first.values + second.values)
