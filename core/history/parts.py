"""Cutting an import into ranges of users that fit into memory and can be worked on side by side."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.history import kernels
from core.history.kernels import Int64s
from core.history.merging import Part, StagedSlice
from core.history.parallel import mapped_in_order
from core.history.progress import Watch
from core.history.spools import Spool
from core.history.staging import StagedBatch
from core.history.stored import StoredEvents
from core.history.texts import buffers_of, joined

PART_ROWS = 400_000
_SAMPLES_PER_PART = 256


def parts_of(
    stored: StoredEvents,
    batches: Sequence[StagedBatch],
    folder: Path,
    watch: Watch,
    part_rows: int,
) -> Iterator[Part]:
    """Cut everything into parts of about `part_rows` rows, in the order of users (byte order).

    The pieces lie in `folder`; the batches are used up.
    """
    row_count = stored.row_count + sum(batch.row_count for batch in batches)
    splits = _splits(stored, batches, -(-row_count // part_rows))
    slices = _cut_all(batches, splits, folder, watch)
    first_users = _first_users(stored, splits)
    for part in range(len(splits) + 1):
        rows, users = stored.users_between(first_users[part], first_users[part + 1])
        yield Part(rows, users, slices[part])


def _splits(stored: StoredEvents, batches: Sequence[StagedBatch], part_count: int) -> pa.Array:
    """Choose the users at which the second and every further part begins, from a sample."""
    if part_count <= 1:
        return pa.array([], type=pa.large_string())
    step = 1 + stored.row_count // (part_count * _SAMPLES_PER_PART)
    samples = [(stored.sampled_users(step), stored.row_count)]
    samples += [(batch.sample, batch.row_count) for batch in batches]
    samples = [(users, rows) for users, rows in samples if len(users)]
    users = pa.concat_arrays([users for users, _ in samples])
    weights = np.concatenate([np.full(len(users), rows / len(users)) for users, rows in samples])
    order = pc.sort_indices(users).to_numpy()
    row_numbers = np.cumsum(weights[order])
    ends = row_numbers[-1] * np.arange(1, part_count) / part_count
    return pc.unique(users.take(pa.array(order[np.searchsorted(row_numbers, ends)])))


def _cut_all(
    batches: Sequence[StagedBatch], splits: pa.Array, folder: Path, watch: Watch
) -> list[list[StagedSlice]]:
    """Write each batch to disk again, in pieces; list the pieces of each part."""
    slices: list[list[StagedSlice]] = [[] for _ in range(len(splits) + 1)]
    with ExitStack() as stack:
        spools: dict[int, Spool] = {}
        cuts = mapped_in_order(partial(_cut, splits=splits), batches)
        for batch, (rows, starts) in zip(batches, cuts, strict=True):
            watch.check()
            if batch.source not in spools:
                spools[batch.source] = stack.enter_context(
                    Spool(folder / f"cut-{batch.source}.arrow")
                )
            for part in np.flatnonzero(np.diff(starts)).tolist():
                start, stop = int(starts[part]), int(starts[part + 1])
                place = spools[batch.source].write(rows.slice(start, stop - start))
                slices[part].append(StagedSlice(batch.source, spools[batch.source], place))
    for batch in batches:
        batch.spool.remove()
    return slices


def _cut(batch: StagedBatch, splits: pa.Array) -> tuple[pa.RecordBatch, Int64s]:
    """Sort a batch by part; part p are the rows `[starts[p], starts[p + 1])`."""
    rows = batch.spool.read(batch.place)
    users, limits = buffers_of(joined(rows.column("user_id"))), buffers_of(splits)
    parts = kernels.parts_of(users.offsets, users.data, limits.offsets, limits.data)
    starts, order = kernels.grouped(parts, len(splits) + 1)
    arrival = pa.array(order.astype(np.int64) + batch.first)
    return rows.take(pa.array(order)).append_column("arrival", arrival), starts


def _first_users(stored: StoredEvents, splits: pa.Array) -> list[int]:
    """Give the code of the first stored user of each part, and the number of stored users."""
    users, limits = buffers_of(stored.users), buffers_of(splits)
    codes = kernels.parts_of(users.offsets, users.data, limits.offsets, limits.data)
    firsts = np.searchsorted(codes, np.arange(1, len(splits) + 1))
    return [0, *firsts.tolist(), len(stored.users)]
