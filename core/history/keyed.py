"""Reading a table with one row per key: the profiles by user id, the catalogue by product id."""

from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from core.domain.values import JsonValue
from core.history.columns import PropertyCodes, decoded, property_codes
from core.history.manifest import PropertyColumn, TableRecord

KEY_COLUMN = "key"

Bools = npt.NDArray[np.bool_]


class KeyedTable:
    """A table in memory, read when first asked; its rows are sorted by key."""

    def __init__(self, path: Path, record: TableRecord) -> None:
        """Open the file at `path`; it stays readable once deleted."""
        self._record = record
        self._file = pa.OSFile(str(path))

    @property
    def keys(self) -> pa.Array:
        """Give the keys as Arrow text, sorted."""
        return self._table[KEY_COLUMN].combine_chunks()

    def codes(self, path: str, keys: pa.Array) -> PropertyCodes:
        """Give the property `path` of each of `keys`; -1 where it or the key is missing."""
        columns = [column for column in self._record.properties if _can_hold(column, path)]
        columns.sort(key=lambda column: column.name != path)
        stored = property_codes(self._table, columns, path)
        place = pc.index_in(keys, pc.cast(self.keys, keys.type)).fill_null(-1).to_numpy()
        # The place -1 of an unknown key picks the code -1 that is put behind the others.
        codes = np.append(stored.codes, np.int32(-1))[place]
        return PropertyCodes(codes, stored.values)

    def has(self, keys: pa.Array) -> Bools:
        """Say for each of `keys` whether it has a row."""
        found: Bools = pc.is_in(keys, value_set=pc.cast(self.keys, keys.type)).to_numpy(
            zero_copy_only=False
        )
        return found

    def row(self, key: str) -> dict[str, JsonValue] | None:
        """Give the properties of `key` that are not missing; None for an unknown key."""
        place = pc.index(self.keys, key).as_py()
        return None if place < 0 else self._values(place)

    def rows(self) -> dict[str, dict[str, JsonValue]]:
        """Give every row's properties by key."""
        found: list[dict[str, JsonValue]] = [{} for _ in range(len(self.keys))]
        for column in self._record.properties:
            for place, text in enumerate(self._table[column.column].to_pylist()):
                if text is not None:
                    found[place][column.name] = decoded(text, column.encoding)
        return dict(zip(self.keys.to_pylist(), found, strict=True))

    @cached_property
    def _table(self) -> pa.Table:
        return pq.read_table(self._file).combine_chunks()

    def _values(self, place: int) -> dict[str, JsonValue]:
        found = {}
        for column in self._record.properties:
            text = self._table[column.column][place].as_py()
            if text is not None:
                found[column.name] = decoded(text, column.encoding)
        return found


def _can_hold(column: PropertyColumn, path: str) -> bool:
    return column.name in (path, path.split(".")[0])
