"""Days until enough people came: by hand for small cases, and laws for all."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import poisson

from core.stats.duration import (
    Counts,
    Traffic,
    duration,
    people_by_day,
    people_done_by,
    traffic_of,
)
from core.stats.intervals import Reason

MONDAY = date(2026, 1, 5)
NO_GAPS = np.zeros(0, dtype=np.int64)
WEEK = [10, 10, 10, 10, 10, 40, 50]


def traffic(counts: list[int] | Counts, *, first_weekday: int = 0) -> Traffic:
    found = traffic_of(
        np.array(counts, dtype=np.int64),
        first_weekday=first_weekday,
        gaps=NO_GAPS,
        is_gap_known=NO_GAPS.astype(np.bool_),
    )
    assert isinstance(found, Traffic)
    return found


def days(found: Traffic, people_count: int, starts_on: date = MONDAY, window_days: int = 0) -> int:
    lasts = duration(
        found,
        people_count=people_count,
        starts_on=starts_on,
        window=timedelta(days=window_days),
        with_range=False,
    )
    assert lasts is not None
    return lasts.days


def test_the_walk_through_the_week_begins_on_the_day_of_the_start() -> None:
    weekly = traffic(WEEK * 4)

    assert [days(weekly, 50, MONDAY + timedelta(days=n)) for n in (0, 3, 5, 6)] == [5, 3, 2, 1]


def test_people_must_finish_their_window_too() -> None:
    weekly = traffic(WEEK * 4)

    lasts = duration(
        weekly, people_count=55, starts_on=MONDAY, window=timedelta(days=3), with_range=False
    )

    assert lasts is not None
    # Five days bring 50 people, an eighth of Saturday the others; 5.125 + 3 days.
    assert (lasts.exposure_days, lasts.window_days, lasts.days) == (6, 3.0, 9)
    assert lasts.ends_on == date(2026, 1, 14)


def test_weekdays_are_told_apart_after_two_weeks_only() -> None:
    short, long = traffic(WEEK), traffic(WEEK * 2)

    assert not short.has_weekdays
    assert {weekday.factor for weekday in short.weekdays} == {1.0}
    assert long.has_weekdays
    assert [weekday.mean for weekday in long.weekdays] == WEEK
    assert [weekday.day_count for weekday in long.weekdays] == [2] * 7


def test_uneven_weeks_count_every_weekday_alike() -> None:
    uneven = traffic([*WEEK, *WEEK, 10, 10, 10])

    assert uneven.per_day.value == pytest.approx(20)


def test_the_first_day_of_the_history_decides_which_weekdays_are_busy() -> None:
    from_friday = traffic(WEEK * 2, first_weekday=4)

    assert [weekday.mean for weekday in from_friday.weekdays] == [10, 10, 40, 50, 10, 10, 10]


def test_the_interval_of_a_weekday_holds_its_mean_about_as_often_as_it_says() -> None:
    random = np.random.default_rng(5)
    held = 0
    for _ in range(300):
        found = traffic(random.poisson(np.array(WEEK * 6)))
        held += sum(
            weekday.low <= mean <= weekday.high
            for weekday, mean in zip(found.weekdays, WEEK, strict=True)
        )

    # 2,100 intervals of 95 %; those of one history share its dispersion.
    assert 0.94 <= held / 2_100 <= 0.99


def test_steady_traffic_is_not_taken_for_steadier_than_chance() -> None:
    assert traffic(WEEK * 4).dispersion == 1.0


def test_noisy_traffic_shows_its_dispersion() -> None:
    random = np.random.default_rng(1)
    means = 100 * random.gamma(10, 0.1, 140)

    found = traffic(poisson.rvs(means, random_state=random))

    # Poisson's variance is 100, that of the means 100² / 10.
    assert found.dispersion == pytest.approx(11, rel=0.3)


def test_people_who_come_again_count_once() -> None:
    gaps = np.array([1, 3, 0, 5] * 30)
    is_known = gaps > 0

    found = traffic_of(
        np.array(WEEK * 2), first_weekday=0, gaps=np.where(is_known, gaps, 9), is_gap_known=is_known
    )

    assert isinstance(found, Traffic)
    # Of four people of a day one came yesterday, one three days ago, one five, one never before.
    assert found.fresh[:6] == pytest.approx([1, 0.75, 0.75, 0.5, 0.5, 0.25])
    each = np.diff(people_by_day(found, starts_on=MONDAY, days=4), prepend=0)
    assert each == pytest.approx([10, 7.5, 7.5, 5])


def test_who_was_seen_for_a_short_time_only_is_not_taken_for_new() -> None:
    # Everybody comes every second day; half of them began two days ago, so that no gap is known.
    gaps = np.array([2] * 50 + [1] * 50)
    is_known = gaps == 2

    found = traffic_of(np.array(WEEK * 2), first_weekday=0, gaps=gaps, is_gap_known=is_known)

    assert isinstance(found, Traffic)
    assert found.fresh == pytest.approx([1, 1, 0])


def test_a_crowd_that_is_used_up_never_becomes_larger() -> None:
    gaps = np.full(100, 2)

    found = traffic_of(
        np.array(WEEK * 2), first_weekday=0, gaps=gaps, is_gap_known=np.ones(100, dtype=np.bool_)
    )

    assert isinstance(found, Traffic)
    assert days(found, 20) == 2
    assert duration(found, people_count=21, starts_on=MONDAY, window=timedelta(days=1)) is None


def test_without_anybody_there_is_a_reason() -> None:
    for counts in ([], [0, 0, 0]):
        found = traffic_of(
            np.array(counts, dtype=np.int64),
            first_weekday=0,
            gaps=NO_GAPS,
            is_gap_known=NO_GAPS.astype(np.bool_),
        )
        assert found is Reason.NO_PEOPLE


def test_the_range_of_the_days_needs_two_weeks() -> None:
    one, two = (
        duration(traffic(WEEK * n), people_count=100, starts_on=MONDAY, window=timedelta(days=1))
        for n in (1, 2)
    )

    assert one is not None
    assert two is not None
    assert (one.low_days, one.high_days) == (None, None)
    assert two.low_days is not None
    assert two.high_days is not None
    assert two.low_days <= two.days <= two.high_days


def test_people_are_done_when_their_window_is_over() -> None:
    weekly = traffic(WEEK * 2)

    done = people_done_by(weekly, [2, 3, 5, 10], starts_on=MONDAY, window=timedelta(days=3))

    assert done == pytest.approx([0, 0, 20, 140])


quick = settings(max_examples=50, deadline=None)
counts_of_days = st.lists(st.integers(1, 500), min_size=1, max_size=40)


@quick
@given(counts_of_days, st.integers(1, 20_000), st.integers(0, 6), st.integers(2, 5))
def test_more_traffic_never_takes_longer(
    counts: list[int], people: int, weekday: int, times: int
) -> None:
    start = MONDAY + timedelta(days=weekday)
    few, many = (traffic(np.array(counts) * factor) for factor in (1, times))

    slow, fast = (
        duration(
            found, people_count=people, starts_on=start, window=timedelta(days=1), with_range=False
        )
        for found in (few, many)
    )

    assert slow is None or (fast is not None and fast.days <= slow.days)


@quick
@given(counts_of_days, st.integers(1, 3_000), st.floats(0.1, 1))
def test_a_holdout_never_makes_it_shorter(counts: list[int], people: int, share: float) -> None:
    found = traffic(counts)

    whole, part = (
        duration(
            found,
            people_count=people,
            starts_on=MONDAY,
            window=timedelta(hours=12),
            share_exposed=exposed,
            with_range=False,
        )
        for exposed in (1.0, share)
    )

    assert whole is not None
    assert part is None or part.days >= whole.days


@quick
@given(counts_of_days, st.integers(1, 3_000))
def test_enough_people_are_done_on_the_planned_day_and_not_a_day_before(
    counts: list[int], people: int
) -> None:
    found = traffic(counts)
    window = timedelta(days=2)
    planned = days(found, people, window_days=2)

    before, then = people_done_by(found, [planned - 1, planned], starts_on=MONDAY, window=window)

    assert before < people + 1e-6
    assert then >= people - 1e-6
