"""An always-valid test of two arms, on nothing but which arm each converter belongs to.

If an arm changes nothing, each further converter (a person of one of the two arms who reached the
goal) belongs to the variant with the chance that the design gave it, whatever happened before. The
e-value is how many times likelier another share explains what was seen; its average is 1 at any
moment if nothing differs, so that it ever reaches 100 in at most 1 of 100 such tests (J. Ville,
1939), however often somebody looks. Natural ups and downs of traffic and of the goal's rate cancel,
for they meet both arms.

The order matters: converters come in the order in which their windows ended, and only once they
ended. In order of conversion a variant that is merely earlier would seem to be better.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln, expit, log_expit, logit

from core.stats.intervals import IntervalEstimate, Reason

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
Bools = NDArray[np.bool_]

ANYTIME_ALARM = 0.01
END_ALARM = 0.04
CONFIDENCE = 1 - END_ALARM
LARGEST_E_VALUE = 1e300

# What lifts are expected before the first converter: the logarithm of the ratio of rates lies
# around 0 with about this standard deviation. It decides how soon which lift is found, not how
# often there is a false alarm (docs/calibration.md has both).
_EXPECTED_SPREAD = 0.2
_WIDEST = 40.0  # of the logarithm of a ratio
_HALVINGS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Converters of two arms who were assigned under the same weights.

    `variant_share` is the variant's weight divided by both arms' weights. Raises ValueError for
    counts below 0 and shares that are not between 0 and 1.
    """

    control_goals: int
    variant_goals: int
    variant_share: float

    def __post_init__(self) -> None:
        if min(self.control_goals, self.variant_goals) < 0:
            raise ValueError(f"negative count in {self}")
        _check_shares(np.array([self.variant_share]))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Looks:
    """What was known at each look (shape: looks).

    `lift` is the estimate from the counts then; `low` and `high` are what no interval so far has
    excluded. All three are NaN where they are not known, for these arrays are drawn as lines.
    """

    converter_count: Counts
    e_value: Floats
    largest_e_value: Floats
    lift: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Converters:
    """Converters of each arm at some moments (shape: moments, shares), and the variant's shares."""

    variant: Floats
    control: Floats
    shares: Floats

    def at(self, moments: Counts) -> "_Converters":
        """Choose some of the moments."""
        return _Converters(
            variant=self.variant[moments], control=self.control[moments], shares=self.shares
        )


def e_value(periods: Sequence[Period]) -> float:
    """Give how many times likelier the arms differ than not, averaged over expected lifts.

    ∫ θ^s (1-θ)^f dBeta(θ) / (h^s (1-h)^f) for s converters of the variant, f of the control and the
    variant's share h by design: a mixture of likelihood ratios (H. Robbins, Ann. Math. Stat. 41,
    1970), the Beta distribution being centred on h. Periods of different shares are multiplied. 1
    without converters. Library: scipy `betaln`.
    """
    return float(_e_values(_in_periods(periods))[0])


def always_valid_lift(
    periods: Sequence[Period], *, confidence: float = CONFIDENCE
) -> IntervalEstimate | Reason:
    """Estimate the relative lift with an interval that holds it at all looks together.

    The lifts whose e-value, taken against them, is below 1 / (1 - confidence): a confidence
    sequence (D. Darling, H. Robbins, PNAS 58, 1967; S. Howard et al., Ann. Stat. 49, 2021). The
    promise: in `confidence` of all tests it holds the true lift at every look that anybody ever
    takes, if that lift does not change over time. The value weighs people by design, so that it may
    differ a little from the ratio of the rates.
    """
    converters = _in_periods(periods)
    if converters.control.sum() == 0:
        has_goals = converters.variant.sum() > 0
        return Reason.NO_GOALS_IN_CONTROL if has_goals else Reason.NO_GOALS
    low, high = _limits(converters, confidence)
    if not low[0] <= high[0]:
        return Reason.EMPTY
    value = float(np.clip(_lift(converters)[0], low[0], high[0]))
    return IntervalEstimate(
        value=value, low=float(low[0]), high=float(high[0]), confidence=confidence
    )


def e_process(is_variant: Bools, variant_share: float | Floats) -> Floats:
    """Give the e-value after each converter (shape: converters); see `e_value`.

    `is_variant` tells the arm of each in the order in which their windows ended, `variant_share`
    the variant's share by design when each was assigned (one for all, or shape: converters).
    """
    return _e_values(_in_order(is_variant, variant_share))[1:]


def look_at(
    is_variant: Bools,
    variant_share: float | Floats,
    ends: Counts,
    *,
    confidence: float = CONFIDENCE,
) -> Looks:
    """Tell what was known at each look: e-values, and intervals as of `always_valid_lift`.

    `ends` (shape: looks) counts the converters known at each look and never falls. The largest
    e-value is over all converters so far, whether or not anybody looked then.
    """
    course = _in_order(is_variant, variant_share)
    e_values = _e_values(course)
    converters = course.at(ends)
    low, high = _limits_so_far(course, e_values, ends, confidence)
    is_known = (converters.control.sum(axis=1) > 0) & (low <= high)
    return Looks(
        converter_count=np.asarray(ends, dtype=np.int64),
        e_value=e_values[ends],
        largest_e_value=np.maximum.accumulate(e_values)[ends],
        lift=np.where(converters.control.sum(axis=1) > 0, _lift(converters), np.nan),
        low=np.where(is_known, low, np.nan),
        high=np.where(is_known, high, np.nan),
    )


