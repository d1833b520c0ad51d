"""What a trigger remembers between batches: small, bounded, one entry per (user, key)."""

from dataclasses import dataclass

import numpy as np

from core.domain.triggers import (
    AbsenceTrigger,
    CountTrigger,
    EventTrigger,
    InactivityTrigger,
    SequenceTrigger,
    SumTrigger,
    Trigger,
)
from core.engine.batches import Int32s, Int64s

NEVER = np.iinfo(np.int64).min


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Groups:
    """The (user, key) pairs that have state, sorted; key is MISSING without a key."""

    user: Int32s
    key: Int32s

    def __len__(self) -> int:
        """Count the groups."""
        return len(self.user)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Nothing:
    """The memory of a trigger that needs none."""

    groups: Groups


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Window:
    """The matching events a count or a sum still has in its window.

    Group g owns the entries offsets[g]:offsets[g + 1]; `whole` and `micro` are the amounts of a sum
    (see `matching.amounts`) and zeros for a count.
    """

    groups: Groups
    offsets: Int64s
    times: Int64s
    whole: Int64s
    micro: Int64s


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Deadlines:
    """The armed deadlines of an absence, and the start event that set each."""

    groups: Groups
    due_at: Int64s
    row: Int64s


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Chains:
    """The time of the first event of the best chain per prefix length, NEVER where there is none.

    `first_at` has the shape (groups, steps - 1).
    """

    groups: Groups
    first_at: Int64s


Memory = Nothing | Window | Deadlines | Chains


def no_memory(trigger: Trigger) -> Memory:
    """Give the empty memory with which a trigger starts."""
    groups = Groups(user=_ints32(), key=_ints32())
    match trigger:
        case EventTrigger():
            return Nothing(groups=groups)
        case CountTrigger() | SumTrigger():
            offsets = np.zeros(1, dtype=np.int64)
            return Window(
                groups=groups, offsets=offsets, times=_ints(), whole=_ints(), micro=_ints()
            )
        case AbsenceTrigger() | InactivityTrigger():
            return Deadlines(groups=groups, due_at=_ints(), row=_ints())
        case SequenceTrigger():
            chains = np.empty((0, len(trigger.steps) - 1), dtype=np.int64)
            return Chains(groups=groups, first_at=chains)


def _ints() -> Int64s:
    return np.empty(0, dtype=np.int64)


def _ints32() -> Int32s:
    return np.empty(0, dtype=np.int32)
