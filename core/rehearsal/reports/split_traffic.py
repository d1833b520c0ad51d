"""What a history says about a split before its test: who comes, when, and what they do anyway.

People count by their first time at the split (6.3). Nobody was e-mailed, so that those whom the
rehearsal held out count as well: a plan has a holdout of its own.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from core.domain.durations import to_microseconds
from core.domain.errors import UnusableInput
from core.domain.matchers import Matcher
from core.domain.steps import SplitStep
from core.domain.values import as_number
from core.engine.batches import Bools, EventBatch, Float64s, Int32s, Int64s, PropertyColumn
from core.engine.ledger import Int8s
from core.engine.matching import matches
from core.engine.memory import NEVER
from core.rehearsal.history import run_starts
from core.rehearsal.outcome import Outcome
from core.rehearsal.reports.timing import local_days, warm_up
from core.rehearsal.reports.visits import step_numbers, visits_of

_LAST = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Exposures:
    """Every time that somebody came to the split, by user and time; `variant` as rehearsed."""

    user: Int32s
    at: Int64s
    variant: Int8s
    is_held_out: Bools

    def __len__(self) -> int:
        """Count the times."""
        return len(self.user)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SplitDays:
    """People who came to the split on each local day, and when they had come before.

    `counts` are of the days from `first` to before `end`: whole ones on which people come as they
    will later, for the trigger knows enough of the past (all whole days, and `is_warm` False, where
    the history is too short for that). `gaps` and `is_gap_known` (shape: people and days of those
    together) say how many days before somebody had last come, or had certainly not come.
    """

    days: Sequence[date]
    counts: Int64s
    is_warm: bool
    gaps: Int64s
    is_gap_known: Bools


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRate:
    """How many people did something at least once within the window after they came."""

    event: str
    people_count: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExposedHistory:
    """Everybody who came to a split, in the order of their first time there (shape: people).

    `user` is the dataset's code. Times are µs since 1970 UTC: `goal_at` is the first goal later
    than the exposure and within the window, else NEVER; `is_decided` says whose window had ended by
    the end of the history (7.3). `value` is the money of all goals within the window,
    `value_before` that of all before the exposure; None where goals have no value. `events` are
    what decided people did within the window, most frequent first.
    """

    campaign: str
    split: str
    variants: tuple[str, ...]
    timezone: str
    window: timedelta
    user: Int32s
    exposed_at: Int64s
    variant: Int8s
    is_held_out: Bools
    is_decided: Bools
    goal_at: Int64s
    value: Float64s | None
    value_before: Float64s | None
    days: SplitDays
    events: tuple[EventRate, ...]

    def __len__(self) -> int:
        """Count the people."""
        return len(self.user)

    @property
    def is_goal(self) -> Bools:
        """Say who reached the goal within the window."""
        return np.asarray(self.goal_at != NEVER)


def exposures_of(outcome: Outcome, place: int, split: str) -> Exposures:
    """Find all times at a split; raises UnusableInput where the campaign has no such split."""
    step = split_of(outcome, place, split)
    visits, enrolments = visits_of(outcome), outcome.enrolments
    number = step_numbers(outcome.campaigns).of(place).start
    number += outcome.campaigns[place].steps.index(step)
    here = np.flatnonzero(visits.step == number)
    enrolment, at = visits.enrolment[here], visits.arrived_at[here]
    user = enrolments.user[enrolment]
    order = np.lexsort((at, user))
    return Exposures(
        user=user[order],
        at=at[order],
        variant=visits.way[here][order].astype(np.int8),
        is_held_out=enrolments.is_held_out[enrolment[order]],
    )


def split_of(outcome: Outcome, place: int, split: str) -> SplitStep:
    """Find a split; raises UnusableInput where the campaign has none of that name."""
    campaign = outcome.campaigns[place]
    step = next((step for step in campaign.steps if step.id == split), None)
    if not isinstance(step, SplitStep):
        raise UnusableInput(f"The campaign {campaign.name!r} has no split called {split!r}.")
    return step


def exposed_history(
    outcome: Outcome,
    place: int,
    split: str,
    batches: Iterable[EventBatch],
    goal: Matcher,
    *,
    window: timedelta,
    value: str | None = None,
    since: int | None = None,
) -> ExposedHistory:
    """Follow the people of a split through the events of their history.

    `batches` hold all events up to the watermark, with the columns that the goal reads and that of
    the path `value`. Nobody entered before `since` (µs). Raises UnusableInput without such a split.
    """
    exposures = exposures_of(outcome, place, split)
    first = np.flatnonzero(run_starts(exposures.user))
    first = first[np.argsort(exposures.at[first], kind="stable")]
    user, exposed_at = exposures.user[first], exposures.at[first]
    ends_at = exposed_at + to_microseconds(window)
    is_decided = ends_at <= outcome.watermark
    followed = _Followed(user, exposed_at, ends_at, is_decided, outcome.user_count)
    for batch in batches if len(user) else ():
        followed.see(batch, goal, value)
    return ExposedHistory(
        campaign=outcome.campaigns[place].name,
        split=split,
        variants=tuple(variant.name for variant in split_of(outcome, place, split).variants),
        timezone=outcome.campaigns[place].timezone,
        window=window,
        user=user,
        exposed_at=exposed_at,
        variant=exposures.variant[first],
        is_held_out=exposures.is_held_out[first],
        is_decided=is_decided,
        goal_at=followed.goal_at(),
        value=None if value is None else followed.within,
        value_before=None if value is None else followed.before,
        days=split_days(outcome, place, split, exposures, since=since),
        events=followed.events(),
    )


def split_days(
    outcome: Outcome, place: int, split: str, exposures: Exposures, *, since: int | None = None
) -> SplitDays:
    """Count people per local day of the campaign's time zone, each once a day."""
    campaign = outcome.campaigns[place]
    begin = max(outcome.first_at, since or outcome.first_at)
    days, starts = local_days(begin, outcome.watermark, ZoneInfo(campaign.timezone))
    warm_at = max(begin, outcome.first_at + to_microseconds(warm_up(campaign, split)))
    end = len(days) if outcome.watermark + 1 >= starts[-1] else len(days) - 1
    whole, warm = (int(np.searchsorted(starts, at)) for at in (begin, warm_at))
    is_warm = warm < end
    first = min(warm if is_warm else whole, end)
    user, day = _person_days(exposures.user, np.searchsorted(starts, exposures.at, "right") - 1)
    gap, is_known = _gaps(user, day, first)
    usable = (day >= first) & (day < end)
    return SplitDays(
        days=days[first:end],
        counts=np.bincount(day[usable] - first, minlength=end - first),
        is_warm=is_warm,
        gaps=gap[usable],
        is_gap_known=is_known[usable],
    )


