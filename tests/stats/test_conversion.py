"""Rates, differences and lifts agree with published figures, or say why there are none."""

from math import sqrt

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from core.stats.conversion import Arm, Contrast, compare, rate, relative_lift, z_value
from core.stats.intervals import IntervalEstimate, Reason
from core.stats.relative import score_of_ratio

COUNTS = st.integers(1, 5_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))

SOME = st.integers(1, 5_000).flatmap(lambda n: st.tuples(st.integers(1, n), st.just(n)))


def arm(goals: int, people: int, name: str = "arm") -> Arm:
    return Arm(name=name, people_count=people, goal_count=goals)


def compared(
    control: tuple[int, int], variant: tuple[int, int], confidence: float = 0.95
) -> Contrast:
    found = compare(arm(*control, "control"), arm(*variant, "variant"), confidence=confidence)
    assert isinstance(found, Contrast)
    return found


def lift_of(
    control: tuple[int, int], variant: tuple[int, int], confidence: float = 0.95
) -> IntervalEstimate:
    found = relative_lift(arm(*control), arm(*variant), confidence=confidence)
    assert isinstance(found, IntervalEstimate)
    return found


@pytest.mark.parametrize(
    ("variant", "control", "low", "high"),
    [
        # R. G. Newcombe, Interval estimation for the difference between independent proportions,
        # Statistics in Medicine 17 (1998), 873-890, table II, method 10 (a to h).
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((6, 7), (2, 7), 0.0582, 0.8062),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 20), -0.1611, 0.2775),
        ((0, 10), (0, 10), -0.2775, 0.2775),
        ((10, 10), (0, 20), 0.6791, 1.0000),
        ((10, 10), (0, 10), 0.6075, 1.0000),
    ],
)
def test_a_difference_has_the_published_interval(
    variant: tuple[int, int], control: tuple[int, int], low: float, high: float
) -> None:
    found = compared(control, variant).difference

    assert found.value == pytest.approx(variant[0] / variant[1] - control[0] / control[1])
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(
    ("count", "people", "low", "high"),
    [
        # R. G. Newcombe, Two-sided confidence intervals for the single proportion, Statistics in
        # Medicine 17 (1998), 857-872, table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_a_rate_has_the_published_interval(
    count: int, people: int, low: float, high: float
) -> None:
    found = rate(arm(count, people))

    assert isinstance(found, IntervalEstimate)
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)


def test_a_ratio_has_koopmans_published_interval() -> None:
    """36 of 40 against 16 of 80: 2.94 to 7.15 (P. A. R. Koopman, Biometrics 40, 1984, 513-517)."""
    found = lift_of((16, 80), (36, 40))

    assert found.value == pytest.approx(4.5 - 1)
    assert (found.low + 1, found.high + 1) == pytest.approx((2.94, 7.15), abs=0.005)


def test_the_physicians_health_study_comes_out_as_published() -> None:
    """Heart attacks with placebo (189 of 11,034) and aspirin (104 of 11,037).

    A. Agresti, An Introduction to Categorical Data Analysis, 2nd edition (2007), 2.2 and 2.4:
    difference 0.0077 (Wald 0.005 to 0.011), relative risk 1.82 (1.43 to 2.30), X² = 25.0.
    """
    found = compared((104, 11_037), (189, 11_034))

    assert isinstance(found.lift, IntervalEstimate)
    assert found.wald.value == pytest.approx(0.0077, abs=5e-5)
    assert (found.wald.low, found.wald.high) == pytest.approx((0.005, 0.011), abs=5e-4)
    assert found.lift.value + 1 == pytest.approx(1.82, abs=0.005)
    assert (found.lift.low + 1, found.lift.high + 1) == pytest.approx((1.43, 2.30), abs=0.01)
    assert found.z == pytest.approx(sqrt(25.01), abs=0.001)


def test_vitamin_c_and_colds_come_out_as_published() -> None:
    """17 of 139 skiers with vitamin C and 31 of 140 without caught a cold: X² = 4.81, p = 0.028.

    L. Pauling, PNAS 68 (1971), as analysed in A. Agresti, Categorical Data Analysis.
    """
    found = compared((31, 140), (17, 139))

    assert isinstance(found.z, float)
    assert found.z**2 == pytest.approx(4.81, abs=0.005)
    assert found.p_value == pytest.approx(0.028, abs=0.0005)


def test_the_example_of_statsmodels_has_its_p_value() -> None:
    """5 of 83 against 12 of 99: p = 0.159 (documentation of `proportions_ztest`)."""
    assert compared((12, 99), (5, 83)).p_value == pytest.approx(0.159, abs=0.0005)


@pytest.mark.parametrize(
    ("control", "variant", "reason"),
    [
        ((0, 0), (3, 10), Reason.NO_PEOPLE),
        ((3, 10), (0, 0), Reason.NO_PEOPLE),
    ],
)
def test_without_people_there_is_a_reason(
    control: tuple[int, int], variant: tuple[int, int], reason: Reason
) -> None:
    assert compare(arm(*control), arm(*variant)) is reason
    assert relative_lift(arm(*control), arm(*variant)) is reason
    assert z_value(arm(*control), arm(*variant)) is reason
    assert rate(arm(0, 0)) is Reason.NO_PEOPLE


