"""Second half of an import: order, deduplicate and join what was read with what is stored."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.history import kernels
from core.history.kernels import Int32s, Int64s, UInt64s
from core.history.layout import REST_COLUMN, Layout
from core.history.manifest import Encoding
from core.history.spools import Spool
from core.history.texts import buffers_of, from_buffers, hashes_of, joined, unique_sorted


@dataclass(frozen=True)
class StagedSlice:
    """Rows of a part out of one batch, on disk; their column `arrival` numbers them."""

    source: int
    spool: Spool
    place: int


@dataclass(frozen=True)
class Part:
    """All rows of a range of users: the stored ones, in order, and those that were read.

    `stored` has the columns of the store, its user codes counting from the first of
    `stored_users`; `staged` is in order of arrival.
    """

    stored: pa.Table
    stored_users: pa.Array
    staged: Sequence[StagedSlice]


@dataclass(frozen=True, kw_only=True)
class MergedPart:
    """The rows of a range of users in their final order and form, without duplicates.

    User codes count from the first of `users`; `row_hashes` are for the dataset's fingerprint.
    """

    table: pa.Table
    users: pa.Array
    row_hashes: UInt64s
    added_count: int
    duplicate_count: int
    out_of_order_count: int
    name_counts: Int64s


@dataclass(frozen=True)
class _Rows:
    """The rows of a part: stored ones (source -1), then the new ones in order of arrival."""

    user: Int32s
    timestamp: Int64s
    name: Int32s
    seq: Int64s
    event_id: pa.Array
    source: Int32s
    properties: dict[str, pa.Array]


def merged(part: Part, layout: Layout, names: Sequence[str], next_seq: int) -> MergedPart:
    """Sort a part by (user, timestamp, seq) and drop redelivered events; see SEMANTICS 1.2, 1.3.

    New rows without an event id get one from their content and their number among identical rows
    of their file; `next_seq` is the place of the import's first row in the order of arrival.
    """
    rows, users = _all_rows(part, layout, next_seq)
    starts, order = kernels.grouped(rows.user, len(users))
    contents = _contents(rows, layout, users, names)
    ids = _event_ids(rows, contents, starts, order)
    id_hashes = hashes_of(ids)
    buffers = buffers_of(ids)
    is_repeated = kernels.repeated(starts, order, id_hashes, buffers.offsets, buffers.data)
    final, late_count = kernels.in_time_order(
        starts, order, rows.timestamp, is_repeated, rows.source
    )
    duplicate_count = int(is_repeated.sum())
    return MergedPart(
        table=_table(rows, ids, final),
        users=users,
        row_hashes=kernels.combined(contents[final], id_hashes[final]),
        added_count=int((rows.source >= 0).sum()) - duplicate_count,
        duplicate_count=duplicate_count,
        out_of_order_count=late_count,
        name_counts=np.bincount(rows.name[final], minlength=len(names)),
    )


def _gathered(part: Part, layout: Layout) -> pa.Table:
    """Join the part's rows that were read; a column that a file lacks is null."""
    tables = [_no_rows(layout)]
    for piece in part.staged:
        table = pa.Table.from_batches([piece.spool.read(piece.place)])
        count = table.num_rows
        for column in layout.columns:
            if column not in table.column_names:
                table = table.append_column(column, pa.nulls(count, pa.string()))
        table = table.append_column("source", pa.array(np.full(count, piece.source, np.int32)))
        tables.append(table.select([*_STAGED, *layout.columns]))
    return pa.concat_tables(tables)


_STAGED = ("user_id", "timestamp", "name", "event_id", "source", "arrival")


def _no_rows(layout: Layout) -> pa.Table:
    types = [pa.string(), pa.int64(), pa.int32(), pa.string(), pa.int32(), pa.int64()]
    types += [pa.string()] * len(layout.columns)
    names = [*_STAGED, *layout.columns]
    return pa.table([pa.array([], type=kind) for kind in types], names=names)


