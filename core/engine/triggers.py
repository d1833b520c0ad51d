"""Turns a batch of events and a trigger's memory into raw firings and the new memory (SEMANTICS 3).

One law holds for all kinds: cutting the same events into other batches changes nothing (7.5).
"""

from decimal import Decimal
from typing import assert_never

import numpy as np

from core.domain.durations import to_microseconds
from core.domain.triggers import (
    AbsenceTrigger,
    Anchor,
    CountTrigger,
    EventTrigger,
    InactivityTrigger,
    SequenceTrigger,
    SumTrigger,
    Trigger,
    matchers_of,
)
from core.engine import kernels
from core.engine.batches import MISSING, Bits, EventBatch, Firings, Int64s
from core.engine.grouping import Joined, Selection, join, select, settled
from core.engine.matching import amounts, match_bits, split_amount
from core.engine.memory import NEVER, Chains, Deadlines, Groups, Memory, Window, no_memory


def advance(
    trigger: Trigger, memory: Memory, batch: EventBatch, watermark: int
) -> tuple[Memory, Firings]:
    """Let the events of a batch happen, then time pass until the watermark (µs since 1970).

    The caller promises that whatever comes later is later in each user's order, and newer than
    the watermark; all remembered keys of the batch's users are in `memory`. The firings are
    sorted by (user, fired_at, row).
    """
    memory, firings = decide(trigger, memory, batch, selection_of(trigger, batch), watermark)
    return memory, in_order(firings)


def replayed(trigger: Trigger, batch: EventBatch, selection: Selection, watermark: int) -> Firings:
    """Give the firings of a whole history, which nothing precedes and nothing follows.

    They come group by group: see `in_order`.
    """
    _, firings = decide(trigger, no_memory(trigger), batch, selection, watermark, is_last=True)
    return firings


def in_order(firings: Firings) -> Firings:
    """Sort firings by (user, fired_at, row): the order in which they happened (1.6)."""
    if not (firings.key != MISSING).any():
        return firings  # without keys a group is a user, whose firings come in order
    return firings.take(np.lexsort((firings.row, firings.fired_at, firings.user)))


def selection_of(trigger: Trigger, batch: EventBatch) -> Selection:
    """Select and group the events that matter; windows and thresholds do not change the result."""
    match trigger:
        case AbsenceTrigger():
            bits = _absence_bits(trigger, batch)
        case InactivityTrigger():
            bits = _absence_bits(trigger.as_absence(), batch)
        case SumTrigger():
            is_number, _, _ = amounts(batch.properties[trigger.property])
            bits = match_bits([trigger.match], batch) * is_number.view(np.uint8)
        case EventTrigger() | CountTrigger() | SequenceTrigger():
            bits = match_bits(matchers_of(trigger), batch)
        case _:
            assert_never(trigger)
    return select(batch, bits, trigger.key)


def decide(
    trigger: Trigger,
    memory: Memory,
    batch: EventBatch,
    selection: Selection,
    watermark: int,
    *,
    is_last: bool = False,
) -> tuple[Memory, Firings]:
    """Do what `advance` does, given the selection of the batch's events.

    The firings come group by group, within a group in order. After the last batch nothing is
    remembered, which saves the time to write it down.
    """
    match trigger:
        case EventTrigger():
            positions = np.arange(len(selection.index), dtype=np.int64)
            return memory, _firings(selection, batch, positions)
        case CountTrigger():
            assert isinstance(memory, Window)
            return _count(trigger, memory, batch, selection, is_last=is_last)
        case SumTrigger():
            assert isinstance(memory, Window)
            return _sum(trigger, memory, batch, selection, is_last=is_last)
        case AbsenceTrigger():
            assert isinstance(memory, Deadlines)
            return _absence(trigger, memory, batch, selection, watermark, is_last=is_last)
        case InactivityTrigger():
            assert isinstance(memory, Deadlines)
            return _absence(
                trigger.as_absence(), memory, batch, selection, watermark, is_last=is_last
            )
        case SequenceTrigger():
            assert isinstance(memory, Chains)
            return _sequence(trigger, memory, batch, selection)
        case _:
            assert_never(trigger)


def _count(
    trigger: CountTrigger,
    memory: Window,
    batch: EventBatch,
    selection: Selection,
    *,
    is_last: bool,
) -> tuple[Memory, Firings]:
    joined = join(selection, memory.groups)
    within = to_microseconds(trigger.within)
    positions = kernels.count_firings(
        selection.times,
        joined.starts,
        joined.ends,
        joined.remembered,
        memory.offsets,
        memory.times,
        trigger.at_least,
        within,
    )
    firings = _firings(selection, batch, positions)
    if is_last:
        return memory, firings
    nothing = np.zeros(len(selection.times), dtype=np.int64)
    kept = _keep_window(selection, joined, memory, nothing, nothing, trigger.at_least - 1, within)
    return kept, firings


