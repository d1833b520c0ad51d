"""Who was almost caught, and by how much they missed it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
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
)
from core.engine import measures
from core.engine.batches import MISSING, Bools, EventBatch, Float64s, Int64s
from core.engine.grouping import Selection
from core.engine.matching import amounts
from core.rehearsal.history import History, run_starts

LISTED = 200


class Miss(StrEnum):
    """In which way somebody was almost caught."""

    TOO_LATE = "too_late"  # did enough, but `by` µs too late
    TOO_FEW = "too_few"  # one event short; `by` is 1
    TOO_LITTLE = "too_little"  # the sum was short by `by`
    CAME_BACK = "came_back"  # ended the wait `by` µs before its end
    STILL_WAITING = "still_waiting"  # the history ends `by` µs before the wait does


@dataclass(frozen=True, slots=True, kw_only=True)
class NearMiss:
    """The closest that one person came: at which event (row) or time (µs), and what was lacking."""

    user: int
    key: str | None
    miss: Miss
    at: int
    row: int | None
    by: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NearMisses:
    """The nearest of the people who were not caught, and how many there are of each kind."""

    nearest: list[NearMiss]
    count_by_miss: dict[Miss, int]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Candidates:
    """One entry per group that came close: how, at which selected event, and what was lacking."""

    miss: Miss
    group: Int64s
    position: Int64s
    by: Float64s


def near_misses(
    trigger: Trigger, history: History, caught: Bools, audience: Bools | None
) -> NearMisses:
    """Find the people of the audience who came close but were not caught.

    `caught` and `audience` say so per user code.
    """
    wanted = ~caught if audience is None else audience & ~caught
    measure = _measure(trigger, history)

    def look(batch: EventBatch, selection: Selection) -> NearMisses:
        return _nearest(measure(selection, batch), selection, batch, wanted)

    found = history.map_selected(trigger, look)
    counts: dict[Miss, int] = {}
    for part in found:
        for miss, count in part.count_by_miss.items():
            counts[miss] = counts.get(miss, 0) + count
    nearest = sorted((m for part in found for m in part.nearest), key=_closeness)
    return NearMisses(nearest=nearest[:LISTED], count_by_miss=counts)


def _closeness(missed: NearMiss) -> tuple[int, float, int]:
    """Order: what lacked least first; people one event short after those who were only late."""
    return (_rank(missed.miss), missed.by, missed.user)


def _rank(miss: Miss) -> int:
    return 1 if miss is Miss.TOO_FEW else 0


Measure = Callable[[Selection, EventBatch], list[_Candidates]]


def _measure(trigger: Trigger, history: History) -> Measure:
    match trigger:
        case EventTrigger():
            return lambda selection, batch: []
        case CountTrigger():
            return lambda selection, batch: _count(trigger, selection)
        case SumTrigger():
            return lambda selection, batch: _sum(trigger, selection, batch)
        case AbsenceTrigger():
            return lambda selection, batch: _absence(trigger, selection, history.watermark)
        case InactivityTrigger():
            absence = trigger.as_absence()
            return lambda selection, batch: _absence(absence, selection, history.watermark)
        case SequenceTrigger():
            return lambda selection, batch: _sequence(trigger, selection)
        case _:
            assert_never(trigger)


def _count(trigger: CountTrigger, selection: Selection) -> list[_Candidates]:
    within = to_microseconds(trigger.within)
    spans, places = measures.shortest_spans(selection.times, selection.bounds, trigger.at_least)
    late = np.flatnonzero(places >= 0)
    few = np.flatnonzero(places < 0)
    most, peaks = measures.most_in_window(selection.times, selection.bounds, within)
    few = few[most[few] == trigger.at_least - 1]
    by = (spans[late] - within).astype(np.float64)
    return [
        _Candidates(miss=Miss.TOO_LATE, group=late, position=places[late], by=by),
        _Candidates(miss=Miss.TOO_FEW, group=few, position=peaks[few], by=np.ones(len(few))),
    ]


def _sum(trigger: SumTrigger, selection: Selection, batch: EventBatch) -> list[_Candidates]:
    _, whole, micro = amounts(batch.properties[trigger.property])
    whole, micro = whole[selection.index], micro[selection.index]
    within = to_microseconds(trigger.within)
    largest, places = measures.largest_sums(selection.times, whole, micro, selection.bounds, within)
    close = np.flatnonzero(largest >= trigger.at_least / 2)
    by = trigger.at_least - largest[close]
    return [_Candidates(miss=Miss.TOO_LITTLE, group=close, position=places[close], by=by)]


def _absence(trigger: AbsenceTrigger, selection: Selection, watermark: int) -> list[_Candidates]:
    within = to_microseconds(trigger.within)
    waits, enders, still = measures.longest_waits(
        selection.times,
        selection.bits,
        selection.bounds,
        within,
        trigger.anchor is Anchor.FIRST,
    )
    ended = np.flatnonzero(enders >= 0)
    waiting = np.flatnonzero(still >= 0)
    waiting = waiting[selection.times[still[waiting]] + within > watermark]
    left = (selection.times[still[waiting]] + within - watermark).astype(np.float64)
    came_back = (within - waits[ended]).astype(np.float64)
    return [
        _Candidates(miss=Miss.CAME_BACK, group=ended, position=enders[ended], by=came_back),
        _Candidates(miss=Miss.STILL_WAITING, group=waiting, position=still[waiting], by=left),
    ]


def _sequence(trigger: SequenceTrigger, selection: Selection) -> list[_Candidates]:
    within = to_microseconds(trigger.within)
    spans, places, nearly = measures.shortest_completions(
        selection.times, selection.bits, selection.bounds, len(trigger.steps), within
    )
    late = np.flatnonzero(places >= 0)
    few = np.flatnonzero((places < 0) & (nearly >= 0))
    by = (spans[late] - within).astype(np.float64)
    return [
        _Candidates(miss=Miss.TOO_LATE, group=late, position=places[late], by=by),
        _Candidates(miss=Miss.TOO_FEW, group=few, position=nearly[few], by=np.ones(len(few))),
    ]


def _nearest(
    found: Sequence[_Candidates], selection: Selection, batch: EventBatch, wanted: Bools
) -> NearMisses:
    """Keep the closest that each wanted person came, and list the closest of these."""
    if not found:
        return NearMisses(nearest=[], count_by_miss={})
    kind = np.concatenate([np.full(len(c.group), n) for n, c in enumerate(found)])
    rank = np.array([_rank(c.miss) for c in found])[kind]
    by = np.concatenate([c.by for c in found])
    position = np.concatenate([c.position for c in found])
    user = selection.user[selection.bounds[np.concatenate([c.group for c in found])]]
    keep = np.flatnonzero(wanted[user])
    keep = keep[np.lexsort((by[keep], rank[keep], user[keep]))]
    keep = keep[run_starts(user[keep])]
    nearest = keep[np.lexsort((user[keep], by[keep], rank[keep]))[:LISTED]]
    listed = [
        NearMiss(
            user=int(user[n]),
            key=_key(selection, int(position[n])),
            miss=found[kind[n]].miss,
            at=int(selection.times[position[n]]),
            row=int(batch.row[selection.index[position[n]]]),
            by=float(by[n]),
        )
        for n in nearest
    ]
    counts = np.bincount(kind[keep], minlength=len(found))
    return NearMisses(
        nearest=listed,
        count_by_miss={c.miss: int(count) for c, count in zip(found, counts, strict=True)},
    )


def _key(selection: Selection, position: int) -> str | None:
    code = int(selection.key[position])
    return None if code == MISSING else str(selection.key_texts[code])
