"""A forecast's intervals hold what comes as often as they say, and admit what is not known.

Measured on 100 series per kind and length (14, 28, 56 and 84 days; the next 30 days; nominal 90 %):
days held 85 to 98 %; totals 89 to 100 % for steady, overdispersed, rare and autocorrelated counts,
100 % for bursts every 18 to 35 days once 28 days are known (60 % with 14, when many series have not
seen one), 70 to 81 % for a level that drifts like a random walk. On the sample shop, 134 starts
over ten starter campaigns' enrolments: days 94 %, totals 93 %; 63 starts over eight flows' mails,
20 to 30 days ahead: days 96 %, totals 100 %.
"""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.stats.forecast import LEAST_DAYS, Counts, Forecast, forecast

WEEK = np.array([1.1, 1.0, 0.9, 0.95, 1.1, 1.3, 0.65])
HORIZON = 30
Series = Callable[[np.random.Generator, int], Counts]


def known(counts: Counts, **keys: int) -> Forecast:
    given_keys = {"first_weekday": 0, "horizon": HORIZON, "draws": 1_000, **keys}
    found = forecast(counts, **given_keys)
    assert found is not None
    return found


def steady(random: np.random.Generator, days: int) -> Counts:
    return random.poisson(20 * np.resize(WEEK, days))


def overdispersed(random: np.random.Generator, days: int) -> Counts:
    return random.negative_binomial(5, 5 / (5 + 20 * np.resize(WEEK, days)))


def autocorrelated(random: np.random.Generator, days: int) -> Counts:
    level = np.zeros(days)
    for day in range(1, days):
        level[day] = 0.7 * level[day - 1] + 0.3 * random.standard_normal()
    return random.poisson(20 * np.resize(WEEK, days) * np.exp(level))


@pytest.mark.parametrize("series", [steady, overdispersed, autocorrelated])
@pytest.mark.parametrize("days", [28, 56])
def test_about_nine_in_ten_of_the_coming_counts_lie_in_their_intervals(
    series: Series, days: int
) -> None:
    days_held, totals_held = [], []
    for seed in range(40):
        counts = series(np.random.default_rng(seed), days + HORIZON)
        found, future = known(counts[:days]), counts[days:]
        days_held.append(((found.low <= future) & (future <= found.high)).mean())
        totals_held.append(found.total.low <= future.sum() <= found.total.high)

    assert np.mean(days_held) == pytest.approx(0.92, abs=0.05)
    assert np.mean(totals_held) >= 0.8  # of 40 at 90 %, fewer happen once in 20


def test_weekdays_keep_their_share() -> None:
    counts = np.resize([200, 100, 100, 100, 100, 100, 50], 70)

    found = known(counts, first_weekday=2)

    assert found.expected[:7] == pytest.approx(counts[:7], rel=0.1)


def test_days_left_out_are_forecast_and_not_shown() -> None:
    counts = steady(np.random.default_rng(1), 50)

    whole, rest = known(counts, horizon=10), known(counts, horizon=7, skip=3)

    assert rest.expected == pytest.approx(whole.expected[3:])


def test_only_the_weekday_of_the_first_day_matters() -> None:
    counts = steady(np.random.default_rng(1), 50)

    assert (
        known(counts, first_weekday=1).expected == known(counts, first_weekday=8).expected
    ).all()


def test_the_same_input_and_seed_give_the_same_forecast() -> None:
    counts = overdispersed(np.random.default_rng(1), 50)

    one, two, other = known(counts, seed=4), known(counts, seed=4), known(counts, seed=5)

    assert one.total == two.total
    assert one.total != other.total


def test_more_history_makes_a_steady_total_more_certain() -> None:
    counts = steady(np.random.default_rng(1), 140)

    few, many = known(counts[-21:]).total, known(counts).total

    assert many.high - many.low < few.high - few.low


def test_less_than_two_weeks_make_no_forecast() -> None:
    counts = np.full(LEAST_DAYS - 1, 5)

    assert forecast(counts, first_weekday=0, horizon=7) is None


def test_days_without_anything_do_not_promise_nothing_forever() -> None:
    found = known(np.zeros(20, dtype=np.int64))

    assert (found.low == 0).all()
    assert 0 < found.total.expected < found.total.high < 10


def test_a_history_longer_than_half_a_year_is_read_from_its_end() -> None:
    random = np.random.default_rng(1)
    counts = np.concatenate([random.poisson(1000, 100), random.poisson(10, 182)])

    # 100 days are 14 weeks and 2 days: the last 182 days begin two weekdays later.
    assert known(counts).total == known(counts[100:], first_weekday=2).total


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 10**7), min_size=14, max_size=60), st.integers(0, 6))
def test_any_series_has_a_finite_forecast_of_counts(counts: list[int], weekday: int) -> None:
    found = known(np.array(counts), first_weekday=weekday, draws=200)

    assert np.isfinite(found.expected).all()
    assert (found.low >= 0).all()
    assert (found.low <= found.high).all()
    assert found.total.low <= found.total.high
