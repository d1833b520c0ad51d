"""Estimates with their intervals, thin over statsmodels and scipy."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, hypot, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.stats import CensoredData, ecdf, norm
from statsmodels.stats.proportion import proportion_confint

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A value with the interval that holds the true one in 95 of 100 cases.

    `log_error` is the standard error of the value's logarithm, None where the value is 0.
    """

    value: float
    low: float
    high: float
    log_error: float | None = None


def share(count: int, people_count: int) -> Estimate | None:
    """Estimate a rate, 0 to 1, with Wilson's score interval; None without people.

    Library: statsmodels `proportion_confint(method="wilson")`; its rounding is taken back, so that
    the rate lies within its interval.
    """
    if people_count <= 0:
        return None
    rate = count / people_count
    low, high = proportion_confint(count, people_count, alpha=1 - CONFIDENCE, method="wilson")
    return Estimate(
        value=rate,
        low=min(rate, max(0.0, float(low))),
        high=max(rate, min(1.0, float(high))),
        log_error=_log_error_of_share(count, people_count) if count else None,
    )


def mean_share(mean: float | None, standard_error: float | None) -> Estimate | None:
    """Estimate a mean of shares from its standard error (normal interval, cut to 0 to 1)."""
    if mean is None or standard_error is None:
        return None
    margin = _z() * standard_error
    return Estimate(
        value=mean,
        low=max(0.0, mean - margin),
        high=min(1.0, mean + margin),
        log_error=standard_error / mean if mean else None,
    )


def times_as_likely(rate: Estimate | None, other: Estimate | None) -> Estimate | None:
    """Estimate how many times as large one rate is as another; None where a rate is 0.

    The interval is normal on the log scale, with the errors of both logarithms: for two shares that
    is Katz's (Katz et al., Biometrics 34, 1978), for a mean its relative error (delta method).
    """
    if rate is None or other is None or rate.log_error is None or other.log_error is None:
        return None
    ratio = rate.value / other.value
    error = hypot(rate.log_error, other.log_error)
    return Estimate(
        value=ratio,
        low=ratio * exp(-_z() * error),
        high=ratio * exp(_z() * error),
        log_error=error,
    )


def reached_by(
    hours: NDArray[np.float64], is_goal: NDArray[np.bool_], at_hours: Sequence[float]
) -> list[float | None]:
    """Estimate the share of people who reached the goal by each of the given hours.

    Kaplan and Meier's estimate (J. Am. Stat. Assoc. 53, 1958): people whose history ends before the
    goal count for as long as they were seen. Library: scipy `ecdf`. None where nobody was seen for
    that long.
    """
    if len(hours) == 0:
        return [None] * len(at_hours)
    sample = CensoredData(uncensored=hours[is_goal], right=hours[~is_goal])
    curve = ecdf(sample).cdf
    shares = curve.evaluate(np.asarray(at_hours, dtype=np.float64))
    # Once everybody has reached the goal, later hours are known as well.
    last_known = np.inf if is_goal.all() else hours.max()
    return [
        float(value) if hour <= last_known else None
        for hour, value in zip(at_hours, shares, strict=True)
    ]


def _log_error_of_share(count: int, people_count: int) -> float:
    """Give Katz's error of a log share, drawn towards one half as Wilson's centre is.

    Without that a share of 1 would have no error at all, however few the people.
    """
    pseudo_count, pseudo_people = count + _z() ** 2 / 2, people_count + _z() ** 2
    return sqrt((1 - pseudo_count / pseudo_people) / pseudo_count)


def _z() -> float:
    return float(norm.ppf(0.5 + CONFIDENCE / 2))
