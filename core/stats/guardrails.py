"""Guardrails: what must not get worse by more than a margin, such as unsubscribes."""

from dataclasses import dataclass
from enum import StrEnum

from core.stats.conversion import Arm, compare
from core.stats.intervals import Reason

CONFIDENCE = 0.95


class GuardrailState(StrEnum):
    """What is known of a guardrail."""

    HOLDS = "holds"
    VIOLATED = "violated"
    OPEN = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Guardrail:
    """A rate of which more is worse: variant minus control, and whether it stays below `margin`.

    `low` and `high` are one-sided limits of `confidence` each; `is_worse` says that the variant is
    worse than the control, be it within the margin.
    """

    control: str
    variant: str
    state: GuardrailState
    difference: float
    low: float
    high: float
    margin: float
    confidence: float
    is_worse: bool


def guard(
    control: Arm, variant: Arm, *, margin: float, confidence: float = CONFIDENCE
) -> Guardrail | Reason:
    """Tell whether the variant's rate is not higher than the control's by `margin` (0.001: 0.1 %).

    Non-inferiority: it holds if the upper one-sided limit of the difference is below the margin, it
    is violated if the lower one is above it, else it is open. The limits are Newcombe's two-sided
    ones of 2 · confidence - 1 (see `conversion`). The promise is one for a test that is read once,
    at its planned end; before, `VIOLATED` is an alarm. Raises ValueError for a margin below 0.
    """
    if margin < 0:
        raise ValueError(f"margin {margin} is below 0")
    found = compare(control, variant, confidence=2 * confidence - 1)
    if isinstance(found, Reason):
        return found
    difference = found.difference
    return Guardrail(
        control=control.name,
        variant=variant.name,
        state=_state(difference.low, difference.high, margin),
        difference=difference.value,
        low=difference.low,
        high=difference.high,
        margin=margin,
        confidence=confidence,
        is_worse=difference.low > 0,
    )


def _state(low: float, high: float, margin: float) -> GuardrailState:
    if high < margin:
        return GuardrailState.HOLDS
    return GuardrailState.VIOLATED if low > margin else GuardrailState.OPEN
