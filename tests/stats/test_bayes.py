"""Chances to win and expected losses are exact, for two arms and for more."""

from fractions import Fraction
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import betaln

from core.stats.bayes import chance_to_win, chances_to_win, expected_loss, expected_losses
from core.stats.conversion import Arm
from core.stats.intervals import Reason

COUNTS = st.integers(1, 2_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
FEW = st.integers(1, 12).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def arm(goals: int, people: int) -> Arm:
    return Arm(name="arm", people_count=people, goal_count=goals)


def arms(*counts: tuple[int, int]) -> list[Arm]:
    return [arm(*each) for each in counts]


def known(found: list[float] | Reason) -> list[float]:
    assert not isinstance(found, Reason)
    return found


def exact_chance(control: tuple[int, int], variant: tuple[int, int]) -> Fraction:
    """Give P(variant > control) in fractions.

    With whole numbers Beta(a, b) at x is the chance of at least a of a + b - 1, so that the chance
    is a sum over the control's binomial terms, each integrated with the variant's density.
    """
    a, b = control[0] + 1, control[1] - control[0] + 1
    c, d = variant[0] + 1, variant[1] - variant[0] + 1
    n = a + b - 1
    terms = (comb(n, i) * whole_beta(c + i, d + n - i) for i in range(a, n + 1))
    return sum(terms, Fraction(0)) / whole_beta(c, d)


def whole_beta(a: int, b: int) -> Fraction:
    return Fraction(1, (a + b - 1) * comb(a + b - 2, a - 1))


@settings(max_examples=30, deadline=None)
@given(FEW, FEW)
def test_the_chance_of_small_counts_is_that_of_exact_fractions(
    control: tuple[int, int], variant: tuple[int, int]
) -> None:
    found = chance_to_win(arm(*control), arm(*variant))

    assert found == pytest.approx(float(exact_chance(control, variant)), abs=1e-12)


@pytest.mark.parametrize(
    ("control", "variant"),
    [((100, 1_000), (120, 1_000)), ((5_000, 1_000_000), (5_100, 1_000_000)), ((3, 40), (9, 5_000))],
)
def test_the_chance_is_that_of_the_closed_sum(
    control: tuple[int, int], variant: tuple[int, int]
) -> None:
    """E. Miller, Formulas for Bayesian A/B testing (2014), with Beta(1, 1) before."""
    a, b = control[0] + 1, control[1] - control[0] + 1
    c, d = variant[0] + 1, variant[1] - variant[0] + 1
    i = np.arange(c)
    expected = np.exp(betaln(a + i, d + b) - np.log(d + i) - betaln(1 + i, d) - betaln(a, b)).sum()

    assert chance_to_win(arm(*control), arm(*variant)) == pytest.approx(expected, abs=1e-8)


def test_one_miss_against_one_goal_comes_out_as_by_hand() -> None:
    """Densities 2(1 - x) and 2x: ∫ 2x (2x - x²) dx = 5/6, ∫ (2x - x²)(1 - x²) dx = 11/30."""
    pair = arms((0, 1), (1, 1))

    assert known(chances_to_win(pair)) == pytest.approx([1 / 6, 5 / 6])
    assert known(expected_losses(pair)) == pytest.approx([11 / 30, 1 / 30])
    assert expected_loss(*pair) == pytest.approx(1 / 30)


def test_arms_that_are_alike_share_the_chance() -> None:
    assert known(chances_to_win(arms((7, 90), (7, 90), (7, 90)))) == pytest.approx([1 / 3] * 3)


def test_three_arms_agree_with_draws() -> None:
    """Independent: 400,000 draws of the three rates (seed 1), within four standard errors."""
    counts = [(40, 1_000), (55, 1_100), (30, 600)]
    random = np.random.default_rng(1)
    drawn = np.array([random.beta(g + 1, n - g + 1, 400_000) for g, n in counts])
    winners = [float((drawn.argmax(axis=0) == place).mean()) for place in range(3)]
    losses = [float((drawn.max(axis=0) - rates).mean()) for rates in drawn]

    assert known(chances_to_win(arms(*counts))) == pytest.approx(winners, abs=0.0032)
    assert known(expected_losses(arms(*counts))) == pytest.approx(losses, rel=0.02)


@settings(max_examples=30, deadline=None)
@given(st.lists(COUNTS, min_size=2, max_size=4))
def test_chances_add_up_and_the_difference_of_losses_is_that_of_the_means(
    counts: list[tuple[int, int]],
) -> None:
    chances, losses = known(chances_to_win(arms(*counts))), known(expected_losses(arms(*counts)))

    means = [(g + 1) / (n + 2) for g, n in counts]
    assert sum(chances) == pytest.approx(1)
    assert min(losses) >= 0
    assert [mean + loss for mean, loss in zip(means, losses, strict=True)] == pytest.approx(
        [means[0] + losses[0]] * len(means)
    )


@settings(max_examples=20, deadline=None)
@given(COUNTS, st.integers(0, 1_998))
def test_one_more_goal_raises_the_chance(control: tuple[int, int], goals: int) -> None:
    less, more = (chance_to_win(arm(*control), arm(goals + n, 2_000)) for n in (0, 1))

    assert isinstance(less, float)
    assert isinstance(more, float)
    assert more >= less - 1e-12


def test_small_losses_are_not_lost_to_rounding() -> None:
    """A winner by far: what choosing it costs is far below the rounding of the rates."""
    found = expected_loss(arm(10_000, 1_000_000), arm(12_000, 1_000_000))

    assert isinstance(found, float)
    assert 0 < found < 1e-30


def test_without_people_there_is_a_reason() -> None:
    nobody = arms((0, 0), (3, 10))

    assert chances_to_win(nobody) is Reason.NO_PEOPLE
    assert expected_losses(nobody) is Reason.NO_PEOPLE
    assert chance_to_win(*nobody) is Reason.NO_PEOPLE
    assert expected_loss(*nobody) is Reason.NO_PEOPLE
    assert chances_to_win([]) is Reason.NO_PEOPLE
