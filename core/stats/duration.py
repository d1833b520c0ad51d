"""How long it takes until enough people came to a split, walking through the weeks ahead.

People count once, at their first time in the test: whoever comes every week is new on the first
days only. So a day's visitors are multiplied by the share of them who have not come since the start
of the test, which falls with every day.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil

import numpy as np
from numpy.typing import NDArray
from scipy.stats import CensoredData, ecdf, t

from core.stats.forecast import LEAST_DAYS, forecast
from core.stats.intervals import IntervalEstimate, Reason

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
Bools = NDArray[np.bool_]

CONFIDENCE = 0.95
LONGEST_DAYS = 3650
_WEEK = 7
_DAY = timedelta(days=1)
_LONGEST_FORECAST = 28  # the level matters then, and longer ones take seconds
_LEAST_AT_RISK = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekdayTraffic:
    """People on days of one weekday (0 is Monday), with a 95 % interval of their mean.

    `factor` is the mean as a multiple of an average day's. Without such a day all three are those
    of the average day.
    """

    weekday: int
    day_count: int
    mean: float
    low: float
    high: float
    factor: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Traffic:
    """Who comes to a split: people per day, by weekday, and how many of them come again.

    `fresh` (shape: days of a test) is the share of a day's people who have not come since the test
    began, 1 on the first day; after its end it stays as it is. `dispersion` is the variance of the
    counts of days as a multiple of Poisson's, at least 1. `has_weekdays` is False with fewer than
    two weeks, when all weekdays are taken alike. `day_counts` are the days it was learnt from.
    """

    per_day: IntervalEstimate
    weekdays: tuple[WeekdayTraffic, ...]
    has_weekdays: bool
    fresh: Floats
    dispersion: float
    day_count: int
    person_day_count: int
    day_counts: Counts
    first_weekday: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Duration:
    """Days from the start of the test until the windows of enough people have ended.

    `exposure_days` of them until enough people came. `low_days` to `high_days` holds the true
    number in 90 of 100 cases, as far as the past tells the future; None with less than two weeks of
    it. `ends_on` is the day on which the result can be read.
    """

    days: int
    exposure_days: int
    window_days: float
    low_days: int | None
    high_days: int | None
    ends_on: date


def traffic_of(
    day_counts: Counts, *, first_weekday: int, gaps: Counts, is_gap_known: Bools
) -> Traffic | Reason:
    """Learn the traffic from whole days; a reason if nobody came on any of them.

    `day_counts` are people per day, each counted once a day. `gaps` (shape: people and days
    together) says how many days before the same person had come last, or, where `is_gap_known` is
    False, for how many days before they had certainly not come.
    """
    if len(day_counts) == 0 or day_counts.sum() == 0:
        return Reason.NO_PEOPLE
    has_weekdays = len(day_counts) >= 2 * _WEEK
    weekday = (first_weekday + np.arange(len(day_counts))) % _WEEK
    group = weekday if has_weekdays else np.zeros_like(weekday)
    group_count = _WEEK if has_weekdays else 1
    sizes = np.bincount(group, minlength=group_count)
    means = np.bincount(group, weights=day_counts, minlength=group_count) / sizes
    dispersion = _dispersion(day_counts, means[group], len(day_counts) - group_count)
    mean = float(means.mean())
    freedom = max(1, len(day_counts) - group_count)
    low, high = _mean_interval(mean, len(day_counts), dispersion, freedom)
    return Traffic(
        per_day=IntervalEstimate(value=mean, low=low, high=high, confidence=CONFIDENCE),
        weekdays=tuple(
            _weekday(n, weekday, float(means[n if has_weekdays else 0]), mean, dispersion, freedom)
            for n in range(_WEEK)
        ),
        has_weekdays=has_weekdays,
        fresh=_fresh(gaps, is_gap_known),
        dispersion=dispersion,
        day_count=len(day_counts),
        person_day_count=int(day_counts.sum()),
        day_counts=day_counts,
        first_weekday=first_weekday,
    )


def people_by_day(
    traffic: Traffic, *, starts_on: date, days: int, share_exposed: float = 1.0
) -> Floats:
    """Give how many people will have come by the end of each day of a test (shape: days).

    `share_exposed` is the part of all people that the test takes: 1 minus the holdout.
    """
    day = np.arange(days)
    factors = np.array([weekday.factor for weekday in traffic.weekdays])
    fresh = traffic.fresh[np.minimum(day, len(traffic.fresh) - 1)]
    each = traffic.per_day.value * factors[(starts_on.weekday() + day) % _WEEK] * fresh
    return np.asarray(np.cumsum(each) * share_exposed)


def duration(
    traffic: Traffic,
    *,
    people_count: int,
    starts_on: date,
    window: timedelta,
    share_exposed: float = 1.0,
    with_range: bool = True,
) -> Duration | None:
    """Give how long a test takes that starts at the beginning of a day; None over ten years.

    Until enough people came, plus the window, which the last of them must finish.
    """
    came = people_by_day(
        traffic, starts_on=starts_on, days=LONGEST_DAYS, share_exposed=share_exposed
    )
    exact = _day_reached(came, people_count)
    if exact is None:
        return None
    low, high = _range(traffic, came, exact, people_count) if with_range else (None, None)
    window_days = window / _DAY
    days = ceil(exact + window_days)
    return Duration(
        days=days,
        exposure_days=ceil(exact),
        window_days=window_days,
        low_days=None if low is None else ceil(low + window_days),
        high_days=None if high is None else ceil(high + window_days),
        ends_on=starts_on + timedelta(days=days),
    )


def people_done_by(
    traffic: Traffic,
    days: Sequence[int],
    *,
    starts_on: date,
    window: timedelta,
    share_exposed: float = 1.0,
) -> list[float]:
    """Give for each number of days how many people came so early that their window has ended."""
    longest = max([1, *days])
    came = people_by_day(traffic, starts_on=starts_on, days=longest, share_exposed=share_exposed)
    points = np.arange(longest + 1)
    exposed_until = np.maximum(0.0, np.asarray(days, dtype=np.float64) - window / _DAY)
    return [float(count) for count in np.interp(exposed_until, points, np.append(0.0, came))]


def _weekday(
    n: int, weekday: Counts, mean: float, average: float, dispersion: float, freedom: int
) -> WeekdayTraffic:
    day_count = int((weekday == n).sum())
    low, high = _mean_interval(mean, max(1, day_count), dispersion, freedom)
    return WeekdayTraffic(
        weekday=n, day_count=day_count, mean=mean, low=low, high=high, factor=mean / average
    )


def _dispersion(counts: Counts, means: Floats, freedom: int) -> float:
    """Give Pearson's χ² per degree of freedom, at least 1 (P. McCullagh, J. Nelder, ch. 6.2)."""
    if freedom < 1:
        return 1.0
    expected = np.where(means > 0, means, 1.0)
    return max(1.0, float(((counts - means) ** 2 / expected).sum()) / freedom)


