"""The events that matter to a trigger by (user, key), joined with what is remembered."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.engine import kernels
from core.engine.batches import MISSING, Bits, Bools, EventBatch, Int32s, Int64s
from core.engine.matching import key_codes
from core.engine.memory import Groups


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Selection:
    """Selected events of a batch in group order; `index` points into the batch."""

    index: Int64s
    user: Int32s
    key: Int32s
    times: Int64s
    bits: Bits
    bounds: Int64s
    key_texts: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Joined:
    """Groups of a selection and of a memory together.

    Per group: its user and key, start and end of its selected events, and its entry in the memory
    or -1.
    """

    groups: Groups
    starts: Int64s
    ends: Int64s
    remembered: Int64s


def select(batch: EventBatch, bits: Bits, key: str | None) -> Selection:
    """Keep the events with any bit set and, where state is per key, with a key."""
    wanted: Bools = bits != 0
    texts: Sequence[str] = ()
    if key is not None:
        all_keys, texts = key_codes(batch.properties[key])
        wanted &= all_keys != MISSING
    if key is None and wanted.all():
        return _everything(batch, bits)
    index = np.flatnonzero(wanted)
    user = batch.user[index]
    if key is None:
        keys = np.full(len(index), MISSING, dtype=np.int32)
    else:
        keys = all_keys[index]
        order = kernels.order_by_key(user, keys)
        index, keys = index[order], keys[order]
    return Selection(
        index=index,
        user=user,
        key=keys,
        times=batch.timestamp[index],
        bits=bits[index],
        bounds=kernels.group_bounds(user, keys),
        key_texts=texts,
    )


def _everything(batch: EventBatch, bits: Bits) -> Selection:
    """Select a whole batch without copying it."""
    keys = np.full(len(batch), MISSING, dtype=np.int32)
    return Selection(
        index=np.arange(len(batch), dtype=np.int64),
        user=batch.user,
        key=keys,
        times=batch.timestamp,
        bits=bits,
        bounds=kernels.group_bounds(batch.user, keys),
        key_texts=(),
    )


def join(selection: Selection, remembered: Groups) -> Joined:
    """Line up the groups of the selection with those of the memory."""
    if not len(remembered):
        return _alone(selection)
    user, key, starts, ends, entries = kernels.join_groups(
        selection.user, selection.key, selection.bounds, remembered.user, remembered.key
    )
    return Joined(groups=Groups(user=user, key=key), starts=starts, ends=ends, remembered=entries)


def _alone(selection: Selection) -> Joined:
    starts, ends = selection.bounds[:-1], selection.bounds[1:]
    groups = Groups(user=selection.user[starts], key=selection.key[starts])
    nothing = np.full(len(starts), -1, dtype=np.int64)
    return Joined(groups=groups, starts=starts, ends=ends, remembered=nothing)


def settled(joined: Joined, batch: EventBatch, watermark: int) -> Int64s:
    """Give per group the time up to which nothing more can arrive (see the kernel)."""
    bounds = kernels.user_bounds(batch.user)
    return kernels.settled_times(joined.groups.user, batch.user, batch.timestamp, bounds, watermark)
