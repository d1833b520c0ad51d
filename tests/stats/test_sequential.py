"""The always-valid test holds its promise: by exact enumeration, and by independent formulas."""

from itertools import product
from math import exp, log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import betabinom, binom

from core.stats.intervals import IntervalEstimate, Reason
from core.stats.sequential import (
    Looks,
    Period,
    always_valid_lift,
    e_process,
    e_value,
    look_at,
)

SHARES = st.floats(0.1, 0.9)
LABELS = st.lists(st.booleans(), min_size=1, max_size=40)


def period(control: int, variant: int, share: float = 0.5) -> Period:
    return Period(control_goals=control, variant_goals=variant, variant_share=share)


def labels(values: list[bool]) -> np.ndarray:
    return np.array(values, dtype=np.bool_)


def lift_of(*periods: Period, confidence: float = 0.96) -> IntervalEstimate:
    found = always_valid_lift(periods, confidence=confidence)
    assert isinstance(found, IntervalEstimate)
    return found


def test_without_converters_nothing_is_known() -> None:
    assert e_value([]) == 1
    assert e_value([period(0, 0)]) == 1
    assert always_valid_lift([]) is Reason.NO_GOALS
    assert always_valid_lift([period(0, 3)]) is Reason.NO_GOALS_IN_CONTROL


def test_the_first_converter_says_nothing_and_the_second_hardly_anything() -> None:
    """By hand: Beta(50, 50) expects 50/100 of the first, 51/101 of the next of the same arm."""
    found = e_process(labels([True, True]), 0.5)

    assert found == pytest.approx([1, (51 / 101) / 0.5])


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 300), st.integers(0, 300), SHARES)
def test_an_e_value_is_a_ratio_of_two_well_known_distributions(
    control: int, variant: int, share: float
) -> None:
    """Independent: Beta-binomial over binomial, as scipy has them."""
    both, prior = control + variant, 25 / (share * (1 - share))
    expected = betabinom.logpmf(variant, both, prior * share, prior * (1 - share))
    under_null = binom.logpmf(variant, both, share)

    found = e_value([period(control, variant, share)])

    assert log(found) == pytest.approx(expected - under_null, abs=1e-6)


@pytest.mark.parametrize("share", [0.5, 0.2])
def test_under_the_null_the_next_e_value_is_on_average_the_present_one(share: float) -> None:
    """Exact: every course of up to 8 converters goes on to both arms with the chances by design."""
    for length in range(8):
        for course in product([False, True], repeat=length):
            now = e_process(labels(list(course)), share)[-1] if length else 1.0
            after = [e_process(labels([*course, last]), share)[-1] for last in (True, False)]

            assert share * after[0] + (1 - share) * after[1] == pytest.approx(now)


@pytest.mark.parametrize("shares", [[0.5] * 10, [0.5] * 5 + [0.8] * 5, [0.5, 0.3] * 5])
def test_the_average_is_1_after_all_courses_whatever_the_weights(shares: list[float]) -> None:
    """Exact enumeration of all 1,024 courses of 10 converters, weights changed midway or mixed."""
    chances, e_values = [], []
    for course in product([False, True], repeat=10):
        chances.append(np.prod([s if b else 1 - s for s, b in zip(shares, course, strict=True)]))
        e_values.append(e_process(labels(list(course)), np.array(shares))[-1])

    assert np.dot(chances, e_values) == pytest.approx(1)


@pytest.mark.parametrize("threshold", [1.02, 1.1, 1.3])
def test_a_threshold_is_reached_no_more_often_than_promised(threshold: float) -> None:
    """J. Ville (1939), by exact enumeration: P(ever reaches c) ≤ 1/c within 11 converters."""
    crossed = [
        e_process(labels(list(course)), 0.5).max() >= threshold
        for course in product([False, True], repeat=11)
    ]

    assert 0 < np.mean(crossed) <= 1 / threshold