def test_what_cannot_be_computed_is_a_reason_and_no_number() -> None:
    nobody = compared((0, 50), (0, 60))
    everybody = compared((50, 50), (60, 60))
    only_variant = compared((0, 50), (6, 60))

    assert (nobody.lift, nobody.p_value, nobody.z) == (Reason.NO_GOALS,) * 3
    assert (everybody.p_value, everybody.z) == (Reason.ALL_GOALS,) * 2
    assert only_variant.lift is Reason.NO_GOALS_IN_CONTROL
    assert isinstance(only_variant.p_value, float)


def test_a_variant_without_goals_has_lost_everything_at_most() -> None:
    found = lift_of((12, 1_000), (0, 1_000))

    assert (found.value, found.low) == (-1, -1)
    assert -1 < found.high < 0


@pytest.mark.parametrize(("goals", "people"), [(-1, 10), (11, 10)])
def test_impossible_counts_are_refused(goals: int, people: int) -> None:
    with pytest.raises(ValueError, match=f"{goals} of {people}"):
        arm(goals, people)


def test_an_arm_without_weight_is_refused() -> None:
    with pytest.raises(ValueError, match="weight 0"):
        Arm(name="b", people_count=1, goal_count=0, weight=0)


@settings(max_examples=150, deadline=None)
@given(COUNTS, COUNTS, st.sampled_from([0.9, 0.95, 0.96, 0.99]))
def test_a_lift_leaves_zero_out_exactly_where_the_test_rejects(
    control: tuple[int, int], variant: tuple[int, int], confidence: float
) -> None:
    found = compared(control, variant, confidence)

    assume(isinstance(found.lift, IntervalEstimate) and isinstance(found.p_value, float))
    assert found.lift.excludes_zero == (found.p_value < 1 - confidence)


@settings(max_examples=150, deadline=None)
@given(SOME, SOME)
def test_the_limits_of_a_lift_are_those_that_a_score_test_just_keeps(
    control: tuple[int, int], variant: tuple[int, int]
) -> None:
    """Independent of how they are found: the score at a limit is the quantile."""
    found = lift_of(control, variant)

    counts = [np.float64(count) for count in (*variant, *control)]
    scores = [score_of_ratio(*counts, np.float64(1 + end)) for end in (found.low, found.high)]
    assert scores == pytest.approx([norm.ppf(0.975), norm.ppf(0.025)], abs=1e-4)


@settings(max_examples=100, deadline=None)
@given(COUNTS, COUNTS)
def test_no_arm_is_preferred(control: tuple[int, int], variant: tuple[int, int]) -> None:
    there, back = compared(control, variant), compared(variant, control)

    assert there.difference.value == pytest.approx(-back.difference.value)
    assert there.difference.low == pytest.approx(-back.difference.high, abs=1e-9)
    assert there.wald.low == pytest.approx(-back.wald.high, abs=1e-9)
    if isinstance(there.p_value, float):
        assert there.p_value == pytest.approx(back.p_value)


@settings(max_examples=100, deadline=None)
@given(SOME, SOME)
def test_a_lift_seen_from_the_other_arm_is_its_inverse(
    control: tuple[int, int], variant: tuple[int, int]
) -> None:
    there, back = lift_of(control, variant), lift_of(variant, control)

    assert 1 + there.low == pytest.approx(1 / (1 + back.high), rel=1e-6)
    assert 1 + there.high == pytest.approx(1 / (1 + back.low), rel=1e-6)


@settings(max_examples=100, deadline=None)
@given(COUNTS, COUNTS)
def test_values_lie_in_their_intervals(control: tuple[int, int], variant: tuple[int, int]) -> None:
    found = compared(control, variant)

    for estimate in (found.control_rate, found.variant_rate, found.difference, found.wald):
        assert estimate.low <= estimate.value <= estimate.high
    if isinstance(found.lift, IntervalEstimate):
        assert -1 <= found.lift.low <= found.lift.value <= found.lift.high


@settings(max_examples=60, deadline=None)
@given(COUNTS, COUNTS)
def test_a_higher_confidence_has_a_wider_interval(
    control: tuple[int, int], variant: tuple[int, int]
) -> None:
    narrow, wide = compared(control, variant, 0.9), compared(control, variant, 0.99)

    assert wide.difference.low <= narrow.difference.low
    assert wide.difference.high >= narrow.difference.high
    if isinstance(narrow.lift, IntervalEstimate) and isinstance(wide.lift, IntervalEstimate):
        assert wide.lift.low <= narrow.lift.low + 1e-9
        assert wide.lift.high >= narrow.lift.high - 1e-9


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 400), st.integers(0, 398), st.integers(400, 2_000))
def test_one_more_goal_never_lowers_a_lift(control: int, variant: int, people: int) -> None:
    less, more = (lift_of((control, people), (goals, people)) for goals in (variant, variant + 1))

    assert more.value > less.value
    assert more.low >= less.low - 1e-9
    assert more.high >= less.high - 1e-9
