"""Checks of a split agree with published figures, and say nothing where nothing can be said."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.stats.arms import aa_test, sample_ratio

ARMS = st.lists(
    st.integers(0, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
    min_size=2,
    max_size=4,
)


def test_sizes_that_a_working_split_hardly_gives_raise_the_alarm() -> None:
    """R. Kohavi, D. Tang, Y. Xu, Trustworthy Online Controlled Experiments (2020), chapter 21."""
    found = sample_ratio([821_588, 815_482], [1, 1])

    assert found.p_value == pytest.approx(1.8e-6, rel=0.05)
    assert found.is_alarm


def test_sizes_are_compared_with_the_weights() -> None:
    """Mendel's peas, 9 : 3 : 3 : 1, chi-square 0.470 with 3 degrees of freedom.

    R. A. Fisher, Has Mendel's work been rediscovered?, Annals of Science 1 (1936), 115-137.
    """
    found = sample_ratio([315, 101, 108, 32], [9, 3, 3, 1])

    assert found.p_value == pytest.approx(0.925, abs=0.001)
    assert not found.is_alarm


@pytest.mark.parametrize("counts", [[0, 0], [4, 5], [20]])
def test_few_people_say_nothing_about_a_split(counts: list[int]) -> None:
    found = sample_ratio(counts, [1] * len(counts))

    assert (found.p_value, found.is_alarm) == (None, False)


@pytest.mark.parametrize(
    ("first", "second", "low", "high"),
    [
        # R. G. Newcombe, Interval estimation for the difference between independent proportions,
        # Statistics in Medicine 17 (1998), 873-890, table II, method 10.
        ((48, 80), (56, 70), 0.0524, 0.3339),
        ((3, 10), (9, 10), 0.1705, 0.8090),
        ((0, 10), (10, 10), 0.6075, 1.0000),
    ],
)
def test_a_difference_has_the_published_interval(
    first: tuple[int, int], second: tuple[int, int], low: float, high: float
) -> None:
    found = aa_test([first[0], second[0]], [first[1], second[1]]).pairs[0]

    assert found.difference == pytest.approx(second[0] / second[1] - first[0] / first[1])
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)


def test_many_people_are_compared_by_pearsons_test() -> None:
    """Physicians' Health Study: 189 of 11,034 and 104 of 11,037, chi-square 25.01.

    A. Agresti, Categorical Data Analysis; p = 5.7e-7 with 1 degree of freedom.
    """
    found = aa_test([189, 104], [11_034, 11_037])

    assert found.p_value == pytest.approx(5.7e-7, rel=0.01)
    assert found.is_alarm


def test_few_people_are_compared_by_fishers_test() -> None:
    """The lady tasting tea, 3 of 4 against 1 of 4: two-sided p = 34/70 (R. A. Fisher, 1935)."""
    found = aa_test([3, 1], [4, 4])

    assert found.p_value == pytest.approx(34 / 70)
    assert not found.is_alarm


def test_three_arms_are_compared_in_pairs_with_holms_correction() -> None:
    """S. Holm, Scandinavian Journal of Statistics 6 (1979): times 3, 2 and 1, never falling."""
    single = [
        aa_test([a, b], [1000, 1000]).p_value for a, b in ((100, 130), (100, 150), (130, 150))
    ]

    found = aa_test([100, 130, 150], [1000] * 3)

    smallest, middle, largest = sorted(p for p in single if p is not None)
    corrected = sorted(pair.p_value for pair in found.pairs)
    assert corrected == pytest.approx([3 * smallest, 2 * middle, max(2 * middle, largest)])
    assert found.p_value == corrected[0]


def test_arms_without_people_are_left_out() -> None:
    found = aa_test([10, 0, 12], [100, 0, 100])

    assert [(pair.first, pair.second) for pair in found.pairs] == [(0, 2)]


@pytest.mark.parametrize("people", [[0, 0], [50, 0], []])
def test_without_two_arms_there_is_no_test(people: list[int]) -> None:
    found = aa_test([0] * len(people), people)

    assert (found.p_value, found.is_alarm, found.pairs) == (None, False, [])


@settings(max_examples=10, deadline=None)
@given(ARMS)
def test_a_difference_lies_in_its_interval_and_p_between_0_and_1(
    arms: list[tuple[int, int]],
) -> None:
    found = aa_test([goals for goals, _ in arms], [people for _, people in arms])

    for pair in found.pairs:
        assert pair.low - 1e-9 <= pair.difference <= pair.high + 1e-9
        assert 0 <= pair.p_value <= 1


@settings(max_examples=10, deadline=None)
@given(ARMS)
def test_no_arm_is_preferred(arms: list[tuple[int, int]]) -> None:
    there = aa_test([goals for goals, _ in arms], [people for _, people in arms])
    back = aa_test([goals for goals, _ in arms[::-1]], [people for _, people in arms[::-1]])

    assert there.p_value == (None if back.p_value is None else pytest.approx(back.p_value))