def test_the_alarm_is_reached_in_fewer_than_1_of_100_tests_however_often_one_looks() -> None:
    """Exact: the chances of all counts of up to 400 converters that have not yet reached 100."""
    reached = 0.0
    alive = {0: 1.0}
    for both in range(1, 401):
        following: dict[int, float] = {}
        for variant, chance in alive.items():
            for more in (0, 1):
                following[variant + more] = following.get(variant + more, 0.0) + chance / 2
        e_values = {n: e_value([period(both - n, n)]) for n in following}
        reached += sum(chance for n, chance in following.items() if e_values[n] >= 100)
        alive = {n: chance for n, chance in following.items() if e_values[n] < 100}

    assert 0 < reached < 0.01


@given(LABELS, SHARES)
@settings(max_examples=60, deadline=None)
def test_the_order_does_not_matter_at_equal_counts(values: list[bool], share: float) -> None:
    shuffled = sorted(values)

    found, other = (e_process(labels(order), share)[-1] for order in (values, shuffled))

    assert found == pytest.approx(other)
    assert found == pytest.approx(e_value([period(values.count(False), values.count(True), share)]))


@given(st.integers(20, 500), st.integers(20, 500), SHARES)
@settings(max_examples=60, deadline=None)
def test_swapping_the_arms_changes_nothing(control: int, variant: int, share: float) -> None:
    there, back = period(control, variant, share), period(variant, control, 1 - share)

    assert e_value([there]) == pytest.approx(e_value([back]), rel=1e-6)
    one, other = lift_of(there), lift_of(back)
    assert 1 + one.low == pytest.approx(1 / (1 + other.high), rel=1e-6)
    assert 1 + one.high == pytest.approx(1 / (1 + other.low), rel=1e-6)


@given(st.integers(20, 300), st.integers(1, 100))
@settings(max_examples=60, deadline=None)
def test_arms_further_apart_have_a_larger_e_value(equal: int, more: int) -> None:
    less, further = (e_value([period(equal, equal + n)]) for n in (more, more + 1))

    assert further > less


@given(st.integers(0, 400), st.integers(1, 400), SHARES, st.sampled_from([0.9, 0.96, 0.99]))
@settings(max_examples=80, deadline=None)
def test_an_interval_leaves_zero_out_exactly_where_the_e_value_says_so(
    variant: int, control: int, share: float, confidence: float
) -> None:
    counts = period(control, variant, share)

    found, e = lift_of(counts, confidence=confidence), e_value([counts])

    if abs(log(e * (1 - confidence))) > 1e-6:
        assert found.excludes_zero == (e > 1 / (1 - confidence))
    assert found.low <= found.value <= found.high


@given(st.integers(20, 400), st.integers(20, 400), SHARES)
@settings(max_examples=60, deadline=None)
def test_an_interval_ends_where_the_e_value_against_its_end_is_reached(
    variant: int, control: int, share: float
) -> None:
    """Independent: a lift of r is no lift for a variant whose share by design is as much higher."""
    found = lift_of(period(control, variant, share), confidence=0.96)

    prior = 25 / (share * (1 - share))
    both = control + variant
    expected = betabinom.logpmf(variant, both, prior * share, prior * (1 - share))
    for end in (found.low, found.high):
        as_if = share * (1 + end) / (share * (1 + end) + 1 - share)
        assert expected - binom.logpmf(variant, both, as_if) == pytest.approx(log(25), abs=1e-5)


def test_a_lift_is_the_ratio_of_the_converters_by_design() -> None:
    assert lift_of(period(100, 120)).value == pytest.approx(0.2)
    assert lift_of(period(100, 360, 0.75)).value == pytest.approx(0.2)
    assert lift_of(period(100, 120), period(50, 180, 0.75)).value == pytest.approx(0.2)


def test_periods_of_equal_shares_are_one_period() -> None:
    apart = [period(30, 50), period(10, 5), period(7, 9, 0.25)]
    together = [period(40, 55), period(7, 9, 0.25)]

    assert e_value(apart) == e_value(together)


