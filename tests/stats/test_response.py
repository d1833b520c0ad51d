"""An assumed response follows from the assumptions alone, and says so."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from core.stats.response import (
    ArmSends,
    AssumedArm,
    AssumedFigure,
    Assumptions,
    Rate,
    Uplift,
    UpliftKind,
    simulate,
)

RATES = Assumptions(
    opened=Rate(value=0.2, low=0.15, high=0.26), clicked=Rate(value=0.03, low=0.02, high=0.05)
)
EXACT = Assumptions(opened=Rate.exactly(0.2), clicked=Rate.exactly(0.03))


def uplift(value: float, kind: UpliftKind, half_life: timedelta | None = None) -> Uplift:
    return Uplift(value=value, low=value, high=value, kind=kind, half_life=half_life)


def arm(name: str = "now", delay: float = 0.0, goals: int = 1_000) -> ArmSends:
    """Ten thousand recipients, of whom one in ten reaches the goal anyway."""
    return ArmSends(
        name=name,
        sent_count=10_000,
        delays=np.full(10_000, delay),
        decided_count=10_000,
        goal_count=goals,
    )


def simulated(assumptions: Assumptions, *arms: ArmSends, seed: int = 0) -> list[AssumedArm]:
    return simulate(arms or [arm()], assumptions, seed=seed)


def goals(assumed: Uplift, sends: ArmSends) -> AssumedFigure:
    found = simulated(replace(EXACT, uplift=assumed), sends)[0].additional_goals
    assert found is not None
    return found


def test_rates_taken_for_certain_leave_the_chance_of_each_mail() -> None:
    found = simulated(EXACT)[0]

    low, high = binom.ppf([0.025, 0.975], 10_000, 0.2)
    assert found.opens.expected == pytest.approx(2_000, rel=0.005)
    assert (found.opens.low, found.opens.high) == pytest.approx((low, high), abs=8)
    low, high = binom.ppf([0.025, 0.975], 10_000, 0.03)
    assert (found.clicks.low, found.clicks.high) == pytest.approx((low, high), abs=5)


def test_rates_that_are_not_certain_widen_the_interval_to_theirs() -> None:
    found = simulated(RATES, replace(arm(), sent_count=10_000_000))[0]

    assert found.opens.low == pytest.approx(1_500_000, rel=0.02)
    assert found.opens.high == pytest.approx(2_600_000, rel=0.02)


@given(st.floats(0, 1), st.floats(0, 1), st.integers(0, 1_000))
def test_no_more_is_clicked_than_opened_nor_opened_than_sent(
    one: float, two: float, sent_count: int
) -> None:
    assumed = Assumptions(
        opened=Rate(value=max(one, two), low=0, high=1),
        clicked=Rate(value=min(one, two), low=0, high=1),
    )

    found = simulated(assumed, replace(arm(), sent_count=sent_count))[0]

    assert 0 <= found.clicks.expected <= found.opens.expected <= sent_count
    assert found.clicks.high <= found.opens.high <= sent_count


def test_an_uplift_is_a_share_of_the_natural_rate_or_points_on_top() -> None:
    relative = goals(uplift(0.2, UpliftKind.RELATIVE), arm())
    absolute = goals(uplift(0.02, UpliftKind.ABSOLUTE), arm())

    assert relative.expected == pytest.approx(10_000 * 0.1 * 0.2, rel=0.02)
    assert absolute.expected == pytest.approx(10_000 * 0.02, rel=0.02)
    assert relative.low < relative.expected < relative.high


def test_the_effect_halves_with_every_half_life() -> None:
    day = timedelta(hours=24)

    at_once, a_day, two_days = (
        goals(uplift(0.5, UpliftKind.RELATIVE, day), arm(delay=hours)).expected
        for hours in (0, 24, 48)
    )

    assert a_day == pytest.approx(at_once / 2, rel=0.03)
    assert two_days == pytest.approx(at_once / 4, rel=0.03)


def test_no_uplift_can_bring_more_people_than_are_left_nor_lose_more_than_there_were() -> None:
    most = goals(uplift(5.0, UpliftKind.ABSOLUTE), arm())
    least = goals(uplift(-5.0, UpliftKind.RELATIVE), arm())

    assert most.expected == pytest.approx(9_000, rel=0.01)
    assert least.expected == pytest.approx(-1_000, rel=0.05)


def test_without_an_uplift_or_a_natural_rate_no_goals_are_told() -> None:
    nobody = replace(arm(), decided_count=0, goal_count=0)

    assert simulated(EXACT)[0].additional_goals is None
    assumed = replace(EXACT, uplift=uplift(0.1, UpliftKind.RELATIVE))
    assert simulated(assumed, nobody)[0].additional_goals is None


def test_a_natural_rate_known_from_few_people_makes_wide_intervals() -> None:
    few = goals(uplift(0.5, UpliftKind.RELATIVE), replace(arm(), decided_count=20, goal_count=2))
    many = goals(uplift(0.5, UpliftKind.RELATIVE), arm())

    assert few.high - few.low > 5 * (many.high - many.low)


def test_an_arms_figures_depend_on_neither_order_nor_company() -> None:
    assumed = replace(RATES, uplift=uplift(0.1, UpliftKind.RELATIVE))
    one, two = arm("now"), arm("later", delay=24)

    there, back = simulated(assumed, one, two), simulated(assumed, two, one)

    assert there == back[::-1]
    assert simulated(assumed, two) == [there[1]]


def test_the_seed_decides_the_draws() -> None:
    assert simulated(RATES, seed=1) == simulated(RATES, seed=1)
    assert simulated(RATES, seed=1) != simulated(RATES, seed=2)


def test_every_figure_is_labelled_and_carries_its_assumptions() -> None:
    opened = Rate(value=0.2, low=0.15, high=0.26, source="observed on 900 e-mails")
    half_life = timedelta(hours=36)
    assumed = replace(RATES, opened=opened, uplift=uplift(0.1, UpliftKind.RELATIVE, half_life))

    found = simulated(assumed)[0]

    assert found.assumed is True
    assert found.assumptions == [
        "20 % (15 to 26 %) of the mails are opened (observed on 900 e-mails).",
        "3 % (2 to 5 %) of the mails are clicked (your figure).",
        "After a mail people reach the goal 10 % more often (your figure).",
        "The effect halves with every 36 hours between trigger and mail.",
        "Only the first mail after a trigger counts, and who has the goal already does not.",
    ]


@pytest.mark.parametrize(
    ("value", "low", "high"), [(0.5, 0.6, 0.7), (0.5, 0.2, 0.4), (-0.1, -0.1, 0), (1, 1, 1.1)]
)
def test_a_rate_lies_within_its_interval_and_that_within_0_and_1(
    value: float, low: float, high: float
) -> None:
    with pytest.raises(ValueError, match="between"):
        Rate(value=value, low=low, high=high)


def test_more_clicks_than_opens_are_refused() -> None:
    with pytest.raises(ValueError, match="share of the mails sent"):
        Assumptions(opened=Rate.exactly(0.1), clicked=Rate.exactly(0.2))
