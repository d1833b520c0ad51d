"""Estimates agree with published figures, and say nothing where nothing can be said."""

from math import log, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.stats.estimates import Estimate, mean_share, reached_by, share, times_as_likely

COUNTS = st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def share_of(count: int, people_count: int) -> Estimate:
    found = share(count, people_count)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("count", "people_count", "low", "high"),
    [
        # R. G. Newcombe, Two-sided confidence intervals for the single proportion, Statistics in
        # Medicine 17 (1998), 857-872, table I, method 3 (score).
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_a_rate_has_the_published_wilson_interval(
    count: int, people_count: int, low: float, high: float
) -> None:
    found = share_of(count, people_count)

    assert found.value == count / people_count
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)


@given(COUNTS)
def test_a_rate_lies_within_its_interval_and_that_within_0_and_1(counts: tuple[int, int]) -> None:
    found = share_of(*counts)

    assert 0 <= found.low <= found.value <= found.high <= 1
    assert found.low < found.high


@given(COUNTS)
def test_a_rate_mirrors_that_of_those_who_did_not(counts: tuple[int, int]) -> None:
    count, people_count = counts

    found, others = share_of(count, people_count), share_of(people_count - count, people_count)

    assert (found.low, found.high) == pytest.approx((1 - others.high, 1 - others.low), abs=1e-9)


@given(COUNTS)
def test_more_people_make_a_rate_more_certain(counts: tuple[int, int]) -> None:
    count, people_count = counts

    few, many = share_of(count, people_count), share_of(count * 4, people_count * 4)

    assert many.high - many.low < few.high - few.low


def test_without_people_there_is_no_rate() -> None:
    assert share(0, 0) is None


@pytest.mark.parametrize(
    ("mean", "low", "high"), [(0.3, 0.1040036, 0.4959964), (0.1, 0, 0.2959964), (0.9, 0.7040036, 1)]
)
def test_a_mean_share_has_a_normal_interval_cut_to_0_and_1(
    mean: float, low: float, high: float
) -> None:
    found = mean_share(mean, 0.1)

    assert found is not None
    assert found.value == mean
    assert (found.low, found.high) == pytest.approx((low, high))


@pytest.mark.parametrize(("mean", "error"), [(None, 0.1), (0.3, None), (None, None)])
def test_a_mean_share_that_is_not_known_is_none(mean: float | None, error: float | None) -> None:
    assert mean_share(mean, error) is None


def test_a_ratio_of_rates_is_near_the_published_relative_risk() -> None:
    # Heart attacks in the Physicians' Health Study, placebo against aspirin: relative risk 1.82,
    # 95 % interval 1.43 to 2.30 (A. Agresti, An Introduction to Categorical Data Analysis, 2nd
    # edition, 2007, section 2.2).
    found = times_as_likely(share(189, 11_034), share(104, 11_037))

    assert found is not None
    assert found.value == pytest.approx(1.82, abs=0.005)
    assert found.low == pytest.approx(1.43, abs=0.01)
    assert found.high == pytest.approx(2.30, abs=0.01)


@given(
    st.tuples(st.integers(20, 5_000), st.integers(10_000, 20_000)),
    st.tuples(st.integers(20, 5_000), st.integers(10_000, 20_000)),
)
def test_the_interval_of_a_ratio_is_close_to_that_of_katz(
    one: tuple[int, int], other: tuple[int, int]
) -> None:
    # D. Katz et al., Obtaining confidence intervals for the risk ratio in cohort studies,
    # Biometrics 34 (1978), 469-474.
    spread = 1.959964 * sqrt(1 / one[0] - 1 / one[1] + 1 / other[0] - 1 / other[1])

    found = times_as_likely(share(*one), share(*other))

    assert found is not None
    assert found.value == pytest.approx((one[0] / one[1]) / (other[0] / other[1]))
    assert log(found.high / found.value) == pytest.approx(spread, rel=0.06)
    assert log(found.value / found.low) == pytest.approx(spread, rel=0.06)


@given(COUNTS, COUNTS)
def test_a_ratio_turned_round_is_its_inverse(one: tuple[int, int], other: tuple[int, int]) -> None:
    there, back = (
        times_as_likely(share(*one), share(*other)),
        times_as_likely(share(*other), share(*one)),
    )

    assert (there is None) is (back is None) is (one[0] == 0 or other[0] == 0)
    if there is not None and back is not None:
        assert there.low < there.value < there.high
        assert (back.value, back.low, back.high) == pytest.approx(
            (1 / there.value, 1 / there.high, 1 / there.low)
        )


