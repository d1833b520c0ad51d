"""Reading a dataset: whole users at a time as arrays, or one user's events as objects."""

import threading
from collections.abc import Collection, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from core.domain.errors import UnusableInput
from core.domain.events import Event
from core.domain.values import JsonValue
from core.history import naming
from core.history.columns import (
    EPOCH,
    EventColumns,
    Int64s,
    PropertyCodes,
    columns_for,
    decoded,
    property_codes,
)
from core.history.keyed import Bools, KeyedTable
from core.history.manifest import Encoding, Manifest, TableRecord, list_datasets, load_manifest
from core.history.naming import CATALOGUE_FILE, EVENTS_FILE, PROFILES_FILE, USERS_FILE

__all__ = ["Dataset", "EventColumns", "PropertyCodes", "list_datasets", "open_dataset"]

_OPEN_ATTEMPTS = 5


def open_dataset(home: Path, name: str) -> "Dataset":
    """Open a dataset as it is now; raise `UnusableInput` naming those that exist otherwise."""
    folder = naming.dataset_folder(home, name)
    for attempt in range(_OPEN_ATTEMPTS):
        manifest = load_manifest(folder)
        if manifest is None:
            raise UnusableInput(_unknown(home, name))
        try:
            return Dataset(naming.generation_folder(folder, manifest.generation), manifest)
        except FileNotFoundError:
            # An import may have replaced the generation since its manifest was read.
            if attempt == _OPEN_ATTEMPTS - 1:
                raise
    raise AssertionError("unreachable")


def _unknown(home: Path, name: str) -> str:
    known = ", ".join(manifest.name for manifest in list_datasets(home))
    hint = f"There are: {known}." if known else "There are none yet: import a file first."
    return f"There is no dataset called {name!r}. {hint}"


