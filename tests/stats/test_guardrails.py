"""Guardrails hold, are violated or stay open, as their one-sided limits say."""

from math import sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from core.stats.conversion import Arm
from core.stats.guardrails import Guardrail, GuardrailState, guard
from core.stats.intervals import Reason

COUNTS = st.integers(1, 5_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def arm(count: int, people: int) -> Arm:
    return Arm(name="arm", people_count=people, goal_count=count)


def guarded(control: tuple[int, int], variant: tuple[int, int], margin: float) -> Guardrail:
    found = guard(arm(*control), arm(*variant), margin=margin)
    assert isinstance(found, Guardrail)
    return found


def wilson(count: int, people: int, z: float) -> tuple[float, float]:
    """Give the roots of (p - x)² = z² x (1 - x) / n, by the quadratic formula."""
    a, b, c = 1 + z**2 / people, -(2 * count / people + z**2 / people), (count / people) ** 2
    root = sqrt(b * b - 4 * a * c)
    return (-b - root) / (2 * a), (-b + root) / (2 * a)


@pytest.mark.parametrize(
    ("variant", "margin", "state"),
    [
        ((50, 10_000), 0.002, GuardrailState.HOLDS),
        ((50, 10_000), 0.001, GuardrailState.OPEN),
        ((60, 10_000), 0.002, GuardrailState.OPEN),
        ((120, 10_000), 0.002, GuardrailState.VIOLATED),
    ],
)
def test_a_guardrail_is_judged_by_its_limits(
    variant: tuple[int, int], margin: float, state: GuardrailState
) -> None:
    assert guarded((50, 10_000), variant, margin).state is state


def test_the_limits_are_newcombes_at_95_percent_each_side() -> None:
    """Independent: Wilson's limits by hand with z = 1.645, squared and added (Newcombe 1998)."""
    z = norm.ppf(0.95)
    (low0, high0), (low1, high1) = wilson(50, 10_000, z), wilson(70, 9_000, z)
    difference = 70 / 9_000 - 50 / 10_000

    found = guarded((50, 10_000), (70, 9_000), 0.01)

    assert found.difference == pytest.approx(difference)
    assert found.low == pytest.approx(
        difference - sqrt((70 / 9_000 - low1) ** 2 + (high0 - 50 / 10_000) ** 2)
    )
    assert found.high == pytest.approx(
        difference + sqrt((high1 - 70 / 9_000) ** 2 + (50 / 10_000 - low0) ** 2)
    )


def test_worse_within_the_margin_holds_and_is_told() -> None:
    found = guarded((500, 100_000), (600, 100_000), 0.005)

    assert found.state is GuardrailState.HOLDS
    assert found.is_worse


def test_no_complaint_at_all_holds_only_with_enough_people() -> None:
    assert guarded((0, 50), (0, 50), 0.001).state is GuardrailState.OPEN
    assert guarded((0, 50_000), (0, 50_000), 0.001).state is GuardrailState.HOLDS


def test_without_people_there_is_a_reason() -> None:
    assert guard(arm(0, 0), arm(1, 10), margin=0.01) is Reason.NO_PEOPLE


def test_a_negative_margin_is_refused() -> None:
    with pytest.raises(ValueError, match="margin -0"):
        guard(arm(1, 10), arm(1, 10), margin=-0.1)


@settings(max_examples=50, deadline=None)
@given(COUNTS, COUNTS, st.floats(0, 0.5))
def test_a_wider_margin_never_makes_a_guardrail_worse(
    control: tuple[int, int], variant: tuple[int, int], margin: float
) -> None:
    order = [GuardrailState.VIOLATED, GuardrailState.OPEN, GuardrailState.HOLDS]

    narrow, wide = (guarded(control, variant, margin + more) for more in (0, 0.1))

    assert order.index(wide.state) >= order.index(narrow.state)
