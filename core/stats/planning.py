"""How many people a test takes, and how large an effect so many people can show.

Planned is the z test at the planned end, at 0.04 divided by the number of variants beside the
control: the part of the stopping rule (`hybrid`) that is read once. The e-value may decide earlier
and adds to the power, so that these figures are on the safe side.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil

import numpy as np
from scipy.optimize import brentq
from statsmodels.stats.proportion import (
    power_proportions_2indep,
    samplesize_proportions_2indep_onetail,
)

from core.stats.intervals import Reason
from core.stats.sequential import END_ALARM

POWER = 0.8
FIXED_ALARM = 0.05
_LEAST_LIFT = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """Who shall come to which arm: weights in any unit, the control's first.

    Raises ValueError for fewer than two arms, weights that are not above 0, and a power that is
    not between 0 and 1.
    """

    weights: Sequence[float]
    power: float = POWER
    shares: tuple[float, ...] = field(init=False)

    def __post_init__(self) -> None:
        if len(self.weights) < 2 or not all(weight > 0 for weight in self.weights):
            raise ValueError(f"weights {self.weights} are not two or more above 0")
        if not 0 < self.power < 1:
            raise ValueError(f"power {self.power} is not between 0 and 1")
        total = sum(self.weights)
        object.__setattr__(self, "shares", tuple(weight / total for weight in self.weights))

    @property
    def contrast_count(self) -> int:
        """Count the variants that are compared with the control."""
        return len(self.weights) - 1

    @property
    def alpha(self) -> float:
        """Give the level of each contrast at the planned end."""
        return END_ALARM / self.contrast_count


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleSize:
    """People whose window must have ended: all together, and per arm (the control first).

    `fixed_people_count` is what it would take at 0.05, for a test that nobody looks at before its
    end: the difference is what looking every day costs.
    """

    people_count: int
    per_arm: tuple[int, ...]
    alpha: float
    power: float
    rate: float
    lift: float
    fixed_people_count: int


def sample_size(design: Design, *, rate: float, lift: float) -> SampleSize | Reason:
    """Give how many people it takes to find a relative lift with the power of the design.

    Per variant n = ((z(1-α/2) √(p̄(1-p̄)(1 + 1/k)) + z(power) √(p1(1-p1) + p0(1-p0)/k)) / (p1 - p0))²
    for k people of the control per person of the variant (J. L. Fleiss, Statistical Methods for
    Rates and Proportions, ch. 4, unequal arms included); the weakest contrast decides. Library:
    statsmodels `samplesize_proportions_2indep_onetail`. A reason where nobody, or everybody, would
    reach the goal. Raises ValueError for a lift of 0 or below -1.
    """
    reason = _impossible(rate, lift)
    if reason is not None:
        return reason
    people = _people_needed(design, rate, lift, END_ALARM)
    per_arm = tuple(ceil(people * share) for share in design.shares)
    return SampleSize(
        people_count=sum(per_arm),
        per_arm=per_arm,
        alpha=design.alpha,
        power=design.power,
        rate=rate,
        lift=lift,
        fixed_people_count=ceil(_people_needed(design, rate, lift, FIXED_ALARM)),
    )


def power_of(design: Design, *, rate: float, lift: float, people_count: float) -> float:
    """Give the chance that the planned end finds a lift, for the weakest contrast.

    Two-sided, pooled under the null and not under the alternative, as the z test is. Library:
    statsmodels `power_proportions_2indep`. `rate` lies between 0 and 1, and so must the variant's.
    """
    control, *variants = design.shares
    return min(
        float(
            power_proportions_2indep(
                rate * lift,
                rate,
                people_count * share,
                ratio=control / share,
                alpha=design.alpha,
                return_results=False,
            )
        )
        for share in variants
    )


def smallest_lift(design: Design, *, rate: float, people_count: float) -> float | None:
    """Give the smallest rise that so many people show with the power of the design.

    `power_of` solved for the lift (scipy `brentq`). None where they could not even show that all
    people of a variant reach the goal, and for a rate of 0 or 1.
    """
    if not 0 < rate < 1 or people_count <= 0:
        return None
    largest = (1 - rate) / rate * (1 - 1e-9)

    def missing(lift: float) -> float:
        found = power_of(design, rate=rate, lift=lift, people_count=people_count)
        return found - design.power

    if largest <= _LEAST_LIFT or missing(largest) < 0:
        return None
    return float(brentq(missing, _LEAST_LIFT, largest, xtol=1e-9, rtol=1e-9))


def lift_grid(lift: float, *, rate: float, count: int = 25) -> list[float]:
    """Give lifts around the planned one, up to twice as large, of which the power can be drawn."""
    end = 2 * lift if lift < 0 else min(2 * lift, (1 - rate) / rate * (1 - 1e-9))
    grid = np.linspace(0, max(end, -1.0), count + 1)[1:]
    return [float(each) for each in grid]


def _impossible(rate: float, lift: float) -> Reason | None:
    if lift == 0 or lift < -1:
        raise ValueError(f"lift {lift} is 0 or below -1")
    if rate <= 0:
        return Reason.NO_GOALS
    return Reason.ALL_GOALS if rate >= 1 or rate * (1 + lift) >= 1 else None


def _people_needed(design: Design, rate: float, lift: float, alarm: float) -> float:
    """Give people of all arms together, for the contrast that needs most of them."""
    control, *variants = design.shares
    needed = [
        float(
            samplesize_proportions_2indep_onetail(
                rate * lift,
                rate,
                design.power,
                ratio=control / share,
                alpha=alarm / design.contrast_count,
            )
        )
        / share
        for share in variants
    ]
    return max(needed)
