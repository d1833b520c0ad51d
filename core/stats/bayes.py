"""How likely each arm is the best, given the counts: wording for the reader, never a rule."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, betaincc, betainccinv, betaincinv, betaln, xlog1py, xlogy

from core.stats.conversion import Arm
from core.stats.intervals import Reason

Floats = NDArray[np.float64]

# Each rate is as likely as any other before the first person: Beta(1, 1).
_PRIOR = 1.0
# Where the densities are cut into pieces, as tail probabilities of each arm; and points per piece.
_TAILS = tuple(10.0**-power for power in (300, 200, 120, 70, 40, 25, 16, 12, 9, 7, 5, 4, 3, 2, 1))
_MIDDLE = (0.2, 0.35, 0.5)
_POINTS = 24


def chance_to_win(control: Arm, variant: Arm) -> float | Reason:
    """Give the chance that the variant's rate is above the control's; see `chances_to_win`."""
    found = chances_to_win([control, variant])
    return found if isinstance(found, Reason) else found[1]


def expected_loss(control: Arm, variant: Arm) -> float | Reason:
    """Give what choosing the variant costs on average; see `expected_losses`."""
    found = expected_losses([control, variant])
    return found if isinstance(found, Reason) else found[1]


def chances_to_win(arms: Sequence[Arm]) -> list[float] | Reason:
    """Give for each arm the chance that its rate is the highest of all; they add up to 1.

    With independent rates, Beta(1 + goals, 1 + people - goals) each: ∫ f_i(x) · Π F_j(x) dx over
    the other arms j. Exact but for rounding: Gauss and Legendre's rule between quantiles of all
    arms. E. Miller, Formulas for Bayesian A/B testing (2014) has closed sums for two to four arms.
    Library: scipy `betainc`.
    """
    if not arms or min(arm.people_count for arm in arms) == 0:
        return Reason.NO_PEOPLE
    points, weights = _rule(arms)
    below = np.array([_below(arm, points) for arm in arms])
    found = [
        float(weights @ (_density(arm, points) * _product_of_others(below, place)))
        for place, arm in enumerate(arms)
    ]
    total = sum(found)
    return [chance / total for chance in found]


def expected_losses(arms: Sequence[Arm]) -> list[float] | Reason:
    """Give for each arm how far the best of the others is above it on average, if it is above.

    E[max(best of the others - rate, 0)] = ∫ F_i(x) · (1 - Π F_j(x)) dx, in the unit of rates. C.
    Stucchio, Bayesian A/B testing at VWO (2015). Library: scipy `betainc`, `betaincc`.
    """
    if not arms or min(arm.people_count for arm in arms) == 0:
        return Reason.NO_PEOPLE
    points, weights = _rule(arms)
    below = np.array([_below(arm, points) for arm in arms])
    above = np.array([betaincc(*_parameters(arm), points) for arm in arms])
    return [
        float(weights @ (below[place] * _any_of_others(above, place))) for place in range(len(arms))
    ]


def _parameters(arm: Arm) -> tuple[float, float]:
    return _PRIOR + arm.goal_count, _PRIOR + arm.people_count - arm.goal_count


def _below(arm: Arm, points: Floats) -> Floats:
    return np.asarray(betainc(*_parameters(arm), points))


def _density(arm: Arm, points: Floats) -> Floats:
    a, b = _parameters(arm)
    return np.asarray(np.exp(xlogy(a - 1, points) + xlog1py(b - 1, -points) - betaln(a, b)))


def _product_of_others(below: Floats, place: int) -> Floats:
    return np.asarray(np.delete(below, place, axis=0).prod(axis=0))


def _any_of_others(above: Floats, place: int) -> Floats:
    """Give 1 - Π (1 - above) without losing small chances to rounding."""
    others = np.minimum(np.delete(above, place, axis=0), 1 - 1e-16)
    return np.asarray(-np.expm1(np.log1p(-others).sum(axis=0)))


def _rule(arms: Sequence[Arm]) -> tuple[Floats, Floats]:
    """Give points and weights of an integral from 0 to 1 that is fine where any arm's rate lies."""
    cuts = [np.array([0.0, 1.0])]
    for arm in arms:
        parameters = _parameters(arm)
        cuts.append(betaincinv(*parameters, np.array(_TAILS + _MIDDLE)))
        cuts.append(betainccinv(*parameters, np.array(_TAILS + _MIDDLE)))
    places = np.concatenate(cuts)
    # Tails that the library cannot find are far beyond what counts.
    edges = np.unique(np.clip(places[np.isfinite(places)], 0, 1))
    nodes, weights = np.polynomial.legendre.leggauss(_POINTS)
    half = np.diff(edges)[:, None] / 2
    points = edges[:-1, None] + half * (nodes + 1)
    return points.ravel(), (half * weights).ravel()
