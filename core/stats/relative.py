"""Koopman's score interval for the ratio of two rates."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import norm

Floats = NDArray[np.float64]

_WIDEST = 60.0  # of the logarithm of a ratio: no two rates of people are further apart
_TOLERANCE = 1e-12


def ratio_interval(
    goals: int, people: int, control_goals: int, control_people: int, *, confidence: float
) -> tuple[float, float]:
    """Give the ratios of two rates that a score test does not reject; `control_goals` is above 0.

    P. A. R. Koopman, Confidence limits for the ratio of two binomial proportions, Biometrics 40
    (1984), 513-517. The ratio 1 is outside exactly if the two-proportion z test (Pearson's
    chi-square) rejects. Library: scipy `brentq`; statsmodels' closed form of the same interval
    (`method="score", compare="ratio"`) is wrong where everybody of an arm reached the goal.
    """
    limit = float(norm.ppf(0.5 + confidence / 2))

    counts = np.array([goals, people, control_goals, control_people], dtype=np.float64)

    def score(log_ratio: float) -> float:
        return float(score_of_ratio(counts[0], counts[1], counts[2], counts[3], np.exp(log_ratio)))

    if goals == 0:
        return 0.0, float(np.exp(_root(score, -limit, -_WIDEST, _WIDEST)))
    estimate = float(np.log(goals / people) - np.log(control_goals / control_people))
    low = _root(score, limit, estimate - _WIDEST, estimate)
    high = _root(score, -limit, estimate, estimate + _WIDEST)
    return float(np.exp(low)), float(np.exp(high))


def score_of_ratio(
    goals: Floats, people: Floats, control_goals: Floats, control_people: Floats, ratio: Floats
) -> Floats:
    """Give the score statistic of a ratio of rates (shapes broadcast); it falls as `ratio` grows.

    (rate - ratio · control rate) / its standard error, with the rates that are likeliest under the
    ratio; standard normal if that is the true one.
    """
    control_rate = _likeliest(goals, people, control_goals, control_people, ratio)
    rate = np.minimum(control_rate * ratio, 1.0)
    variance = (
        rate * (1 - rate) / people
        + np.square(ratio) * control_rate * (1 - control_rate) / control_people
    )
    distance = goals / people - ratio * control_goals / control_people
    error = np.sqrt(np.maximum(variance, 0))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(distance == 0, 0.0, distance / error)


def _likeliest(
    goals: Floats, people: Floats, control_goals: Floats, control_people: Floats, ratio: Floats
) -> Floats:
    """Give the likeliest control rate under a ratio: the smaller root of a quadratic equation."""
    all_people = (people + control_people) * ratio
    linear = people * ratio + goals + control_people + control_goals * ratio
    together = goals + control_goals
    root = np.sqrt(np.maximum(np.square(linear) - 4 * all_people * together, 0))
    # The form without a difference of two large numbers.
    rate = 2 * together / (linear + root)
    return np.minimum(rate, np.minimum(1.0, 1 / ratio))


def _root(score: Callable[[float], float], limit: float, low: float, high: float) -> float:
    """Find where a falling score passes a limit."""
    at_low, at_high = score(low) - limit, score(high) - limit
    if at_low <= 0:
        return low
    if at_high >= 0:
        return high
    return float(brentq(lambda x: score(x) - limit, low, high, xtol=_TOLERANCE))