def _in_periods(periods: Sequence[Period]) -> _Converters:
    """Add up periods of equal shares; one moment."""
    shares = sorted({period.variant_share for period in periods}) or [0.5]
    variant, control = np.zeros((1, len(shares))), np.zeros((1, len(shares)))
    for period in periods:
        place = shares.index(period.variant_share)
        variant[0, place] += period.variant_goals
        control[0, place] += period.control_goals
    return _Converters(variant=variant, control=control, shares=np.array(shares))


def _in_order(is_variant: Bools, variant_share: float | Floats) -> _Converters:
    """Count the converters before the first and after each of them."""
    each = np.broadcast_to(np.asarray(variant_share, dtype=np.float64), is_variant.shape)
    _check_shares(each)
    shares, place = np.unique(each, return_inverse=True)
    if len(shares) == 0:
        shares = np.array([0.5])
    variant = np.zeros((len(is_variant) + 1, len(shares)))
    control = np.zeros_like(variant)
    rows = np.arange(1, len(is_variant) + 1)
    variant[rows, place] = is_variant
    control[rows, place] = ~is_variant
    return _Converters(
        variant=variant.cumsum(axis=0), control=control.cumsum(axis=0), shares=shares
    )


def _check_shares(shares: Floats) -> None:
    wrong = shares[~((shares > 0) & (shares < 1))]
    if len(wrong):
        raise ValueError(f"variant_share {wrong[0]} is not between 0 and 1")


def _e_values(converters: _Converters) -> Floats:
    """Give the e-values against no lift (shape: moments)."""
    log_ratio = _log_expected(converters) - _log_likelihood(converters, np.zeros(1))
    return np.asarray(np.exp(np.minimum(log_ratio, np.log(LARGEST_E_VALUE))))


def _log_expected(converters: _Converters) -> Floats:
    """Give the logarithm of how likely the labels are on average over expected lifts."""
    shares = converters.shares
    # As many converters as say as much about a lift as is expected beforehand.
    prior = 1 / (_EXPECTED_SPREAD**2 * shares * (1 - shares))
    a, b = prior * shares, prior * (1 - shares)
    each = betaln(a + converters.variant, b + converters.control) - betaln(a, b)
    return np.asarray(each.sum(axis=1))


def _log_likelihood(converters: _Converters, log_ratio: Floats) -> Floats:
    """Give the logarithm of how likely the labels are under a ratio of rates (shape: moments)."""
    odds = logit(converters.shares) + log_ratio[:, None]
    each = converters.variant * log_expit(odds) + converters.control * log_expit(-odds)
    return np.asarray(each.sum(axis=1))


def _lift(converters: _Converters) -> Floats:
    """Give the likeliest relative lift (shape: moments); -1 without goals of the variant."""
    has_goals = converters.variant.sum(axis=1) > 0
    return np.where(has_goals, np.expm1(_log_lift(converters)), -1.0)


def _log_lift(converters: _Converters) -> Floats:
    """Give the logarithm of the likeliest ratio of rates, where converters are as expected."""
    goals = converters.variant.sum(axis=1)
    both = converters.variant + converters.control

    def is_above(log_ratio: Floats) -> Bools:
        odds = logit(converters.shares) + log_ratio[:, None]
        return np.asarray((both * expit(odds)).sum(axis=1) > goals)

    end = np.full(len(goals), _WIDEST)
    return _boundary(-end, end, is_above)


def _limits_so_far(
    course: _Converters, e_values: Floats, ends: Counts, confidence: float
) -> tuple[Floats, Floats]:
    """Give what no interval has excluded by each look, those of the largest e-values included.

    So 0 is excluded wherever the largest e-value says so, whether or not anybody looked just then.
    """
    is_record = e_values == np.maximum.accumulate(e_values)
    records = np.maximum.accumulate(np.where(is_record, np.arange(len(e_values)), 0))[ends]
    moments = np.unique(np.concatenate((ends, records)))
    low, high = _limits(course.at(moments), confidence)
    at_looks = np.searchsorted(moments, ends)
    return np.fmax.accumulate(low)[at_looks], np.fmin.accumulate(high)[at_looks]


def _limits(converters: _Converters, confidence: float) -> tuple[Floats, Floats]:
    """Give the lowest and highest lift that is not excluded; low > high where all are."""
    expected, most = _log_expected(converters), -np.log1p(-confidence)
    centre = _log_lift(converters)

    def is_excluded(log_ratio: Floats) -> Bools:
        return np.asarray(expected - _log_likelihood(converters, log_ratio) >= most)

    edge = np.full(len(centre), _WIDEST)
    low = -_boundary(-centre, edge, lambda x: is_excluded(-x))
    high = _boundary(centre, edge, is_excluded)
    is_empty = is_excluded(centre)
    low = np.where(converters.variant.sum(axis=1) == 0, -np.inf, low)
    return (
        np.where(is_empty, np.inf, np.expm1(low)),
        np.where(is_empty, -np.inf, np.expm1(high)),
    )


def _boundary(start: Floats, end: Floats, is_beyond: Callable[[Floats], Bools]) -> Floats:
    """Find by halving where something becomes true between two bounds (shape: moments)."""
    for _ in range(_HALVINGS):
        middle = (start + end) / 2
        beyond = is_beyond(middle)
        start, end = np.where(beyond, start, middle), np.where(beyond, middle, end)
    return end
