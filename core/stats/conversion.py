"""Two arms of a test compared by the share of people who reached a goal."""

from dataclasses import dataclass

from scipy.stats import norm
from statsmodels.stats.proportion import (
    confint_proportions_2indep,
    proportion_confint,
    proportions_ztest,
)

from core.stats.intervals import IntervalEstimate, Reason
from core.stats.relative import ratio_interval

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """A variant's people whose window has ended, and how many of them reached the goal.

    `weight` is its share by design, in any unit. Raises ValueError for impossible counts.
    """

    name: str
    people_count: int
    goal_count: int
    weight: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.goal_count <= self.people_count:
            raise ValueError(f"{self.goal_count} of {self.people_count} people in {self.name!r}")
        if not self.weight > 0:
            raise ValueError(f"weight {self.weight} of {self.name!r} is not above 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """A variant beside the control: all differences are variant minus control.

    `difference` has Newcombe's interval, `lift` (relative, 0.12 is +12 %) Koopman's, `wald` is the
    difference once more with the simple interval that other tools show. `z` and `p_value` are those
    of a test that is read once, at its planned end. `lift` leaves 0 out exactly where the p-value
    is below 1 - confidence.
    """

    control: str
    variant: str
    control_rate: IntervalEstimate
    variant_rate: IntervalEstimate
    difference: IntervalEstimate
    wald: IntervalEstimate
    lift: IntervalEstimate | Reason
    z: float | Reason
    p_value: float | Reason


def rate(arm: Arm, *, confidence: float = CONFIDENCE) -> IntervalEstimate | Reason:
    """Estimate the share of people who reached the goal, with Wilson's score interval.

    E. B. Wilson, J. Am. Stat. Assoc. 22 (1927), 209-212. Library: statsmodels
    `proportion_confint(method="wilson")`; its rounding is taken back, so that the rate lies within.
    """
    if arm.people_count == 0:
        return Reason.NO_PEOPLE
    return _rate(arm, confidence)


def compare(control: Arm, variant: Arm, *, confidence: float = CONFIDENCE) -> Contrast | Reason:
    """Compare a variant with the control, for a test that is read once; a reason without people."""
    if control.people_count == 0 or variant.people_count == 0:
        return Reason.NO_PEOPLE
    z = z_value(control, variant)
    return Contrast(
        control=control.name,
        variant=variant.name,
        control_rate=_rate(control, confidence),
        variant_rate=_rate(variant, confidence),
        difference=_difference(control, variant, confidence, "newcomb"),
        wald=_difference(control, variant, confidence, "wald"),
        lift=relative_lift(control, variant, confidence=confidence),
        z=z,
        p_value=z if isinstance(z, Reason) else float(2 * norm.sf(abs(z))),
    )


def z_value(control: Arm, variant: Arm) -> float | Reason:
    """Give z of the two-proportion test with the pooled rate: (p1 - p0) / √(p(1-p)(1/n1 + 1/n0)).

    J. L. Fleiss, Statistical Methods for Rates and Proportions. Library: statsmodels
    `proportions_ztest`. A reason where nobody or everybody reached the goal: there is no error.
    """
    people = control.people_count + variant.people_count
    goals = control.goal_count + variant.goal_count
    if min(control.people_count, variant.people_count) == 0:
        return Reason.NO_PEOPLE
    if goals in (0, people):
        return Reason.ALL_GOALS if goals else Reason.NO_GOALS
    counts = [variant.goal_count, control.goal_count]
    return float(proportions_ztest(counts, [variant.people_count, control.people_count])[0])


def relative_lift(
    control: Arm, variant: Arm, *, confidence: float = CONFIDENCE
) -> IntervalEstimate | Reason:
    """Estimate variant rate / control rate - 1 with Koopman's score interval (see `relative`).

    A variant without goals has a lift of -1 and an upper limit; a control without goals has none.
    """
    if control.people_count == 0 or variant.people_count == 0:
        return Reason.NO_PEOPLE
    if control.goal_count == 0:
        return Reason.NO_GOALS_IN_CONTROL if variant.goal_count else Reason.NO_GOALS
    low, high = ratio_interval(
        variant.goal_count,
        variant.people_count,
        control.goal_count,
        control.people_count,
        confidence=confidence,
    )
    control_rate = control.goal_count / control.people_count
    value = variant.goal_count / variant.people_count / control_rate - 1
    return IntervalEstimate(
        value=value, low=min(value, low - 1), high=max(value, high - 1), confidence=confidence
    )


def _rate(arm: Arm, confidence: float) -> IntervalEstimate:
    value = arm.goal_count / arm.people_count
    low, high = proportion_confint(
        arm.goal_count, arm.people_count, alpha=1 - confidence, method="wilson"
    )
    return IntervalEstimate(
        value=value,
        low=min(value, max(0.0, float(low))),
        high=max(value, min(1.0, float(high))),
        confidence=confidence,
    )


def _difference(control: Arm, variant: Arm, confidence: float, method: str) -> IntervalEstimate:
    """Estimate variant rate - control rate by Newcombe's hybrid of Wilson's limits, or by Wald.

    R. G. Newcombe, Statistics in Medicine 17 (1998), 873-890, method 10; Wald's is the difference
    ± z √(p1(1-p1)/n1 + p0(1-p0)/n0). Library: statsmodels `confint_proportions_2indep`.
    """
    low, high = confint_proportions_2indep(
        variant.goal_count,
        variant.people_count,
        control.goal_count,
        control.people_count,
        method=method,
        compare="diff",
        alpha=1 - confidence,
    )
    value = variant.goal_count / variant.people_count - control.goal_count / control.people_count
    return IntervalEstimate(
        value=value, low=min(value, float(low)), high=max(value, float(high)), confidence=confidence
    )
