"""People a test takes, against published answers, and what must hold of any plan."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.stats.intervals import Reason
from core.stats.planning import (
    Design,
    SampleSize,
    lift_grid,
    power_of,
    sample_size,
    smallest_lift,
)

HALVES = Design(weights=(1, 1))


def at_five_percent(power: float = 0.8) -> Design:
    """Plan at 0.05, as the examples of textbooks do: nobody looks before the end."""

    class Fixed(Design):
        @property
        def alpha(self) -> float:
            return 0.05

    return Fixed(weights=(1, 1), power=power)


def size(design: Design, *, rate: float, lift: float) -> SampleSize:
    found = sample_size(design, rate=rate, lift=lift)
    assert isinstance(found, SampleSize)
    return found


@pytest.mark.parametrize(
    ("rate", "other", "power", "per_arm"),
    [
        # R, ?power.prop.test, examples: p1 = .50, p2 = .75, power = .90 gives n = 76.7.
        (0.50, 0.75, 0.90, 76.7),
        # R, power.prop.test(p1 = .15, p2 = .30, power = .85) gives n = 137.604 (R 4.3).
        (0.15, 0.30, 0.85, 137.604),
        # OpenEpi, sample size for cohort studies, 10 % against 20 % at power .80: Fleiss 199
        # (219 with his correction for continuity, which z at the planned end does not make).
        (0.10, 0.20, 0.80, 199.02),
    ],
)
def test_the_size_at_five_percent_is_the_published_one(
    rate: float, other: float, power: float, per_arm: float
) -> None:
    design = Design(weights=(1, 1), power=power)

    found = size(design, rate=rate, lift=other / rate - 1)

    assert found.fixed_people_count / 2 == pytest.approx(per_arm, abs=0.5)


def test_the_power_at_five_percent_is_the_published_one() -> None:
    # R, ?power.prop.test, examples: n = 50, p1 = .50, p2 = .75 gives power = 0.740.
    found = power_of(at_five_percent(), rate=0.5, lift=0.5, people_count=100)

    assert found == pytest.approx(0.740, abs=0.0005)


def test_the_smallest_difference_at_five_percent_is_the_published_one() -> None:
    # R, ?power.prop.test, examples: n = 50, p1 = .5, power = .90 gives p2 = 0.8026.
    found = smallest_lift(at_five_percent(power=0.9), rate=0.5, people_count=100)

    assert found is not None
    assert 0.5 * (1 + found) == pytest.approx(0.8026, abs=0.0001)


def test_the_size_is_that_of_the_formula_at_four_percent() -> None:
    # Worked out by hand: z(0.98) = 2.053749, z(0.8) = 0.841621, rates 0.04 and 0.044.
    error = 2.053749 * (2 * 0.042 * 0.958) ** 0.5
    error += 0.841621 * (0.04 * 0.96 + 0.044 * 0.956) ** 0.5
    by_hand = (error / 0.004) ** 2

    found = size(HALVES, rate=0.04, lift=0.1)

    assert found.per_arm == (int(np.ceil(by_hand)),) * 2
    assert found.alpha == 0.04


def test_the_planned_people_give_the_planned_power_to_every_contrast() -> None:
    design = Design(weights=(2, 1, 3), power=0.9)

    found = size(design, rate=0.1, lift=0.15)

    assert design.alpha == 0.02
    assert power_of(design, rate=0.1, lift=0.15, people_count=found.people_count) == pytest.approx(
        0.9, abs=0.001
    )
    assert found.per_arm == tuple(
        pytest.approx(found.people_count * share, abs=1) for share in design.shares
    )


def test_looking_every_day_costs_people() -> None:
    found = size(HALVES, rate=0.05, lift=0.1)

    assert 1.0 < found.people_count / found.fixed_people_count < 1.1


def test_what_cannot_be_planned_has_a_reason() -> None:
    assert sample_size(HALVES, rate=0.0, lift=0.1) is Reason.NO_GOALS
    assert sample_size(HALVES, rate=1.0, lift=0.1) is Reason.ALL_GOALS
    assert sample_size(HALVES, rate=0.6, lift=0.7) is Reason.ALL_GOALS
    assert smallest_lift(HALVES, rate=0.9, people_count=10) is None
    assert smallest_lift(HALVES, rate=0.1, people_count=0) is None


@pytest.mark.parametrize("lift", [0.0, -1.5])
def test_no_effect_cannot_be_looked_for(lift: float) -> None:
    with pytest.raises(ValueError, match="lift"):
        sample_size(HALVES, rate=0.1, lift=lift)


@pytest.mark.parametrize(
    "wrong", [{"weights": (1,)}, {"weights": (1, 0)}, {"weights": (1, 1), "power": 1.0}]
)
def test_an_impossible_design_is_refused(wrong: dict[str, tuple[float, ...]]) -> None:
    with pytest.raises(ValueError, match=r"weights|power"):
        Design(**wrong)  # type: ignore[arg-type]  # wrong on purpose


quick = settings(max_examples=40, deadline=None)
rates = st.floats(0.005, 0.4)
lifts = st.floats(0.02, 0.5)
designs = st.builds(
    Design,
    weights=st.lists(st.sampled_from([1.0, 2.0, 5.0]), min_size=2, max_size=4).map(tuple),
    power=st.floats(0.5, 0.95),
)


@quick
@given(designs, rates, lifts, st.floats(1.05, 2))
def test_a_larger_effect_never_takes_more_people(
    design: Design, rate: float, lift: float, times: float
) -> None:
    one, other = (size(design, rate=rate, lift=each) for each in (lift, lift * times))

    assert other.people_count <= one.people_count


@quick
@given(designs, rates, lifts)
def test_the_smallest_lift_of_the_planned_people_is_the_planned_one(
    design: Design, rate: float, lift: float
) -> None:
    planned = size(design, rate=rate, lift=lift)

    found = smallest_lift(design, rate=rate, people_count=planned.people_count)

    assert found == pytest.approx(lift, rel=0.02)


@quick
@given(rates, st.floats(100, 100_000))
def test_more_people_show_smaller_lifts(rate: float, people: float) -> None:
    few, many = (smallest_lift(HALVES, rate=rate, people_count=n) for n in (people, people * 2))

    assert few is None or (many is not None and many < few)


@quick
@given(st.floats(0.05, 0.4), st.floats(0.05, 0.3))
def test_one_variant_more_takes_more_people(rate: float, lift: float) -> None:
    two, three = (
        size(Design(weights=(1,) * count), rate=rate, lift=lift).people_count for count in (2, 3)
    )

    assert three > two


@quick
@given(rates, st.one_of(lifts, st.floats(-0.9, -0.05)))
def test_the_lifts_of_a_curve_go_up_to_twice_the_planned_one(rate: float, lift: float) -> None:
    grid = lift_grid(lift, rate=rate)

    assert all(abs(one) < abs(other) for one, other in pairwise(grid))
    assert all(rate * (1 + each) < 1 and each >= -1 for each in grid)
    assert 0 < grid[0] / lift <= grid[-1] / lift <= 2 + 1e-9
