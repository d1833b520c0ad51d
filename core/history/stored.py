"""The events that a dataset holds already, given out by ranges of users during an import."""

from collections.abc import Collection, Sequence
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from core.history.kernels import Int64s
from core.history.layout import Layout
from core.history.manifest import Encoding, Manifest
from core.history.naming import EVENTS_FILE, USERS_FILE
from core.history.texts import is_distinctive, joined


class StoredEvents:
    """The events of a generation, or none; ranges are to be asked for in order of users."""

    def __init__(self, folder: Path | None, manifest: Manifest, layout: Layout) -> None:
        """Open the generation in `folder` and give its rows in the new `layout`; None has none."""
        self._layout = layout
        self._recoded = _columns_to_recode(manifest, layout)
        self._file: pq.ParquetFile | None = None
        self._group: tuple[int, pa.Table] | None = None
        self._user_starts: Int64s = np.zeros(1, dtype=np.int64)
        self._group_starts: Int64s = np.zeros(1, dtype=np.int64)
        self.users: pa.Array = pa.array([], type=pa.large_string())
        if folder is not None and manifest.rows:
            self._open(folder)

    def _open(self, folder: Path) -> None:
        self._file = pq.ParquetFile(folder / EVENTS_FILE)
        metadata = self._file.metadata
        counts = [metadata.row_group(place).num_rows for place in range(metadata.num_row_groups)]
        self._group_starts = np.concatenate(([0], np.cumsum(counts)))
        self.users = joined(pq.read_table(folder / USERS_FILE)["user_id"])
        user = self._file.read(columns=["user"])["user"].to_numpy()
        self._user_starts = np.searchsorted(user, np.arange(len(self.users) + 1))

    @property
    def row_count(self) -> int:
        """Count the stored events."""
        return int(self._group_starts[-1])

    def sampled_users(self, step: int) -> pa.Array:
        """Give the user id of every `step`th event."""
        rows = np.arange(step // 2, self.row_count, step)
        codes = np.searchsorted(self._user_starts, rows, side="right") - 1
        return self.users.take(pa.array(codes))

    def users_between(self, first: int, last: int) -> tuple[pa.Table, pa.Array]:
        """Give the rows of the users with codes in [first, last), and their ids.

        The table's user codes count from `first`.
        """
        users = self.users.slice(first, last - first)
        start, stop = int(self._user_starts[first]), int(self._user_starts[last])
        pieces = [self._no_rows()]
        for group in range(len(self._group_starts) - 1):
            low = max(start, int(self._group_starts[group]))
            high = min(stop, int(self._group_starts[group + 1]))
            if low < high:
                offset = low - int(self._group_starts[group])
                pieces.append(self._in_layout(self._read(group).slice(offset, high - low)))
        rows = pa.concat_tables(pieces)
        codes = pa.array(rows["user"].to_numpy() - np.int32(first))
        return rows.set_column(0, "user", codes), users

    def _read(self, group: int) -> pa.Table:
        if self._group is None or self._group[0] != group:
            assert self._file is not None
            self._group = (group, self._file.read_row_group(group))
        return self._group[1]

    def distinctive_columns(self) -> set[str]:
        """Find the property columns whose values hardly repeat, judging by the first rows."""
        if self._file is None:
            return set()
        rows = self._read(0)
        columns = set(rows.column_names) & set(self._layout.columns)
        return {column for column in columns if is_distinctive(joined(rows[column]))}

    def _no_rows(self) -> pa.Table:
        return events_schema(self._layout.columns).empty_table()

    def _in_layout(self, table: pa.Table) -> pa.Table:
        """Cast the stored columns to the new layout: new ones are null, some become JSON."""
        schema = events_schema(self._layout.columns)
        columns = {}
        for field in schema:
            if field.name not in table.column_names:
                columns[field.name] = pa.nulls(table.num_rows, field.type)
            elif field.name in self._recoded:
                columns[field.name] = _as_json(table[field.name])
            else:
                columns[field.name] = table[field.name].cast(field.type)
        return pa.table(columns, schema=schema)


def events_schema(columns: Sequence[str], repetitive: Collection[str] = ()) -> pa.Schema:
    """Give the schema of the events file; the `repetitive` property columns are dictionaries."""
    text, dictionary = pa.large_string(), pa.dictionary(pa.int32(), pa.large_string())
    fixed = [
        pa.field("user", pa.int32()),
        pa.field("timestamp", pa.int64()),
        pa.field("seq", pa.int64()),
        pa.field("name", pa.int32()),
        pa.field("event_id", text),
    ]
    properties = [pa.field(name, dictionary if name in repetitive else text) for name in columns]
    return pa.schema(fixed + properties)


def _columns_to_recode(manifest: Manifest, layout: Layout) -> set[str]:
    was_text = {c.column for c in manifest.properties if c.encoding is Encoding.TEXT}
    return {c.column for c in layout.properties if c.encoding is Encoding.JSON} & was_text


def _as_json(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Write each text as JSON, exactly as an import of it into a JSON column does."""
    table = pa.table({"value": column})
    with duckdb.connect() as connection:
        connection.register("texts", table)
        connection.execute("SET preserve_insertion_order = true")
        query = connection.sql("SELECT to_json(value::VARCHAR)::VARCHAR AS value FROM texts")
        written = query.to_arrow_table()["value"]
    return written.cast(pa.large_string())