def _sum(
    trigger: SumTrigger,
    memory: Window,
    batch: EventBatch,
    selection: Selection,
    *,
    is_last: bool,
) -> tuple[Memory, Firings]:
    _, whole, micro = amounts(batch.properties[trigger.property])
    joined = join(selection, memory.groups)
    within = to_microseconds(trigger.within)
    whole, micro = whole[selection.index], micro[selection.index]
    positions = kernels.sum_firings(
        selection.times,
        whole,
        micro,
        joined.starts,
        joined.ends,
        joined.remembered,
        memory.offsets,
        memory.times,
        memory.whole,
        memory.micro,
        *split_amount(Decimal(repr(trigger.at_least))),
        within,
    )
    firings = _firings(selection, batch, positions)
    if is_last:
        return memory, firings
    most = len(selection.times) + len(memory.times)
    return _keep_window(selection, joined, memory, whole, micro, most, within), firings


def _absence(
    trigger: AbsenceTrigger,
    memory: Deadlines,
    batch: EventBatch,
    selection: Selection,
    watermark: int,
    *,
    is_last: bool,
) -> tuple[Memory, Firings]:
    joined = join(selection, memory.groups)
    # At the end all is known up to the watermark; no event of the batch is newer.
    known = (
        np.full(len(joined.groups), watermark, dtype=np.int64)
        if is_last
        else settled(joined, batch, watermark)
    )
    within = to_microseconds(trigger.within)
    positions, groups, armed_by = kernels.absence_firings(
        selection.times,
        selection.bits,
        joined.starts,
        joined.ends,
        joined.remembered,
        known,
        memory.due_at,
        within,
        trigger.anchor is Anchor.FIRST,
    )
    due_at, row = _deadlines(positions, selection, batch, memory, within)
    firings = Firings(
        user=joined.groups.user[groups],
        fired_at=due_at,
        row=row,
        key=joined.groups.key[groups],
        key_texts=selection.key_texts,
    )
    if is_last:
        return memory, firings
    return _armed(joined, armed_by, selection, batch, memory, within), firings


def _absence_bits(trigger: AbsenceTrigger, batch: EventBatch) -> Bits:
    if trigger.start == trigger.unless:
        both = np.uint8(kernels.START | kernels.UNLESS)
        return match_bits([trigger.start], batch) * both
    return match_bits([trigger.start, trigger.unless], batch)


def _armed(
    joined: Joined,
    armed_by: Int64s,
    selection: Selection,
    batch: EventBatch,
    memory: Deadlines,
    within: int,
) -> Deadlines:
    still = np.flatnonzero(armed_by != NEVER)
    due_at, row = _deadlines(armed_by[still], selection, batch, memory, within)
    return Deadlines(groups=_some(joined.groups, still), due_at=due_at, row=row)


def _deadlines(
    positions: Int64s, selection: Selection, batch: EventBatch, memory: Deadlines, within: int
) -> tuple[Int64s, Int64s]:
    """Look up the deadline that each start set, and the start's row; some lie in the memory."""
    due_at = np.empty(len(positions), dtype=np.int64)
    row = np.empty(len(positions), dtype=np.int64)
    new = positions >= 0
    due_at[new] = selection.times[positions[new]] + within
    row[new] = batch.row[selection.index[positions[new]]]
    old = -positions[~new] - 1
    due_at[~new] = memory.due_at[old]
    row[~new] = memory.row[old]
    return due_at, row


def _sequence(
    trigger: SequenceTrigger, memory: Chains, batch: EventBatch, selection: Selection
) -> tuple[Memory, Firings]:
    joined = join(selection, memory.groups)
    positions, first_at = kernels.sequence_firings(
        selection.times,
        selection.bits,
        joined.starts,
        joined.ends,
        joined.remembered,
        memory.first_at,
        len(trigger.steps),
        to_microseconds(trigger.within),
    )
    alive = np.flatnonzero((first_at != NEVER).any(axis=1))
    kept = Chains(groups=_some(joined.groups, alive), first_at=first_at[alive])
    return kept, _firings(selection, batch, positions)


def _keep_window(
    selection: Selection,
    joined: Joined,
    memory: Window,
    whole: Int64s,
    micro: Int64s,
    most: int,
    within: int,
) -> Window:
    kept, bounds = kernels.window_kept(
        selection.times,
        joined.starts,
        joined.ends,
        joined.remembered,
        memory.offsets,
        memory.times,
        most,
        within,
    )
    alive = np.flatnonzero(np.diff(bounds))
    offsets = np.append(bounds[alive], bounds[-1])
    return Window(
        groups=_some(joined.groups, alive),
        offsets=offsets,
        times=_either(kept, selection.times, memory.times),
        whole=_either(kept, whole, memory.whole),
        micro=_either(kept, micro, memory.micro),
    )


def _either(positions: Int64s, new: Int64s, old: Int64s) -> Int64s:
    """Take from `new` at positions ≥ 0 and from `old` at entry -(position + 1) otherwise."""
    values = np.empty(len(positions), dtype=np.int64)
    is_new = positions >= 0
    values[is_new] = new[positions[is_new]]
    values[~is_new] = old[-positions[~is_new] - 1]
    return values


def _some(groups: Groups, chosen: Int64s) -> Groups:
    return Groups(user=groups.user[chosen], key=groups.key[chosen])


def _firings(selection: Selection, batch: EventBatch, positions: Int64s) -> Firings:
    """Make firings of the events at the given positions of a selection."""
    return Firings(
        user=selection.user[positions],
        fired_at=selection.times[positions],
        row=batch.row[selection.index[positions]],
        key=selection.key[positions],
        key_texts=selection.key_texts,
    )
