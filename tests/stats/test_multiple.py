"""Several contrasts are corrected for their number, and their intervals agree with that."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from core.stats.conversion import Arm, Contrast
from core.stats.intervals import IntervalEstimate, Reason
from core.stats.multiple import (
    Segment,
    compare_segments,
    compare_values_with_control,
    compare_with_control,
    holm,
    holm_confidences,
)
from core.stats.revenue import ValueArm, ValueContrast

COUNTS = st.integers(50, 3_000).flatmap(lambda n: st.tuples(st.integers(1, n - 1), st.just(n)))
P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=8)


def arm(goals: int, people: int, name: str = "arm") -> Arm:
    return Arm(name=name, people_count=people, goal_count=goals)


def test_p_values_are_corrected_as_in_r() -> None:
    """R: `p.adjust(c(0.01, 0.02, 0.03, 0.04, 0.05), "holm")` is 0.05 0.08 0.09 0.09 0.09."""
    assert holm([0.01, 0.02, 0.03, 0.04, 0.05]) == pytest.approx([0.05, 0.08, 0.09, 0.09, 0.09])


@settings(max_examples=6, deadline=None)  # statsmodels takes 70 ms for each
@given(P_VALUES)
def test_p_values_are_corrected_as_by_statsmodels(p_values: list[float]) -> None:
    assert holm(p_values) == pytest.approx(list(multipletests(p_values, method="holm")[1]))


def test_what_is_not_known_does_not_count() -> None:
    assert holm([None, 0.02, None, 0.01]) == [None, 0.02, None, 0.02]
    assert holm([]) == []


@given(P_VALUES, st.sampled_from([0.95, 0.96]))
def test_intervals_are_as_wide_as_the_correction_asks(
    p_values: list[float], confidence: float
) -> None:
    """A contrast is rejected at its own level exactly where its corrected p-value is small."""
    alpha = 1 - confidence

    corrected, levels = holm(p_values), holm_confidences(p_values, confidence=confidence)

    for p_value, after, level in zip(p_values, corrected, levels, strict=True):
        assert after is not None
        assert confidence <= level <= 1 - alpha / len(p_values) + 1e-12
        if abs(after - alpha) > 1e-9:
            assert (after < alpha) == (p_value < 1 - level)


@settings(max_examples=40, deadline=None)
@given(COUNTS, st.lists(COUNTS, min_size=1, max_size=4))
def test_a_lift_leaves_zero_out_exactly_where_its_corrected_p_value_is_small(
    control: tuple[int, int], variants: list[tuple[int, int]]
) -> None:
    found = compare_with_control(arm(*control), [arm(*each) for each in variants])

    for each in found:
        assert isinstance(each.contrast, Contrast)
        assert isinstance(each.contrast.lift, IntervalEstimate)
        assert isinstance(each.p_value, float)
        if abs(each.p_value - 0.05) > 1e-9:
            assert each.contrast.lift.excludes_zero == (each.p_value < 0.05)
        assert each.contrast.lift.confidence == each.confidence
        assert not each.is_exploratory


def test_one_variant_alone_is_not_corrected() -> None:
    found = compare_with_control(arm(100, 1_000), [arm(130, 1_000)])[0]

    assert isinstance(found.contrast, Contrast)
    assert found.p_value == found.contrast.p_value
    assert found.confidence == pytest.approx(0.95)


def test_segments_are_exploratory_and_corrected_for_all_of_them() -> None:
    """Four contrasts: the smallest p-value counts four times."""
    segments = [
        Segment(name="new", control=arm(50, 1_000), variants=[arm(90, 1_000), arm(55, 1_000)]),
        Segment(name="old", control=arm(70, 1_000), variants=[arm(75, 1_000), arm(71, 1_000)]),
    ]
    alone = compare_with_control(arm(50, 1_000), [arm(90, 1_000)])[0].p_value

    found = compare_segments(segments)

    assert [each.segment for each in found] == ["new", "new", "old", "old"]
    assert all(each.is_exploratory for each in found)
    assert isinstance(alone, float)
    assert found[0].p_value == pytest.approx(4 * alone)
    assert found[0].confidence == pytest.approx(1 - 0.05 / 4)


def test_an_arm_without_people_is_a_reason_and_corrects_nobody() -> None:
    nobody, other = compare_with_control(arm(100, 1_000), [arm(0, 0), arm(130, 1_000)])

    assert (nobody.contrast, nobody.p_value) == (Reason.NO_PEOPLE, Reason.NO_PEOPLE)
    assert isinstance(other.contrast, Contrast)
    assert other.p_value == other.contrast.p_value


def test_means_are_corrected_as_well() -> None:
    def money(mean: float) -> ValueArm:
        return ValueArm(name="arm", people_count=1_000, mean=mean, variance=100)

    alone = compare_values_with_control(money(10), [money(11.2)])[0].p_value

    found = compare_values_with_control(money(10), [money(11.2), money(10.1)])

    assert isinstance(alone, float)
    assert found[0].p_value == pytest.approx(2 * alone)
    assert isinstance(found[0].contrast, ValueContrast)
    assert found[0].contrast.welch.difference.confidence == pytest.approx(0.975)


def test_no_variant_is_preferred_by_its_place() -> None:
    variants = [arm(130, 1_000, "b"), arm(100, 900, "c"), arm(160, 1_100, "d")]

    there = compare_with_control(arm(100, 1_000), variants)
    back = compare_with_control(arm(100, 1_000), variants[::-1])

    assert np.allclose([e.p_value for e in there], [e.p_value for e in back[::-1]])