def _mean_interval(
    mean: float, day_count: int, dispersion: float, freedom: int
) -> tuple[float, float]:
    """Give the score interval of an overdispersed Poisson mean, with Student's t for normal z.

    The means m for which |mean - m| = t √(dispersion · m / days). Library: scipy `t`.
    """
    spread = float(t.ppf(0.5 + CONFIDENCE / 2, freedom)) ** 2 * dispersion / day_count
    margin = float(np.sqrt(spread * mean + spread**2 / 4))
    return max(0.0, mean + spread / 2 - margin), mean + spread / 2 + margin


def _fresh(gaps: Counts, is_gap_known: Bools) -> Floats:
    """Estimate for each day of a test the share of its people whose last time was before the test.

    Kaplan and Meier's estimate of the gaps between a person's days (J. Am. Stat. Assoc. 53, 1958),
    for of the first time in a history only the least gap is known. It ends where fewer than 30 of
    them are that long or longer. Library: scipy `ecdf`.
    """
    if len(gaps) < _LEAST_AT_RISK or not is_gap_known.any():
        return np.ones(1)
    sample = CensoredData(uncensored=gaps[is_gap_known], right=gaps[~is_gap_known])
    day = np.arange(int(np.sort(gaps)[-_LEAST_AT_RISK]) + 1)
    return np.asarray(ecdf(sample).sf.evaluate(day), dtype=np.float64)


def _day_reached(came: Floats, people_count: float) -> float | None:
    """Give the day, and the part of it, by which so many people came; None if never."""
    place = int(np.searchsorted(came, people_count))
    if place == len(came):
        return None
    before = float(came[place - 1]) if place else 0.0
    each = float(came[place]) - before
    return place + (people_count - before) / each if each > 0 else float(place)


def _range(
    traffic: Traffic, came: Floats, exact: float, people_count: int
) -> tuple[float | None, float | None]:
    """Give the days within which so many people come in 90 of 100 cases (see `forecast`)."""
    if traffic.day_count < LEAST_DAYS:
        return None, None
    found = forecast(
        traffic.day_counts,
        first_weekday=traffic.first_weekday,
        horizon=min(_LONGEST_FORECAST, max(1, ceil(exact))),
    )
    if found is None or found.total.expected <= 0:
        return None, None
    most, least = (limit / found.total.expected for limit in (found.total.high, found.total.low))
    low = _day_reached(came, people_count / most) if most > 0 else None
    high = _day_reached(came, people_count / least) if least > 0 else None
    return low, high