class Dataset:
    """One generation of a dataset, readable from several threads, even after it was replaced."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        """Open the files of the generation in `folder`; they stay readable once deleted."""
        self.manifest = manifest
        self._events = pa.OSFile(str(folder / EVENTS_FILE))
        self._metadata = pq.read_metadata(self._events)
        self._users_file = pa.OSFile(str(folder / USERS_FILE))
        self._profiles = _keyed(folder / PROFILES_FILE, manifest.profiles)
        self._catalogue = _keyed(folder / CATALOGUE_FILE, manifest.catalogue)
        self._lock = threading.Lock()
        self._users: pa.Array | None = None
        counts = [self._metadata.row_group(i).num_rows for i in range(self.group_count)]
        self._group_starts: Int64s = np.concatenate(([0], np.cumsum(counts, dtype=np.int64)))

    @property
    def group_count(self) -> int:
        """Count the row groups of the events; each holds whole users."""
        return int(self._metadata.num_row_groups)

    def user_ids(self) -> pa.Array:
        """Give all user ids as Arrow text; the position is the user's code."""
        with self._lock:
            if self._users is None:
                column = pq.read_table(self._users_file, columns=["user_id"])["user_id"]
                self._users = _joined(column)
        return self._users

    def user_code(self, user_id: str) -> int | None:
        """Find the code of a user; None for somebody without events."""
        users = self.user_ids()
        wanted = user_id.encode()
        low, high = 0, len(users)
        while low < high:
            middle = (low + high) // 2
            if users[middle].as_py().encode() < wanted:
                low = middle + 1
            else:
                high = middle
        return low if low < len(users) and users[low].as_py() == user_id else None

    def chunks(
        self, properties: Collection[str], until: int | None = None, target_rows: int = 2_000_000
    ) -> Iterator[EventColumns]:
        """Read all events in order, about `target_rows` at a time, never splitting a user.

        `properties` are names or dotted paths; events later than `until` (µs) are left out.
        """
        for groups in self.chunk_plan(target_rows):
            yield self.read_chunk(groups, properties, until)

    def chunk_plan(self, target_rows: int = 2_000_000) -> list[list[int]]:
        """Plan the chunks of `chunks`, each as the numbers of row groups for `read_chunk`."""
        return list(self._group_runs(target_rows))

    def read_chunk(
        self,
        groups: list[int],
        properties: Collection[str],
        until: int | None = None,
        *,
        with_event_ids: bool = False,
    ) -> EventColumns:
        """Read the row groups of one chunk; safe in several threads at once."""
        return self._read(groups, properties, until, with_event_ids=with_event_ids)

    def columns(self, properties: Collection[str], until: int | None = None) -> EventColumns:
        """Read all events at once; arguments as for `chunks`."""
        return self._read(list(range(self.group_count)), properties, until)

    def event_ids(self, rows: Int64s) -> pa.Array:
        """Give the event ids (Arrow text) of the given rows, in the order given."""
        wanted, place = np.unique(np.asarray(rows, dtype=np.int64), return_inverse=True)
        cuts = np.searchsorted(wanted, self._group_starts)
        pieces = [pa.array([], type=pa.large_string())]
        for group in range(self.group_count):
            here = wanted[cuts[group] : cuts[group + 1]] - self._group_starts[group]
            if len(here):
                column = self._file().read_row_group(group, columns=["event_id"])["event_id"]
                pieces.append(_joined(column).take(pa.array(here)))
        return pa.concat_arrays(pieces).take(pa.array(place))

    def user_events(self, user_id: str) -> list[Event]:
        """Read one user's events in order, with typed properties; empty for a stranger."""
        code = self.user_code(user_id)
        if code is None or (group := self._group_of(code)) is None:
            return []
        users = self._file().read_row_group(group, columns=["user"])["user"].to_numpy()
        first, last = np.searchsorted(users, code, "left"), np.searchsorted(users, code, "right")
        part = self._file().read_row_group(group).slice(first, last - first)
        return [self._event(user_id, row) for row in part.to_pylist()]

    @property
    def has_profiles(self) -> bool:
        """Say whether profiles were imported."""
        return self.manifest.profiles is not None

    def trait(self, name: str) -> PropertyCodes:
        """Give a trait of every user with events, in order of user code; -1 is missing."""
        if self._profiles is None:
            return PropertyCodes(np.full(self.manifest.users, -1, dtype=np.int32), [])
        return self._profiles.codes(name, self.user_ids())

    def has_profile(self) -> Bools:
        """Say for each user with events, by code, whether the profiles know them."""
        if self._profiles is None:
            return np.zeros(self.manifest.users, dtype=np.bool_)
        return self._profiles.has(self.user_ids())

    def profile(self, user_id: str) -> dict[str, JsonValue] | None:
        """Give the traits of a user that are not missing; None without a profile."""
        return None if self._profiles is None else self._profiles.row(user_id)

    def profiles(self) -> dict[str, dict[str, JsonValue]]:
        """Give all profiles by user id."""
        return {} if self._profiles is None else self._profiles.rows()

    def product(self, product_id: str) -> dict[str, JsonValue] | None:
        """Give what the catalogue says about a product; None where it is not in it."""
        return None if self._catalogue is None else self._catalogue.row(product_id)

    def catalogue(self) -> dict[str, dict[str, JsonValue]]:
        """Give the whole catalogue by product id."""
        return {} if self._catalogue is None else self._catalogue.rows()

    def groups(self, columns: Collection[str]) -> Iterator[pa.Table]:
        """Read the row groups one by one: columns as they are stored, texts as dictionaries."""
        file = self._file([column for column in columns if column not in _FIXED])
        for group in range(self.group_count):
            yield file.read_row_group(group, columns=list(columns))

    def _file(self, dictionaries: Collection[str] = ()) -> pq.ParquetFile:
        return pq.ParquetFile(
            self._events, metadata=self._metadata, read_dictionary=list(dictionaries)
        )

    def _group_runs(self, target_rows: int) -> Iterator[list[int]]:
        """Group neighbouring row groups into runs of at most `target_rows` where possible."""
        run: list[int] = []
        for group in range(self.group_count):
            rows = self._group_starts[group + 1] - self._group_starts[run[0] if run else group]
            if run and rows > target_rows:
                yield run
                run = []
            run.append(group)
        if run:
            yield run

    def _read(
        self,
        groups: list[int],
        properties: Collection[str],
        until: int | None,
        *,
        with_event_ids: bool = False,
    ) -> EventColumns:
        holders = {path: columns_for(self.manifest, path) for path in properties}
        fixed = [*_FIXED, "event_id"] if with_event_ids else list(_FIXED)
        stored = sorted({column.column for found in holders.values() for column in found})
        table = self._file(stored).read_row_groups(groups, columns=[*fixed, *stored])
        first = self._group_starts[groups[0]] if groups else 0
        row = np.arange(first, first + table.num_rows, dtype=np.int64)
        timestamp = table["timestamp"].to_numpy()
        if until is not None and len(timestamp) and until < timestamp.max():
            keep = timestamp <= until
            table, row, timestamp = table.filter(pa.array(keep)), row[keep], timestamp[keep]
        return EventColumns(
            user=table["user"].to_numpy(),
            timestamp=timestamp,
            row=row,
            name=table["name"].to_numpy(),
            properties={path: property_codes(table, holders[path], path) for path in properties},
            event_ids=_compact(table["event_id"]) if with_event_ids else None,
        )

    def _group_of(self, user: int) -> int | None:
        """Find the row group that holds a user by the statistics of its first column."""
        for group in range(self.group_count):
            statistics = self._metadata.row_group(group).column(0).statistics
            if statistics.min <= user <= statistics.max:
                return group
        return None

    def _event(self, user_id: str, row: Mapping[str, Any]) -> Event:
        return Event(
            event_id=row["event_id"],
            user_id=user_id,
            event=self.manifest.names[row["name"]],
            timestamp=EPOCH + timedelta(microseconds=row["timestamp"]),
            properties=self._properties(row),
        )

    def _properties(self, row: Mapping[str, Any]) -> dict[str, JsonValue]:
        found = {
            column.name: decoded(row[column.column], column.encoding)
            for column in self.manifest.properties
            if row[column.column] is not None
        }
        rest = None if self.manifest.rest_column is None else row[self.manifest.rest_column]
        others = {} if rest is None else decoded(rest, Encoding.JSON)
        return found | others if isinstance(others, dict) else found


_LARGE = 1 << 30
_FIXED = ("user", "timestamp", "name")


def _keyed(path: Path, record: TableRecord | None) -> KeyedTable | None:
    return None if record is None else KeyedTable(path, record)


def _compact(column: pa.ChunkedArray) -> pa.Array:
    """Make one Arrow array of texts, without the cast where they are clearly under 2 GB."""
    return _joined(column) if column.nbytes > _LARGE else column.combine_chunks()


def _joined(column: pa.ChunkedArray) -> pa.Array:
    """Make one Arrow array of texts that may exceed 2 GB together."""
    return pc.cast(column, pa.large_string()).combine_chunks()