def _codes_among(users: pa.Array, part: Part, texts: pa.DictionaryArray) -> Int32s:
    """Give the user codes of the stored rows and of the new ones, whose users are `texts`."""
    stored_codes = _places(part.stored_users, users)
    new_codes = _places(texts.dictionary, users)
    stored = part.stored["user"].to_numpy()
    return np.concatenate((stored_codes[stored], new_codes[texts.indices.to_numpy()]))


def _places(texts: pa.Array, among: pa.Array) -> Int32s:
    found: Int32s = pc.index_in(texts, among).to_numpy(zero_copy_only=False).astype(np.int32)
    return found


def _all_rows(part: Part, layout: Layout, next_seq: int) -> tuple[_Rows, pa.Array]:
    """Join stored and new rows; give the users besides, sorted, to whom the codes belong."""
    stored, new = part.stored, _gathered(part, layout)
    texts = joined(new["user_id"]).dictionary_encode()
    users = unique_sorted(pa.chunked_array([part.stored_users, texts.dictionary]))
    stored_source = np.full(stored.num_rows, -1, dtype=np.int32)
    rows = _Rows(
        user=_codes_among(users, part, texts),
        timestamp=np.concatenate((stored["timestamp"].to_numpy(), new["timestamp"].to_numpy())),
        name=np.concatenate((stored["name"].to_numpy(), new["name"].to_numpy())),
        seq=np.concatenate((stored["seq"].to_numpy(), new["arrival"].to_numpy() + next_seq)),
        event_id=joined(stored["event_id"], new["event_id"]),
        source=np.concatenate((stored_source, new["source"].to_numpy())),
        properties={
            column: _values(stored[column], new[column], column in layout.distinctive)
            for column in layout.columns
        },
    )
    return rows, users


def _values(stored: pa.ChunkedArray, new: pa.ChunkedArray, is_distinctive: bool) -> pa.Array:
    """Make one array of the stored and the new values, a dictionary where values repeat."""
    texts = joined(stored, new)
    return texts if is_distinctive else texts.dictionary_encode()


def _contents(rows: _Rows, layout: Layout, users: pa.Array, names: Sequence[str]) -> UInt64s:
    encodings = {column.column: column for column in layout.properties}
    sums = np.zeros(len(rows.user), dtype=np.uint64)
    for column, values in rows.properties.items():
        known = encodings.get(column)
        name, encoding = (known.name, known.encoding) if known else (REST_COLUMN, Encoding.JSON)
        if isinstance(values, pa.DictionaryArray):
            hashes = hashes_of(values.dictionary, seed=name, encoding=encoding)
            kernels.add_hashes(sums, values.indices.fill_null(-1).to_numpy(), hashes)
        else:
            sums += hashes_of(values, seed=name, encoding=encoding)
    name_hashes = hashes_of(pa.array(names, type=pa.large_string()))
    return kernels.row_contents(
        rows.user, rows.timestamp, rows.name, hashes_of(users), name_hashes, sums
    )


def _event_ids(rows: _Rows, contents: UInt64s, starts: Int64s, order: Int32s) -> pa.Array:
    """Give every row its id: its own, or the one derived from its content."""
    if not rows.event_id.null_count:
        return rows.event_id
    is_without = rows.event_id.is_null().to_numpy(zero_copy_only=False)
    by_file = kernels.combined(contents, rows.source.astype(np.uint64))
    occurrence = kernels.occurrences(starts, order, by_file, is_without)
    derived = from_buffers(*kernels.derived_ids(contents, occurrence))
    return pc.if_else(pa.array(is_without), derived, rows.event_id)


def _table(rows: _Rows, ids: pa.Array, final: Int32s) -> pa.Table:
    place = pa.array(final)
    columns = {
        "user": pa.array(rows.user[final]),
        "timestamp": pa.array(rows.timestamp[final]),
        "seq": pa.array(rows.seq[final]),
        "name": pa.array(rows.name[final]),
        "event_id": ids.take(place),
    }
    properties = {column: values.take(place) for column, values in rows.properties.items()}
    return pa.table(columns | properties)