class _Followed:
    """What people did since they came to the split, event by event; `slot` finds their place."""

    def __init__(
        self,
        user: Int32s,
        exposed_at: Int64s,
        ends_at: Int64s,
        is_decided: Bools,
        user_count: int,
    ) -> None:
        self._exposed_at, self._ends_at, self._is_decided = exposed_at, ends_at, is_decided
        self._slot = np.full(user_count, -1, dtype=np.int64)
        self._slot[user] = np.arange(len(user))
        self._goal_at = np.full(len(user), _LAST, dtype=np.int64)
        self.within, self.before = np.zeros(len(user)), np.zeros(len(user))
        self._counts: dict[str, int] = {}

    def see(self, batch: EventBatch, goal: Matcher, value: str | None) -> None:
        """Take the events of a batch of whole users."""
        place = self._slot[batch.user]
        known = place >= 0
        at = batch.timestamp
        is_after = known & (at > self._exposed_at[place]) & (at <= self._ends_at[place])
        is_goal = matches(goal, batch)
        goals = np.flatnonzero(is_after & is_goal)
        np.minimum.at(self._goal_at, place[goals], at[goals])
        if value is not None:
            amount = _amounts(batch.properties[value])
            self.within += self._summed(place[goals], amount[goals])
            earlier = np.flatnonzero(known & is_goal & (at <= self._exposed_at[place]))
            self.before += self._summed(place[earlier], amount[earlier])
        self._count_names(batch, place, is_after)

    def goal_at(self) -> Int64s:
        """Give the first goals, NEVER without one."""
        return np.where(self._goal_at == _LAST, NEVER, self._goal_at)

    def events(self) -> tuple[EventRate, ...]:
        """List what decided people did, most frequent first."""
        ordered = sorted(self._counts.items(), key=lambda item: (-item[1], item[0]))
        return tuple(EventRate(event=name, people_count=count) for name, count in ordered if count)

    def _summed(self, place: Int64s, amount: Float64s) -> Float64s:
        total = np.bincount(place, weights=amount, minlength=len(self.within))
        return np.asarray(total, dtype=np.float64)

    def _count_names(self, batch: EventBatch, place: Int64s, is_after: Bools) -> None:
        """Count each person once per name; a batch holds whole users."""
        counted = np.flatnonzero(is_after & self._is_decided[place])
        if len(counted) == 0:
            return
        size = len(batch.names)
        pairs = np.unique(place[counted] * size + batch.name[counted])
        for name, count in zip(
            batch.names, np.bincount(pairs % size, minlength=size).tolist(), strict=True
        ):
            self._counts[name] = self._counts.get(name, 0) + count


def _amounts(column: PropertyColumn) -> Float64s:
    """Give the finite number of each event, 0 where there is none."""
    numbers = [as_number(value) for value in column.values]
    lookup = [0.0 if number is None else float(number) for number in numbers]
    return np.array([*lookup, 0.0])[column.codes]


def _person_days(user: Int32s, day: NDArray[np.intp]) -> tuple[Int32s, Int64s]:
    """Give each day of each person once; both sorted by (user, day)."""
    is_first = run_starts(user)
    is_first[1:] |= day[1:] != day[:-1]
    return user[is_first], day[is_first].astype(np.int64)


def _gaps(user: Int32s, day: Int64s, first: int) -> tuple[Int64s, Bools]:
    """Give the days since the same person's last day, or since the days are counted."""
    is_known = ~run_starts(user)
    gap = day - first
    gap[1:] = np.where(is_known[1:], day[1:] - day[:-1], gap[1:])
    return gap, is_known
