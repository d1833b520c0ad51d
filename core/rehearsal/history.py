"""A history held in memory, so that a trigger can be changed and seen again at once."""

import json
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from threading import Lock
from typing import TypeVar

import numpy as np

from core.domain.matchers import Matcher
from core.domain.triggers import SumTrigger, Trigger, matchers_of
from core.engine.batches import Bools, EventBatch, Int32s, Int64s
from core.engine.grouping import Selection
from core.engine.kernels import START
from core.engine.matching import matches
from core.engine.triggers import selection_of
from core.rehearsal.replay import map_in_order

R = TypeVar("R")

KEPT_SELECTIONS = 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class History:
    """All events of a period as batches of whole users; times in µs since 1970 UTC.

    `first_at` is the first event's time, `watermark` the time up to which all is known, and
    `user_count` the number of users of the dataset. The selections of the last triggers are kept:
    several questions about one trigger, and other windows of it, select the same events.
    """

    batches: Sequence[EventBatch]
    first_at: int
    watermark: int
    user_count: int
    _selections: OrderedDict[str, list[Selection]] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def map(self, function: Callable[[EventBatch], R]) -> list[R]:
        """Apply a function to all batches on all cores, results in order."""
        return list(map_in_order(function, self.batches))

    def map_selected(
        self, trigger: Trigger, function: Callable[[EventBatch, Selection], R]
    ) -> list[R]:
        """Apply a function to all batches with the events that matter to a trigger."""
        pairs = zip(self.batches, self._selected(trigger), strict=True)
        return list(map_in_order(lambda pair: function(*pair), pairs))

    def _selected(self, trigger: Trigger) -> list[Selection]:
        question = _selects(trigger)
        with self._lock:
            if question not in self._selections:
                self._selections[question] = self.map(partial(selection_of, trigger))
            self._selections.move_to_end(question)
            while len(self._selections) > KEPT_SELECTIONS:
                self._selections.popitem(last=False)
            return self._selections[question]


def _selects(trigger: Trigger) -> str:
    """Write down what decides which events a trigger selects: all but windows and thresholds."""
    matchers = [matcher.model_dump_json() for matcher in matchers_of(trigger)]
    summed = trigger.property if isinstance(trigger, SumTrigger) else None
    return json.dumps([trigger.kind, trigger.key, summed, matchers])


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
        first = np.flatnonzero(run_starts(self.user))
        return Occurrences(user=self.user[first], at=self.at[first], row=self.row[first])

    def of_users(self, is_wanted: Bools) -> "Occurrences":
        """Keep the events of the users (by code) that are wanted."""
        keep = is_wanted[self.user]
        return Occurrences(user=self.user[keep], at=self.at[keep], row=self.row[keep])


def occurrences(matcher: Matcher, history: History) -> Occurrences:
    """Find all events of a history that match."""

    def find(batch: EventBatch) -> tuple[Int32s, Int64s, Int64s]:
        index = np.flatnonzero(matches(matcher, batch))
        return batch.user[index], batch.timestamp[index], batch.row[index]

    return _together(history.map(find))


def first_starts(trigger: Trigger, history: History) -> Occurrences:
    """Find for each person the first event that began what the trigger is about, key and all."""

    def find(batch: EventBatch, selection: Selection) -> tuple[Int32s, Int64s, Int64s]:
        index = selection.index[selection.bits & START != 0]
        begins = np.flatnonzero(run_starts(batch.user[index]))
        first = np.minimum.reduceat(index, begins) if len(begins) else index
        return batch.user[first], batch.timestamp[first], batch.row[first]

    return _together(history.map_selected(trigger, find))


def run_starts(user: Int32s) -> Bools:
    """Say where each user's run begins in an array in which users stand together."""
    is_first = np.ones(len(user), dtype=np.bool_)
    is_first[1:] = user[1:] != user[:-1]
    return is_first


def _together(parts: Sequence[tuple[Int32s, Int64s, Int64s]]) -> Occurrences:
    return Occurrences(
        user=np.concatenate([np.empty(0, np.int32), *(part[0] for part in parts)]),
        at=np.concatenate([np.empty(0, np.int64), *(part[1] for part in parts)]),
        row=np.concatenate([np.empty(0, np.int64), *(part[2] for part in parts)]),
    )
