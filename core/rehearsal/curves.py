"""How many people other windows and thresholds would catch: the real engine, run for each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import assert_never

import numpy as np

from core.domain.durations import parse_duration
from core.domain.triggers import (
    AbsenceTrigger,
    CountTrigger,
    EventTrigger,
    InactivityTrigger,
    SequenceTrigger,
    SumTrigger,
    Trigger,
)
from core.engine.batches import Bools, EventBatch
from core.engine.grouping import Selection
from core.engine.triggers import replayed
from core.rehearsal.history import History

_STEPS = ("1h", "2h", "4h", "8h", "12h", "24h", "36h", "48h", "72h", "5d", "7d", "14d", "30d")
_SHORT_STEPS = ("5m", "10m", "15m", "30m", "1h", "2h", "4h", "8h", "12h", "24h", "48h")


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvePoint:
    """The people a trigger would catch with one other setting; `is_current` marks its own."""

    setting: timedelta | float
    people_count: int
    is_current: bool


def window_of(trigger: Trigger) -> timedelta | None:
    """Give the trigger's window or wait, if its kind has one."""
    match trigger:
        case EventTrigger():
            return None
        case InactivityTrigger():
            return trigger.for_
        case CountTrigger() | SumTrigger() | AbsenceTrigger() | SequenceTrigger():
            return trigger.within
        case _:
            assert_never(trigger)


def with_window(trigger: Trigger, window: timedelta) -> Trigger:
    """Give the same trigger with another window or wait."""
    if isinstance(trigger, EventTrigger):
        raise ValueError("an event trigger has no window")
    field = "for_" if isinstance(trigger, InactivityTrigger) else "within"
    return trigger.model_copy(update={field: window})


def people_by_window(
    trigger: Trigger, history: History, audience: Bools | None
) -> list[CurvePoint]:
    """Count the people caught for windows around the trigger's own; none for an event trigger."""
    current = window_of(trigger)
    if current is None:
        return []
    windows = _windows_around(current)
    counts = _people([with_window(trigger, w) for w in windows], history, audience)
    return [
        CurvePoint(setting=window, people_count=count, is_current=window == current)
        for window, count in zip(windows, counts, strict=True)
    ]


def people_by_threshold(
    trigger: Trigger, history: History, audience: Bools | None
) -> list[CurvePoint]:
    """Count the people caught for other thresholds of a count or a sum; none for other kinds."""
    if not isinstance(trigger, CountTrigger | SumTrigger):
        return []
    thresholds = _thresholds_around(trigger)
    variants = [trigger.model_copy(update={"at_least": value}) for value in thresholds]
    counts = _people(variants, history, audience)
    return [
        CurvePoint(setting=value, people_count=count, is_current=value == trigger.at_least)
        for value, count in zip(thresholds, counts, strict=True)
    ]


def _people(variants: Sequence[Trigger], history: History, audience: Bools | None) -> list[int]:
    """Count the people with a firing for each variant; all variants select the same events."""

    def count(batch: EventBatch, selection: Selection) -> list[int]:
        counts = []
        for variant in variants:
            fired = np.zeros(history.user_count, dtype=np.bool_)
            fired[replayed(variant, batch, selection, history.watermark).user] = True
            counts.append(int((fired if audience is None else fired & audience).sum()))
        return counts

    parts = history.map_selected(variants[0], count)
    return [sum(column) for column in zip(*parts, strict=True)] or [0] * len(variants)


def _windows_around(current: timedelta) -> list[timedelta]:
    steps = [parse_duration(text) for text in {*_STEPS, *_SHORT_STEPS}]
    near = [step for step in steps if current / 8 <= step <= current * 8]
    return sorted({current, *near})


def _thresholds_around(trigger: CountTrigger | SumTrigger) -> list[float]:
    if isinstance(trigger, CountTrigger):
        return list(range(max(1, trigger.at_least - 4), trigger.at_least + 6))
    shares = (0.25, 0.5, 0.75, 0.9, 1.0, 1.1, 1.25, 1.5, 2.0, 3.0)
    return sorted({trigger.at_least * share for share in shares})