def test_weights_changed_midway_are_no_difference_between_the_arms() -> None:
    """200 people's goals at 1 : 1, then 200 at 1 : 4 : a rate that is equal all the time."""
    changed = [period(100, 100, 0.5), period(40, 160, 0.8)]

    assert e_value(changed) < 1
    assert e_value([period(140, 260, 0.5)]) > 100


def test_a_lift_that_turns_around_leaves_no_interval() -> None:
    turned = [period(1_000, 2_000, 0.5), period(2_000, 1_000, 0.500001)]

    assert always_valid_lift(turned) is Reason.EMPTY


def looks_of(values: list[bool], ends: list[int], share: float = 0.5) -> Looks:
    return look_at(labels(values), share, np.array(ends))


def test_looks_tell_what_the_counts_of_that_moment_tell() -> None:
    values = [True, False, True, True, False, True] * 30

    found = looks_of(values, [0, 6, 60, 180])

    assert list(found.converter_count) == [0, 6, 60, 180]
    assert found.e_value == pytest.approx([1, *(e_process(labels(values), 0.5)[[5, 59, 179]])])
    assert np.isnan(found.lift[0])
    assert np.isnan(found.low[0])
    assert found.lift[1:] == pytest.approx([1, 1, 1])
    now = lift_of(period(60, 120))
    assert found.low[-1] >= now.low - 1e-9
    assert found.high[-1] <= now.high + 1e-9


def test_an_alarm_between_two_looks_is_not_forgotten() -> None:
    """The variant leads by far, then the control catches up: at the look it is over again."""
    values = [True] * 110 + [False] * 20 + [False] * 90

    found = looks_of(values, [220])

    assert found.e_value[0] < 1
    assert found.largest_e_value[0] > 100
    assert found.low[0] > 0 or np.isnan(found.low[0])


@given(LABELS, SHARES)
@settings(max_examples=40, deadline=None)
def test_what_is_excluded_once_stays_excluded(values: list[bool], share: float) -> None:
    ends = list(range(len(values) + 1))

    found = looks_of(values, ends, share)

    known = ~np.isnan(found.low)
    assert (np.diff(found.low[known]) >= 0).all()
    assert (np.diff(found.high[known]) <= 0).all()
    assert (np.diff(found.largest_e_value) >= 0).all()


def test_huge_counts_are_no_trouble() -> None:
    assert e_value([period(10_000_000, 20_000_000)]) == pytest.approx(1e300)
    found = lift_of(period(1_000_000, 1_001_000))
    assert -0.01 < found.low < 0.001 < found.high < 0.01


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, float("nan")])
def test_impossible_shares_are_refused(share: float) -> None:
    with pytest.raises(ValueError, match="variant_share"):
        period(1, 1, share)
    with pytest.raises(ValueError, match="variant_share"):
        e_process(labels([True]), share)


def test_negative_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        period(-1, 1)


def test_robbins_interval_of_a_fair_coin_is_known_in_closed_form() -> None:
    """Without a single goal of the variant: (1 - x)^n ≥ 0.04 B(a, b + n) / B(a, b), by hand."""
    n, a = 300, 50
    expected = exp(sum(log((a + i) / (2 * a + i)) for i in range(n)))
    highest_share = 1 - (0.04 * expected) ** (1 / n)

    found = lift_of(period(n, 0))

    assert (found.value, found.low) == (-1, -1)
    assert found.high == pytest.approx(highest_share / (1 - highest_share) - 1)


def test_a_variant_that_is_merely_earlier_is_no_winner_in_the_order_of_windows() -> None:
    """2,000 people each over 40 days, the same rate; the control's goals come nine days later."""
    random = np.random.default_rng(11)
    exposed = random.uniform(0, 40, 400)  # those who reach the goal, within a window of 14 days
    is_variant = random.random(400) < 0.5
    converted = exposed + np.where(is_variant, 1, 10)

    by_conversion = e_process(is_variant[np.argsort(converted)], 0.5)
    by_window = e_process(is_variant[np.argsort(exposed + 14)], 0.5)

    assert by_conversion.max() > 100
    assert by_window.max() < 10
