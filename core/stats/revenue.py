"""Two arms compared by what each person brought on average, whether they bought or not."""

from dataclasses import dataclass
from math import ceil, isfinite

import numpy as np
from numpy.typing import NDArray
from scipy.stats import skew
from tea_tasting.aggr import Aggregates
from tea_tasting.metrics.mean import Mean, MeanResult

from core.stats.conversion import CONFIDENCE
from core.stats.intervals import IntervalEstimate, Reason

Floats = NDArray[np.float64]

_VALUE, _COVARIATE = "value", "covariate"
_LEAST_PEOPLE = 2  # for a variance
_PEOPLE_PER_SKEWNESS = 355


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueArm:
    """An arm's people whose window has ended, and the moments of what each of them brought.

    Variances and the covariance divide by people - 1. The covariate is what the same person brought
    before they entered; without it its three fields are None. `skewness` is that of the values.
    """

    name: str
    people_count: int
    mean: float
    variance: float
    covariate_mean: float | None = None
    covariate_variance: float | None = None
    covariance: float | None = None
    skewness: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanEffect:
    """The variant's mean minus the control's, and relative to it, for a test that is read once.

    `variance_kept` is what is left of the difference's variance, 1 if nothing was adjusted.
    """

    difference: IntervalEstimate
    lift: IntervalEstimate | Reason
    p_value: float
    variance_kept: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueContrast:
    """Two arms' means, compared as they are (Welch) and adjusted for the time before (CUPED).

    `people_needed` is how many people per arm it takes before such skewed values have means that
    are normal enough for the intervals, and `is_heavy_tailed` whether there are fewer; None where
    the skewness is not known.
    """

    control: str
    variant: str
    control_mean: float
    variant_mean: float
    welch: MeanEffect
    cuped: MeanEffect | Reason
    people_needed: int | None
    is_heavy_tailed: bool | None

    @property
    def best(self) -> MeanEffect:
        """Give the more precise comparison: adjusted where the time before is known."""
        return self.welch if isinstance(self.cuped, Reason) else self.cuped


def value_arm(name: str, values: Floats, covariate: Floats | None = None) -> ValueArm:
    """Take the moments of what each person brought (shape: people; 0 for those who did not buy)."""
    count = len(values)
    if count < _LEAST_PEOPLE:
        return ValueArm(
            name=name, people_count=count, mean=float(values.sum()) / max(1, count), variance=0.0
        )
    arm = ValueArm(
        name=name,
        people_count=count,
        mean=float(values.mean()),
        variance=float(values.var(ddof=1)),
        skewness=float(skew(values)) if np.ptp(values) > 0 else None,
    )
    return arm if covariate is None else _with_covariate(arm, values, covariate)


def compare_values(
    control: ValueArm, variant: ValueArm, *, confidence: float = CONFIDENCE
) -> ValueContrast | Reason:
    """Compare the means of two arms; a reason with fewer than two people in one or no variation.

    Welch's t test (B. L. Welch, Biometrika 34, 1947) and, where both arms have a covariate, CUPED:
    the same on value - θ (covariate - its mean), θ = covariance / variance over both arms (A. Deng
    et al., WSDM 2013). Library: tea-tasting `Mean(covariate=…)` on `Aggregates`.
    """
    if min(control.people_count, variant.people_count) < _LEAST_PEOPLE:
        return Reason.TOO_FEW_PEOPLE
    if control.variance == 0 and variant.variance == 0:
        return Reason.NO_VARIATION
    welch = _effect(control, variant, confidence, None)
    needed = _people_needed(control, variant)
    fewest = min(control.people_count, variant.people_count)
    return ValueContrast(
        control=control.name,
        variant=variant.name,
        control_mean=control.mean,
        variant_mean=variant.mean,
        welch=welch,
        cuped=_adjusted(control, variant, confidence, welch),
        people_needed=needed,
        is_heavy_tailed=None if needed is None else fewest < needed,
    )


def _with_covariate(arm: ValueArm, values: Floats, covariate: Floats) -> ValueArm:
    together = np.cov(values, covariate)
    return ValueArm(
        name=arm.name,
        people_count=arm.people_count,
        mean=arm.mean,
        variance=arm.variance,
        skewness=arm.skewness,
        covariate_mean=float(covariate.mean()),
        covariate_variance=float(together[1, 1]),
        covariance=float(together[0, 1]),
    )


def _adjusted(
    control: ValueArm, variant: ValueArm, confidence: float, welch: MeanEffect
) -> MeanEffect | Reason:
    variances = (control.covariate_variance, variant.covariate_variance)
    if None in variances:
        return Reason.NO_COVARIATE
    if max(variance for variance in variances if variance is not None) == 0:
        return Reason.NO_VARIATION
    return _effect(control, variant, confidence, welch)


def _effect(
    control: ValueArm, variant: ValueArm, confidence: float, unadjusted: MeanEffect | None
) -> MeanEffect:
    """Compare with the covariate if there is an unadjusted effect to hold it against."""
    covariate = None if unadjusted is None else _COVARIATE
    metric = Mean(
        _VALUE,
        covariate,
        alternative="two-sided",
        confidence_level=confidence,
        equal_var=False,
        use_t=True,
    )
    found = metric.analyze_aggregates(_aggregates(control), _aggregates(variant))
    difference = IntervalEstimate(
        value=float(found.effect_size),
        low=float(found.effect_size_ci_lower),
        high=float(found.effect_size_ci_upper),
        confidence=confidence,
    )
    kept = 1.0 if unadjusted is None else _squared_width_ratio(difference, unadjusted.difference)
    return MeanEffect(
        difference=difference,
        lift=_lift(found, confidence),
        p_value=float(found.pvalue),
        variance_kept=kept,
    )


def _lift(found: MeanResult, confidence: float) -> IntervalEstimate | Reason:
    """Estimate variant mean / control mean - 1, normal on the log scale (delta method).

    A. Deng, U. Knoblich, J. Lu, KDD 2018. Means that are not above 0 have no logarithm.
    """
    limits = (found.rel_effect_size_ci_lower, found.rel_effect_size_ci_upper)
    if min(found.control, found.treatment) <= 0 or not all(isfinite(limit) for limit in limits):
        return Reason.MEAN_NOT_POSITIVE
    return IntervalEstimate(
        value=float(found.rel_effect_size),
        low=float(limits[0]),
        high=float(limits[1]),
        confidence=confidence,
    )


def _squared_width_ratio(one: IntervalEstimate, other: IntervalEstimate) -> float:
    return ((one.high - one.low) / (other.high - other.low)) ** 2


def _aggregates(arm: ValueArm) -> Aggregates:
    covariate_mean, covariate_variance = arm.covariate_mean or 0.0, arm.covariate_variance or 0.0
    return Aggregates(
        count_=arm.people_count,
        mean_={_VALUE: arm.mean, _COVARIATE: covariate_mean},
        var_={_VALUE: arm.variance, _COVARIATE: covariate_variance},
        cov_={(_COVARIATE, _VALUE): arm.covariance or 0.0},
    )


def _people_needed(control: ValueArm, variant: ValueArm) -> int | None:
    """Give how many people an arm needs for a normal mean: 355 · skewness².

    R. Kohavi et al., Seven rules of thumb for web site experimenters, KDD 2014, rule 7.
    """
    found = [abs(arm.skewness) for arm in (control, variant) if arm.skewness is not None]
    return ceil(_PEOPLE_PER_SKEWNESS * max(found) ** 2) if found else None
