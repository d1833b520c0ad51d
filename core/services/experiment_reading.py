"""A test read at one moment: whose window is over, under which weights each person came."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from core.domain.experiments import Experiment, ExperimentSettings
from core.domain.instants import as_microseconds
from core.engine.batches import Bools, Int64s
from core.services.experiment_people import (
    ExposedPeople,
    GoalColumn,
    Int8s,
    SegmentColumn,
    until_end,
)
from core.stats.conversion import Arm, rate
from core.stats.intervals import IntervalEstimate, Reason

DAY = 86_400_000_000  # µs


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmCount:
    """People of one variant whose window is over, and how many of them reached the goal.

    `rate` is their share with Wilson's interval (see `core.stats.conversion.rate`).
    """

    name: str
    people_count: int
    goal_count: int
    rate: IntervalEstimate | Reason


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reading:
    """People as they are known at `now` (µs), and the weights under which they came.

    `is_decided`: their window is over, so that they count (7.3). `period` is the place of each
    person's weights in `weights`. `is_compared` are the decided people of one period only, the one
    with most of them: pooled over periods the variants would have met different days.
    """

    people: ExposedPeople
    settings: ExperimentSettings
    now: int
    is_decided: Bools
    period: Int64s
    weights: tuple[tuple[float, ...], ...]
    changed_at: tuple[datetime, ...]
    is_compared: Bools

    @property
    def is_mixed(self) -> bool:
        """Say whether decided people came under different weights."""
        return bool((self.is_decided & ~self.is_compared).any())

    def arms(self, goal: GoalColumn, among: Bools | None = None) -> list[Arm]:
        """Count the people who are compared, and of `among`, if given, per variant."""
        chosen = self.is_compared if among is None else self.is_compared & among
        return self.arms_of(goal.is_reached, chosen)

    def arms_of(self, is_reached: Bools, chosen: Bools) -> list[Arm]:
        """Count chosen people per variant, and those of them who reached something."""
        count = len(self.settings.variants)
        people = np.bincount(self.people.variant[chosen], minlength=count)
        goals = np.bincount(self.people.variant[chosen & is_reached], minlength=count)
        return [
            Arm(name=v.name, people_count=int(n), goal_count=int(k), weight=v.weight)
            for v, n, k in zip(self.settings.variants, people, goals, strict=True)
        ]

    def against_control(self, arms: Sequence[Arm]) -> tuple[Arm, list[Arm]]:
        """Part the control from the other variants."""
        place = self.settings.control_place
        return arms[place], [arm for n, arm in enumerate(arms) if n != place]


def read_people(
    people: ExposedPeople,
    settings: ExperimentSettings,
    *,
    now: datetime,
    experiment: Experiment | None = None,
) -> Reading:
    """Read people at a moment; who came after the end of the test is left out, and counted."""
    at = as_microseconds(now)
    if experiment is not None and experiment.ended_at is not None:
        people = until_end(people, as_microseconds(experiment.ended_at))
    periods = () if experiment is None else experiment.weight_periods
    starts = np.array([as_microseconds(p.from_at) for p in periods[1:]], dtype=np.int64)
    weights = tuple(p.weights for p in periods) or (settings.weights,)
    period = np.searchsorted(starts, people.exposed_at, side="right")
    is_decided = people.window_ends_at <= at
    alike, weights = _alike(period, weights)
    sizes = np.bincount(alike[is_decided], minlength=len(weights))
    return Reading(
        people=people,
        settings=settings,
        now=at,
        is_decided=is_decided,
        period=alike,
        weights=weights,
        changed_at=tuple(p.from_at for p in periods[1:]),
        is_compared=is_decided & (alike == int(sizes.argmax())),
    )


def counts_of(arms: Sequence[Arm]) -> tuple[ArmCount, ...]:
    """Give each arm's counts with its rate."""
    return tuple(
        ArmCount(
            name=arm.name, people_count=arm.people_count, goal_count=arm.goal_count, rate=rate(arm)
        )
        for arm in arms
    )


def variant_share(weights: Sequence[float], control: int, variant: int) -> float:
    """Give the share by design of a variant among it and the control."""
    return weights[variant] / (weights[variant] + weights[control])


def table(reading: Reading, column: SegmentColumn, chosen: Bools) -> Int64s:
    """Count chosen people (shape: labels, variants)."""
    labels, variants = len(column.labels), len(reading.settings.variants)
    known = chosen & (column.code >= 0)
    cell = column.code[known].astype(np.int64) * variants + reading.people.variant[known]
    return np.bincount(cell, minlength=labels * variants).reshape(labels, variants)


def only_of(variant: Int8s, *places: int) -> Bools:
    """Say who is in one of some variants."""
    return np.isin(variant, places)


def _alike(
    period: Int64s, weights: tuple[tuple[float, ...], ...]
) -> tuple[Int64s, tuple[tuple[float, ...], ...]]:
    """Number periods of the same shares alike: going back to them changes nothing."""
    shares = [tuple(round(w / sum(given), 12) for w in given) for given in weights]
    distinct = list(dict.fromkeys(shares))
    place = np.array([distinct.index(share) for share in shares], dtype=np.int64)
    return place[period], tuple(weights[shares.index(share)] for share in distinct)
