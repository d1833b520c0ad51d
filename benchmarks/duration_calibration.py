"""The forecast of a test's days, held against what simulated tests then needed.

Each test has eight weeks of history and a future drawn from the same world: a weekday pattern, and
the noise of that world. The forecast sees the history alone.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil

import numpy as np
from numpy.typing import NDArray

from core.stats.conversion import Arm, rate
from core.stats.duration import Duration, duration, traffic_of
from core.stats.intervals import IntervalEstimate, Reason

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
Bools = NDArray[np.bool_]

HISTORY_DAYS, FUTURE_DAYS = 56, 200
WINDOW = timedelta(days=3)
NEAR = 0.2
TESTS = 200
_MONDAY = date(2026, 1, 5)
_WEEK = 7


@dataclass(frozen=True, kw_only=True)
class DurationCalibration:
    """One world: how near the forecast came, over its tests.

    `near` is the share of tests whose forecast was within 20 % of the days they needed, `in_range`
    that of tests which needed as many days as the forecast's range says (nominally 90 %), both with
    Wilson's 95 % interval. `forecast_days` and `needed_days` have one entry per test.
    """

    world: str
    tests: int
    near: IntervalEstimate
    in_range: IntervalEstimate
    median_error: float
    forecast_days: Floats
    needed_days: Floats


@dataclass(frozen=True, kw_only=True)
class _Course:
    """People per day of history and future, and the gaps of the history; `fresh` as it came."""

    history: Counts
    gaps: Counts
    is_gap_known: Bools
    new_people: Counts  # on each day of the future, not having come in it before
    first_weekday: int


def duration_calibration(*, tests: int = TESTS, seed: int = 0) -> list[DurationCalibration]:
    """Simulate tests in each world; the same seed gives the same figures."""
    return [
        _calibrated(world, [_one(draw, seed, number) for number in range(tests)])
        for world, draw in WORLDS.items()
    ]


def _one(
    draw: Callable[[np.random.Generator], _Course], seed: int, number: int
) -> tuple[Duration, int]:
    """Give the forecast of one test and the days that it then needed."""
    random = np.random.default_rng([seed, number])
    course = draw(random)
    traffic = traffic_of(
        course.history,
        first_weekday=course.first_weekday,
        gaps=course.gaps,
        is_gap_known=course.is_gap_known,
    )
    assert not isinstance(traffic, Reason)  # somebody comes in every world
    came = course.new_people.cumsum()
    people = int(came[random.integers(_WEEK, 60)])
    starts_on = _MONDAY + timedelta(days=course.first_weekday + HISTORY_DAYS)
    forecast = duration(traffic, people_count=people, starts_on=starts_on, window=WINDOW)
    assert forecast is not None  # nobody needs ten years here
    return forecast, _needed(course.new_people, people)


def _needed(new_people: Counts, people_count: int) -> int:
    came = np.append(0, new_people.cumsum())
    exact = np.interp(people_count, came, np.arange(len(came)))
    return ceil(float(exact) + WINDOW / timedelta(days=1))


def _calibrated(world: str, found: list[tuple[Duration, int]]) -> DurationCalibration:
    forecast = np.array([each.days for each, _ in found], dtype=np.float64)
    needed = np.array([days for _, days in found], dtype=np.float64)
    error = forecast / needed - 1
    ranges = [(each.low_days, each.high_days, days) for each, days in found]
    inside = [(low or 0) <= days <= (high or np.inf) for low, high, days in ranges]
    return DurationCalibration(
        world=world,
        tests=len(found),
        near=_share(int((np.abs(error) <= NEAR).sum()), len(found)),
        in_range=_share(sum(inside), len(found)),
        median_error=float(np.median(error)),
        forecast_days=forecast,
        needed_days=needed,
    )


def _share(count: int, tests: int) -> IntervalEstimate:
    found = rate(Arm(name="tests", people_count=tests, goal_count=count))
    assert not isinstance(found, Reason)  # there is at least one test
    return found


def _means(random: np.random.Generator) -> tuple[Floats, int]:
    """Draw a level and a weekday pattern; give the mean of each day and the first weekday."""
    first = int(random.integers(_WEEK))
    factors = np.exp(random.normal(0, 0.3, _WEEK))
    level = float(np.exp(random.uniform(np.log(20), np.log(500))))
    days = (first + np.arange(HISTORY_DAYS + FUTURE_DAYS)) % _WEEK
    return level * factors[days] / factors.mean(), first


def _steady(random: np.random.Generator) -> _Course:
    """Nobody comes twice, and counts are Poisson around the weekday's mean."""
    means, first = _means(random)
    return _without_returns(random.poisson(means), first)


def _noisy(random: np.random.Generator) -> _Course:
    """Nobody comes twice; days differ by 20 %, and what lasts for days by another 15 %."""
    means, first = _means(random)
    own = random.gamma(25, 1 / 25, len(means))
    lasting = np.array(list(_lasting(random, len(means), kept=0.9, spread=0.15)))
    return _without_returns(random.poisson(means * own * np.exp(lasting)), first)


def _lasting(
    random: np.random.Generator, count: int, *, kept: float, spread: float
) -> Iterator[float]:
    value = random.normal(0, spread)
    for _ in range(count):
        yield value
        value = kept * value + random.normal(0, spread * (1 - kept**2) ** 0.5)


def _without_returns(counts: Counts, first_weekday: int) -> _Course:
    return _Course(
        history=counts[:HISTORY_DAYS],
        gaps=np.zeros(0, dtype=np.int64),
        is_gap_known=np.zeros(0, dtype=np.bool_),
        new_people=counts[HISTORY_DAYS:],
        first_weekday=first_weekday,
    )


def _returning(random: np.random.Generator) -> _Course:
    """The same 4,000 people come again and again, some of them much more often than others."""
    means, first = _means(random)
    each = random.gamma(0.5, 0.02, 4_000)
    chance = np.minimum(0.9, each[:, None] * (means / means.mean())[None, :])
    comes = random.random(chance.shape) < chance
    past, future = comes[:, :HISTORY_DAYS], comes[:, HISTORY_DAYS:]
    person, day = np.nonzero(past)
    is_known = np.append(False, person[1:] == person[:-1])
    gaps = np.where(is_known, np.diff(day, prepend=0), day)
    first_day = np.where(future.any(axis=1), future.argmax(axis=1), FUTURE_DAYS)
    return _Course(
        history=past.sum(axis=0),
        gaps=gaps,
        is_gap_known=is_known,
        new_people=np.bincount(first_day, minlength=FUTURE_DAYS + 1)[:FUTURE_DAYS],
        first_weekday=first,
    )


WORLDS: dict[str, Callable[[np.random.Generator], _Course]] = {
    "steady": _steady,
    "noisy": _noisy,
    "returning people": _returning,
}
