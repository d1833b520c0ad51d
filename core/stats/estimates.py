"""Estimates with their intervals, thin over statsmodels and scipy."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.stats import CensoredData, ecdf, norm
from statsmodels.stats.proportion import proportion_confint

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A value with the interval that holds the true one in 95 of 100 cases."""

    value: float
    low: float
    high: float


def share(count: int, people_count: int) -> Estimate | None:
    """Estimate a rate, 0 to 1, with Wilson's score interval; None without people.

    Library: statsmodels `proportion_confint(method="wilson")`.
    """
    if people_count <= 0:
        return None
    low, high = proportion_confint(count, people_count, alpha=1 - CONFIDENCE, method="wilson")
    return Estimate(value=count / people_count, low=float(low), high=float(high))


def mean_share(mean: float | None, standard_error: float | None) -> Estimate | None:
    """Estimate a mean of shares from its standard error (normal interval, cut to 0 to 1)."""
    if mean is None or standard_error is None:
        return None
    margin = _z() * standard_error
    return Estimate(value=mean, low=max(0.0, mean - margin), high=min(1.0, mean + margin))


def times_as_likely(rate: Estimate | None, other: Estimate | None) -> Estimate | None:
    """Estimate how many times as large one rate is as another, with a log-normal interval.

    The variance of a log rate is taken from its own interval on the log scale (delta method; for
    two proportions this is close to Katz et al., Biometrics 34, 1978). None where a rate is 0.
    """
    if rate is None or other is None or min(rate.value, other.value, rate.low, other.low) <= 0:
        return None
    ratio = rate.value / other.value
    spread = _z() * sqrt(_log_error(rate) ** 2 + _log_error(other) ** 2)
    return Estimate(value=ratio, low=ratio * exp(-spread), high=ratio * exp(spread))


def reached_by(
    hours: NDArray[np.float64], is_goal: NDArray[np.bool_], at_hours: Sequence[float]
) -> list[float] | None:
    """Estimate the share of people who reached the goal by each of the given hours.

    Kaplan and Meier's estimate (J. Am. Stat. Assoc. 53, 1958): people whose history ends before the
    goal count for as long as they were seen. Library: scipy `ecdf`. None without people.
    """
    if len(hours) == 0:
        return None
    sample = CensoredData(uncensored=hours[is_goal], right=hours[~is_goal])
    curve = ecdf(sample).cdf
    return [float(value) for value in curve.evaluate(np.asarray(at_hours, dtype=np.float64))]


def _log_error(estimate: Estimate) -> float:
    return (log(estimate.high) - log(estimate.low)) / (2 * _z())


def _z() -> float:
    return float(norm.ppf(0.5 + CONFIDENCE / 2))
