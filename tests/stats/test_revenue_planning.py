"""The size of a test by money: the formula against its source, the draws against known worlds."""

import numpy as np
import pytest

from core.stats.intervals import Reason
from core.stats.planning import Design
from core.stats.revenue_planning import Floats, RevenuePlan, revenue_plan

HALVES = Design(weights=(1, 1))


def values(people: int = 5_000, *, spread: float = 0.5, rate: float = 0.1) -> Floats:
    random = np.random.default_rng(4)
    spent = np.exp(random.normal(4, spread, people))
    return np.where(np.arange(people) < people * rate, spent, 0.0)


def planned(found: RevenuePlan | Reason) -> RevenuePlan:
    assert isinstance(found, RevenuePlan)
    return found


def test_the_formula_is_that_of_two_means() -> None:
    money = values()

    found = planned(revenue_plan(HALVES, money, None, lift=0.2, runs=50))

    # n = 2 ((z(0.98) + z(0.8)) s / (0.2 m))² per arm; the other tail adds nothing here.
    effect = 0.2 * money.mean() / money.std(ddof=1)
    by_hand = 2 * 2 * ((2.053749 + 0.841621) / effect) ** 2
    assert found.formula_people_count == pytest.approx(by_hand, rel=0.001)


def test_the_draws_agree_with_the_formula_where_values_are_normal_enough() -> None:
    money = values(1_000, spread=0.1, rate=0.4)

    found = planned(revenue_plan(HALVES, money, None, lift=0.2))

    assert found.power.high > 0.78
    assert found.people_count is not None
    assert found.people_count == pytest.approx(found.formula_people_count, rel=0.15)


def test_the_formula_overstates_the_power_of_a_few_large_orders() -> None:
    # A rare large order among small ones, and an effect so large that few people seem enough.
    money = values(4_000, spread=0.2, rate=0.02)
    money[0] = 20_000.0

    found = planned(revenue_plan(HALVES, money, None, lift=3.0))

    assert found.power.high < found.formula_power
    assert found.skewness > 40
    assert found.people_count is None or found.people_count > 1.1 * found.formula_people_count


def test_the_time_before_saves_as_many_people_as_it_explains() -> None:
    random = np.random.default_rng(8)
    money = values()
    before = money + random.normal(0, money.std(), len(money))

    found = planned(revenue_plan(HALVES, money, before, lift=0.2, runs=200))

    assert found.variance_kept == pytest.approx(0.5, abs=0.03)
    assert found.people_count is not None
    assert found.cuped_people_count == pytest.approx(
        found.people_count * (found.variance_kept or 0), abs=1
    )


@pytest.mark.parametrize("before", [None, np.zeros(5_000)])
def test_without_a_time_before_nothing_is_saved(before: Floats | None) -> None:
    found = planned(revenue_plan(HALVES, values(), before, lift=0.2, runs=50))

    assert (found.variance_kept, found.cuped_people_count) == (None, None)


def test_both_ways_of_drawing_give_the_same_power() -> None:
    few, many = values(400), np.tile(values(400), 50)

    # Of 40 buyers many more are drawn than there are; of 2,000 fewer.
    one, other = (
        planned(revenue_plan(HALVES, money, None, lift=0.5, runs=1_000)) for money in (few, many)
    )

    assert one.power.value == pytest.approx(other.power.value, abs=0.06)


def test_the_same_seed_gives_the_same_plan() -> None:
    one, again = (revenue_plan(HALVES, values(), None, lift=0.5, runs=50, seed=3) for _ in range(2))

    assert one == again


@pytest.mark.parametrize(
    ("money", "lift", "reason"),
    [
        (values(200), 0.1, Reason.TOO_FEW_GOALS),
        (-values(), 0.1, Reason.MEAN_NOT_POSITIVE),
        (np.full(100, 5.0), 0.1, Reason.NO_VARIATION),
        (values(rate=0.7), 0.5, Reason.ALL_GOALS),
    ],
)
def test_what_cannot_be_planned_has_a_reason(money: Floats, lift: float, reason: Reason) -> None:
    assert revenue_plan(HALVES, money, None, lift=lift) is reason
