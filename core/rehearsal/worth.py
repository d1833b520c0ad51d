"""What being caught says about a person: natural conversion, compared and over time (7.1 to 7.3).

Nobody was e-mailed in the history as far as the replay knows, so these figures say who would have
bought anyway. They prove no uplift.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from core.domain.durations import to_microseconds
from core.domain.matchers import Matcher
from core.domain.triggers import (
    AbsenceTrigger,
    InactivityTrigger,
    Trigger,
)
from core.engine import measures
from core.engine.batches import Bools, Float64s, Int64s
from core.engine.measures import NOT_YET
from core.rehearsal.curves import window_of
from core.rehearsal.history import History, Occurrences, first_starts, occurrences
from core.rehearsal.replay import CampaignReplay

HORIZONS = (timedelta(days=1), timedelta(days=3), timedelta(days=7))
_MICROSECONDS_PER_HOUR = 3_600_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Converted:
    """People who reached the goal within the horizon after their moment.

    `people_count` are those whose horizon ended before the watermark; the others are censored.
    """

    horizon: timedelta
    goal_count: int
    people_count: int
    censored_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseRate:
    """The average share of time in which a goal of a person lay within the horizon ahead.

    Both figures are None where the history is too short, or has too few people, to tell.
    """

    horizon: timedelta
    rate: float | None
    standard_error: float | None
    people_count: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Waiting:
    """Hours from each person's first start event to the goal, or to the end of the history.

    `is_goal` is False for the latter (censored).
    """

    hours: Float64s
    is_goal: Bools


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Worth:
    """Natural conversion of the caught, of those who began but were not caught, and of all."""

    caught: Sequence[Converted]
    not_caught: Sequence[Converted]
    everybody: Sequence[BaseRate]
    waiting: Waiting


def worth_of(
    replayed: CampaignReplay, goal: Matcher, history: History, audience: Bools | None
) -> Worth:
    """Measure what the people a trigger caught did anyway.

    A caught person counts once, from the first admitted firing. Somebody not caught counts from the
    first start event, plus the trigger's wait if it waits, so that both clocks start alike.
    """
    trigger = replayed.campaign.trigger
    goals = occurrences(goal, history)
    starts = first_starts(trigger, history)
    if audience is not None:
        starts = starts.of_users(audience)
    was_caught = replayed.people(history.user_count)
    by_timer = isinstance(trigger, AbsenceTrigger | InactivityTrigger)
    return Worth(
        caught=_converted(_first_admitted(replayed), goals, history, by_row=not by_timer),
        not_caught=_converted(
            _after_wait(starts.of_users(~was_caught), trigger), goals, history, by_row=not by_timer
        ),
        everybody=[_base_rate(goals, history, horizon) for horizon in HORIZONS],
        waiting=_waiting(starts, goals, history),
    )


def _first_admitted(replayed: CampaignReplay) -> Occurrences:
    keep = replayed.is_enrolled
    admitted = Occurrences(
        user=replayed.user[keep], at=replayed.fired_at[keep], row=replayed.row[keep]
    )
    return admitted.first_per_user()


def _after_wait(starts: Occurrences, trigger: Trigger) -> Occurrences:
    wait = window_of(trigger)
    if wait is None or not isinstance(trigger, AbsenceTrigger | InactivityTrigger):
        return starts
    return Occurrences(user=starts.user, at=starts.at + to_microseconds(wait), row=starts.row)


def _converted(
    moments: Occurrences, goals: Occurrences, history: History, *, by_row: bool
) -> list[Converted]:
    goal_at = _next_goal(moments, goals, by_row=by_row)
    return [_within(horizon, moments.at, goal_at, history.watermark) for horizon in HORIZONS]


def _within(horizon: timedelta, at: Int64s, goal_at: Int64s, watermark: int) -> Converted:
    length = to_microseconds(horizon)
    is_known = at + length <= watermark
    in_time = is_known & (goal_at != NOT_YET) & (goal_at - at <= length)
    return Converted(
        horizon=horizon,
        goal_count=int(in_time.sum()),
        people_count=int(is_known.sum()),
        censored_count=int((~is_known).sum()),
    )


def _next_goal(moments: Occurrences, goals: Occurrences, *, by_row: bool) -> Int64s:
    """Find each moment's next goal: later in the order of events, or later than the timer."""
    moment = moments.row if by_row else moments.at
    goal_moment = goals.row if by_row else goals.at
    return measures.next_after(moments.user, moment, goals.user, goal_moment, goals.at)


def _base_rate(goals: Occurrences, history: History, horizon: timedelta) -> BaseRate:
    length = to_microseconds(horizon)
    end = history.watermark - length
    people = history.user_count
    if end <= history.first_at or people < 2:
        return BaseRate(horizon=horizon, rate=None, standard_error=None, people_count=people)
    total, squares = measures.covered_shares(goals.user, goals.at, history.first_at, end, length)
    mean = total / people
    variance = max(0.0, squares / people - mean * mean) * people / (people - 1)
    return BaseRate(
        horizon=horizon,
        rate=mean,
        standard_error=float(np.sqrt(variance / people)),
        people_count=people,
    )


def _waiting(starts: Occurrences, goals: Occurrences, history: History) -> Waiting:
    goal_at = _next_goal(starts, goals, by_row=True)
    is_goal = goal_at != NOT_YET
    until = np.where(is_goal, goal_at, history.watermark)
    return Waiting(hours=(until - starts.at) / _MICROSECONDS_PER_HOUR, is_goal=is_goal)
