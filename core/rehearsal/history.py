"""A history held in memory, so that a trigger can be changed and seen again at once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from core.domain.matchers import Matcher
from core.domain.triggers import Trigger
from core.engine.batches import Bools, EventBatch, Int32s, Int64s
from core.engine.kernels import START
from core.engine.matching import matches
from core.engine.triggers import selection_of
from core.rehearsal.replay import map_in_order

R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class History:
    """All events of a period as batches of whole users; times in µs since 1970 UTC.

    `first_at` is the first event's time, `watermark` the time up to which all is known, and
    `user_count` the number of users of the dataset.
    """

    batches: Sequence[EventBatch]
    first_at: int
    watermark: int
    user_count: int

    def map(self, function: Callable[[EventBatch], R]) -> list[R]:
        """Apply a function to all batches on all cores, results in order."""
        return list(map_in_order(function, self.batches))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Occurrences:
    """Events that match something: user, time and row, sorted by (user, time, row)."""

    user: Int32s
    at: Int64s
    row: Int64s

    def __len__(self) -> int:
        """Count the events."""
        return len(self.user)

    def first_per_user(self) -> "Occurrences":
        """Keep the first event of each user."""
        _, first = np.unique(self.user, return_index=True)
        return Occurrences(user=self.user[first], at=self.at[first], row=self.row[first])

    def of_users(self, is_wanted: Bools) -> "Occurrences":
        """Keep the events of the users (by code) that are wanted."""
        keep = is_wanted[self.user]
        return Occurrences(user=self.user[keep], at=self.at[keep], row=self.row[keep])


def occurrences(matcher: Matcher, history: History) -> Occurrences:
    """Find all events of a history that match."""
    return _found(history, lambda batch: np.flatnonzero(matches(matcher, batch)))


def starts_of(trigger: Trigger, history: History) -> Occurrences:
    """Find all events with which somebody began what the trigger is about (key and all)."""

    def find(batch: EventBatch) -> Int64s:
        selection = selection_of(trigger, batch)
        return np.sort(selection.index[selection.bits & START != 0])

    return _found(history, find)


def _found(history: History, find: Callable[[EventBatch], Int64s]) -> Occurrences:
    def look(batch: EventBatch) -> tuple[Int32s, Int64s, Int64s]:
        index = find(batch)
        return batch.user[index], batch.timestamp[index], batch.row[index]

    found = history.map(look)
    return Occurrences(
        user=np.concatenate([np.empty(0, np.int32), *(part[0] for part in found)]),
        at=np.concatenate([np.empty(0, np.int64), *(part[1] for part in found)]),
        row=np.concatenate([np.empty(0, np.int64), *(part[2] for part in found)]),
    )
