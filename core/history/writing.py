"""Writing a generation of events: the Parquet file, the users, and what the manifest tells."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from core.history import kernels
from core.history.layout import Layout
from core.history.merging import MergedPart
from core.history.naming import EVENTS_FILE, USERS_FILE
from core.history.stored import events_schema

MOST_GROUP_ROWS = 1_000_000
_CODEC = "lz4"
_FINGERPRINT_BITS = 2**64


class EventsWriter:
    """Writes merged parts, in order of users, as one generation."""

    def __init__(self, folder: Path, layout: Layout, names: Sequence[str]) -> None:
        """Create the files of a generation in `folder`, which exists."""
        repetitive = [name for name in layout.columns if name not in layout.distinctive]
        self._schema = events_schema(layout.columns, repetitive)
        self._events = pq.ParquetWriter(
            folder / EVENTS_FILE,
            self._schema,
            compression=_CODEC,
            use_dictionary=["name", *repetitive],
            column_encoding={"timestamp": "DELTA_BINARY_PACKED", "seq": "DELTA_BINARY_PACKED"},
            # The others cost time to gather and tell nothing: each group spans the whole period.
            write_statistics=["user"],
            store_schema=False,
        )
        self._users_schema = pa.schema([pa.field("user_id", pa.large_string())])
        self._users = pq.ParquetWriter(
            folder / USERS_FILE,
            self._users_schema,
            compression=_CODEC,
            use_dictionary=False,
            store_schema=False,
        )
        self.row_count = 0
        self.user_count = 0
        self.added_count = 0
        self.duplicate_count = 0
        self.out_of_order_count = 0
        self.name_counts = np.zeros(len(names), dtype=np.int64)
        self.first_timestamp: int | None = None
        self.last_timestamp: int | None = None
        self._fingerprint = 0

    def __enter__(self) -> "EventsWriter":
        return self

    def __exit__(self, *_: object) -> None:
        self._events.close()
        self._users.close()

    @property
    def fingerprint(self) -> str:
        """Name the content: the same for the same events in the same order, however they came."""
        return f"{self._fingerprint:016x}"

    def write(self, part: MergedPart) -> None:
        """Append a part; its users come after those of all parts before."""
        self._write_events(part)
        self._users.write_table(pa.table([part.users], schema=self._users_schema))
        found = int(kernels.sequence_hash(part.row_hashes, self.row_count))
        self._fingerprint = (self._fingerprint + found) % _FINGERPRINT_BITS
        self.row_count += part.table.num_rows
        self.user_count += len(part.users)
        self.added_count += part.added_count
        self.duplicate_count += part.duplicate_count
        self.out_of_order_count += part.out_of_order_count
        self.name_counts += part.name_counts
        self._note_period(part.table["timestamp"].to_numpy())

    def _write_events(self, part: MergedPart) -> None:
        """Write row groups that hold whole users only, so that readers need not join them."""
        codes = part.table["user"].to_numpy()
        table = part.table.set_column(0, "user", pa.array(codes + np.int32(self.user_count)))
        table = table.cast(self._schema)
        first = 0
        while first < len(codes):
            last = _end_of_group(codes, first)
            self._events.write_table(table.slice(first, last - first), row_group_size=last - first)
            first = last

    def _note_period(self, timestamps: kernels.Int64s) -> None:
        if not len(timestamps):
            return
        low, high = int(timestamps.min()), int(timestamps.max())
        self.first_timestamp = (
            low if self.first_timestamp is None else min(self.first_timestamp, low)
        )
        self.last_timestamp = (
            high if self.last_timestamp is None else max(self.last_timestamp, high)
        )


def _end_of_group(codes: kernels.Int32s, first: int) -> int:
    """Find where to end the row group that starts at `first`: after a user's last row."""
    if len(codes) - first <= MOST_GROUP_ROWS:
        return len(codes)
    limit = first + MOST_GROUP_ROWS
    before = int(np.searchsorted(codes, codes[limit], side="left"))
    return before if before > first else int(np.searchsorted(codes, codes[first], side="right"))
