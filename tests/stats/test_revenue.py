"""Means and their differences agree with published figures, with and without the time before."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ttest_ind

from core.stats.intervals import IntervalEstimate, Reason
from core.stats.revenue import MeanEffect, ValueArm, ValueContrast, compare_values, value_arm

# Additional hours of sleep with two drugs: Student, The probable error of a mean, Biometrika 6
# (1908), as in R's dataset `sleep`.
FIRST_DRUG = np.array([0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0])
SECOND_DRUG = np.array([1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4])


def compared(control: ValueArm, variant: ValueArm, confidence: float = 0.95) -> ValueContrast:
    found = compare_values(control, variant, confidence=confidence)
    assert isinstance(found, ValueContrast)
    return found


def adjusted(contrast: ValueContrast) -> MeanEffect:
    assert isinstance(contrast.cuped, MeanEffect)
    return contrast.cuped


def orders(count: int, seed: int, lift: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Draw what people brought and what they had brought before."""
    random = np.random.default_rng(seed)
    taste = random.gamma(2.0, 5.0, count)
    return taste * (1 + lift) + random.normal(0, 3, count), taste + random.normal(0, 3, count)


def test_students_sleep_comes_out_as_in_r() -> None:
    """R, `t.test(extra ~ group, data = sleep)`: t = -1.8608, p = 0.07939, -3.3654832 to 0.2054832.

    R takes the first group minus the second.
    """
    found = compared(value_arm("first", FIRST_DRUG), value_arm("second", SECOND_DRUG)).welch

    assert found.difference.value == pytest.approx(1.58)
    assert found.difference.low == pytest.approx(-0.2054832, abs=5e-8)
    assert found.difference.high == pytest.approx(3.3654832, abs=5e-8)
    assert found.p_value == pytest.approx(0.07939, abs=5e-6)
    assert found.variance_kept == 1


def test_cuped_is_welch_on_what_the_time_before_does_not_explain() -> None:
    """Independent: the adjusted values, person by person, in scipy's `ttest_ind`."""
    control, before = orders(400, 1)
    variant, variant_before = orders(350, 2, lift=0.1)
    theta = np.cov(np.r_[control, variant], np.r_[before, variant_before])
    factor = theta[0, 1] / theta[1, 1]
    expected = ttest_ind(
        variant - factor * variant_before, control - factor * before, equal_var=False
    )

    found = adjusted(
        compared(value_arm("a", control, before), value_arm("b", variant, variant_before))
    )

    interval = expected.confidence_interval(0.95)
    assert found.p_value == pytest.approx(expected.pvalue)
    assert (found.difference.low, found.difference.high) == pytest.approx(
        (interval.low, interval.high)
    )


def test_the_time_before_makes_an_estimate_more_precise_by_what_it_explains() -> None:
    """A. Deng et al., WSDM 2013: the variance that is left is 1 - correlation²."""
    control, before = orders(4_000, 3)
    variant, variant_before = orders(4_000, 4)
    correlation = np.corrcoef(np.r_[control, variant], np.r_[before, variant_before])[0, 1]

    found = compared(value_arm("a", control, before), value_arm("b", variant, variant_before))

    assert adjusted(found).variance_kept == pytest.approx(1 - correlation**2, rel=0.02)
    assert found.best is found.cuped


def test_the_relative_effect_has_the_interval_of_the_delta_method() -> None:
    """By hand: log(1.1) ± t · √(s²/(n m²) + …), with 20,000 people nearly normal."""
    control = ValueArm(name="a", people_count=10_000, mean=10, variance=400)
    variant = ValueArm(name="b", people_count=10_000, mean=11, variance=400)
    error = np.sqrt(400 / 10_000 / 100 + 400 / 10_000 / 121)

    found = compared(control, variant).welch.lift

    assert isinstance(found, IntervalEstimate)
    assert found.value == pytest.approx(0.1)
    assert found.low == pytest.approx(1.1 * np.exp(-1.96 * error) - 1, abs=1e-5)
    assert found.high == pytest.approx(1.1 * np.exp(1.96 * error) - 1, abs=1e-5)


@pytest.mark.parametrize(
    ("skewness", "thousands"),
    [(17.9, 114), (5.2, 9.7), (3.6, 4.7), (2.1, 1.55)],
)
def test_skewed_values_need_as_many_people_as_published(skewness: float, thousands: float) -> None:
    """R. Kohavi et al., Seven rules of thumb, KDD 2014, table of rule 7 (figures rounded there)."""
    arm = ValueArm(name="a", people_count=5_000, mean=1, variance=1, skewness=skewness)

    found = compared(arm, arm)

    assert found.people_needed == pytest.approx(thousands * 1000, rel=0.03)
    assert found.is_heavy_tailed == (thousands > 5)


def test_without_a_known_skewness_nothing_is_said_of_tails() -> None:
    arm = ValueArm(name="a", people_count=50, mean=1, variance=1)

    assert compared(arm, arm).people_needed is None
    assert compared(arm, arm).is_heavy_tailed is None


def test_what_cannot_be_compared_is_a_reason() -> None:
    one = value_arm("a", np.array([3.0]))
    same = value_arm("b", np.array([3.0, 3.0, 3.0]))
    other = value_arm("c", np.array([0.0, 3.0, 5.0]))
    losses = value_arm("d", np.array([-4.0, 1.0, -2.0]))

    assert compare_values(one, other) is Reason.TOO_FEW_PEOPLE
    assert compare_values(same, same) is Reason.NO_VARIATION
    assert compared(other, other).cuped is Reason.NO_COVARIATE
    assert compared(losses, other).welch.lift is Reason.MEAN_NOT_POSITIVE
    assert compared(other, losses).welch.lift is Reason.MEAN_NOT_POSITIVE


def test_nobody_at_all_has_a_mean_of_nothing() -> None:
    assert compare_values(value_arm("a", np.array([])), value_arm("b", np.array([1.0, 2.0]))) is (
        Reason.TOO_FEW_PEOPLE
    )


def test_a_time_before_that_is_the_same_for_all_explains_nothing() -> None:
    values = np.array([1.0, 2.0, 5.0])
    arm = value_arm("a", values, np.zeros(3))

    assert compared(arm, arm).cuped is Reason.NO_VARIATION
    assert compared(arm, arm).best is not None


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1_000), st.floats(-0.3, 0.3), st.floats(0.5, 20))
def test_no_arm_is_preferred_and_no_currency(seed: int, lift: float, rate: float) -> None:
    control, variant = orders(60, seed), orders(80, seed + 1, lift)
    arms = (value_arm("a", *control), value_arm("b", *variant))
    in_other_money = (
        value_arm("a", control[0] * rate, control[1] * rate),
        value_arm("b", variant[0] * rate, variant[1] * rate),
    )

    there, back = adjusted(compared(*arms)), adjusted(compared(*arms[::-1]))
    converted = adjusted(compared(*in_other_money))

    assert there.p_value == pytest.approx(back.p_value)
    assert there.difference.low == pytest.approx(-back.difference.high)
    assert converted.p_value == pytest.approx(there.p_value)
    assert converted.difference.high == pytest.approx(there.difference.high * rate)