def test_nothing_is_compared_with_nothing() -> None:
    some, none = share(2, 10), share(0, 10)

    assert times_as_likely(None, some) is None
    assert times_as_likely(some, None) is None
    assert times_as_likely(none, some) is None
    assert times_as_likely(some, none) is None
    assert times_as_likely(some, mean_share(0.0, 0.0)) is None


@given(st.integers(1, 20), st.integers(1, 20))
def test_a_ratio_of_few_people_is_never_certain(one: int, other: int) -> None:
    found = times_as_likely(share(one, one), share(other, other))

    assert found is not None
    assert found.value == 1
    assert found.high > 1 + 0.5 / max(one, other)
    assert found.low < 1 - 0.3 / max(one, other)


def test_the_base_rate_of_few_people_gives_a_ratio_as_uncertain_as_it_is() -> None:
    # A mean of 1 % with a standard error of half of it: 1.96 halves on the log scale, however
    # close to 0 its normal interval comes.
    rate = share(20_000, 1_000_000)

    ratios = [times_as_likely(rate, mean_share(0.01, error)) for error in (0.0050, 0.0051)]

    spreads = [log(ratio.high / ratio.value) for ratio in ratios if ratio is not None]
    assert len(spreads) == 2
    assert spreads[1] / spreads[0] == pytest.approx(1.02, abs=0.02)
    assert spreads[0] == pytest.approx(0.98, abs=0.01)


# Weeks of remission under 6-mercaptopurine, + for patients still in remission: E. J. Freireich et
# al., Blood 21 (1963), 699-716; estimates in D. G. Kleinbaum, M. Klein, Survival Analysis, ch. 2.
ENDED = [6, 6, 6, 7, 10, 13, 16, 22, 23]
STILL = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
SURVIVAL = {6: 0.8571, 7: 0.8067, 10: 0.7529, 13: 0.6902, 16: 0.6275, 22: 0.5378, 23: 0.4482}


def test_the_share_who_reached_the_goal_is_the_published_kaplan_meier_estimate() -> None:
    hours = np.array([*ENDED, *STILL], dtype=np.float64)
    is_goal = np.array([True] * len(ENDED) + [False] * len(STILL))

    found = reached_by(hours, is_goal, [5.9, *SURVIVAL, 24])

    expected = [0.0, *(1 - survival for survival in SURVIVAL.values()), 1 - 0.4482]
    assert found == pytest.approx(expected, abs=5e-5)


@given(st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=1, max_size=30))
def test_the_share_who_reached_the_goal_is_the_product_of_those_who_went_on(
    people: list[tuple[int, bool]],
) -> None:
    hours = np.array([hour for hour, _ in people], dtype=np.float64)
    is_goal = np.array([reached for _, reached in people])
    # Nothing is known after the longest time anybody was seen without reaching the goal.
    asked = [hour for hour in range(7) if hour <= max(hour for hour, _ in people)]

    found = reached_by(hours, is_goal, asked)

    expected, waiting = [], 1.0
    for hour in asked:
        at_risk = sum(h >= hour for h, _ in people)
        reached = sum(h == hour and is_reached for h, is_reached in people)
        waiting *= 1 - reached / at_risk
        expected.append(1 - waiting)
    assert found == pytest.approx(expected, abs=1e-12)


def test_if_nobody_is_censored_it_is_the_plain_share() -> None:
    hours = np.array([0.0, 1.0, 2.0, 3.0])

    found = reached_by(hours, np.ones(4, dtype=np.bool_), [0, 0.5, 1, 2, 3, 9])

    assert found == pytest.approx([0.25, 0.25, 0.5, 0.75, 1.0, 1.0])


def test_nothing_is_known_of_a_time_for_which_nobody_was_seen() -> None:
    seen, reached = np.array([5.0, 9.0]), np.array([True, False])

    assert reached_by(seen, reached, [0, 5, 9, 9.1]) == [0.0, 0.5, 0.5, None]
    assert reached_by(seen, reached[::-1], [5, 9]) == [0.0, 1.0]
    assert reached_by(seen, ~reached & reached, [0, 5, 9, 10]) == [0.0, 0.0, 0.0, None]


def test_nothing_is_known_without_people() -> None:
    assert reached_by(np.empty(0), np.empty(0, dtype=np.bool_), [1, 2]) == [None, None]
