"""How many people it takes to find a lift of what each person brings.

The formula for means takes them for normal. Few people buy, and a few of those spend most, so that
the formula promises more power than there is; the size is therefore found by drawing people from
the history again and again.
"""

from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray
from scipy.stats import skew, t
from statsmodels.stats.power import NormalIndPower

from core.stats.conversion import Arm, rate
from core.stats.intervals import IntervalEstimate, Reason
from core.stats.planning import Design

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

RUNS = 1_000
LEAST_BUYERS = 30
LARGEST_TIMES = 8.0  # as many people as the formula says, beyond which the search ends
_STEPS = 5
_MOST_DRAWS = 4_000_000
_MOST_BUYERS = 20_000  # of a larger history so many, drawn at random, stand for all
_LEAST_RUNS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class RevenuePlan:
    """The size of a test by money per person: by the formula, and by drawing from the history.

    `formula_people_count` is what the formula asks for (all arms) and `power` what so many people
    really give, by `runs` draws; `people_count` is the least number found whose draws reach the
    power of the design, None where eight times the formula's does not. `mean`, `variance` and
    `skewness` are of all people, `buyer_rate` the share who brought anything. `variance_kept` is
    what adjusting for the time before (CUPED) leaves of the variance, and `cuped_people_count` what
    `people_count` becomes with it.
    """

    lift: float
    mean: float
    variance: float
    buyer_rate: float
    skewness: float
    formula_people_count: int
    formula_power: float
    power: IntervalEstimate
    people_count: int | None
    variance_kept: float | None
    cuped_people_count: int | None
    runs: int
    days: int | None = None


def revenue_plan(
    design: Design,
    values: Floats,
    before: Floats | None,
    *,
    lift: float,
    runs: int = RUNS,
    seed: int = 0,
) -> RevenuePlan | Reason:
    """Plan a test of the mean of `values` (shape: people of the history, 0 for those not buying).

    Formula: n = ((z(1-α/2) + z(power)) / d)² (1 + 1/k) per variant, d the lift in standard
    deviations (J. Cohen, Statistical Power Analysis, ch. 2); library: statsmodels `NormalIndPower`.
    Draws: two arms of people drawn with replacement, in one of them so many more buy (or fewer)
    that its mean has the lift; the share of draws in which Welch's t test finds it. A reason with
    fewer than 30 buyers, no variation, or a mean that is not above 0.
    """
    reason = _unplannable(values, lift)
    if reason is not None:
        return reason
    buyers = values[values != 0]
    buyer_rate = len(buyers) / len(values)
    mean, variance = float(values.mean()), float(values.var(ddof=1))
    formula = _formula_people(design, lift * mean / variance**0.5)
    drawing = _Drawing(design, buyers, buyer_rate, lift, runs, seed)
    people, kept = drawing.people_needed(formula), _variance_kept(values, before)
    return RevenuePlan(
        lift=lift,
        mean=mean,
        variance=variance,
        buyer_rate=buyer_rate,
        skewness=float(skew(values)),
        formula_people_count=ceil(formula),
        formula_power=design.power,
        power=drawing.power(formula),
        people_count=None if people is None else ceil(people),
        variance_kept=kept,
        cuped_people_count=None if people is None or kept is None else ceil(people * kept),
        runs=runs,
    )


def _unplannable(values: Floats, lift: float) -> Reason | None:
    buyer_count = int((values != 0).sum())
    if buyer_count < LEAST_BUYERS:
        return Reason.TOO_FEW_GOALS
    if np.ptp(values) == 0:
        return Reason.NO_VARIATION
    if values.mean() <= 0:
        return Reason.MEAN_NOT_POSITIVE
    return None if 0 < buyer_count / len(values) * (1 + lift) < 1 else Reason.ALL_GOALS


def _formula_people(design: Design, effect: float) -> float:
    """Give people of all arms together, for the contrast that needs most of them."""
    control, *variants = design.shares
    needed = [
        float(
            NormalIndPower().solve_power(
                abs(effect), alpha=design.alpha, power=design.power, ratio=control / share
            )
        )
        / share
        for share in variants
    ]
    return max(needed)


def _variance_kept(values: Floats, before: Floats | None) -> float | None:
    """Give 1 - correlation² of the money within the window and before (A. Deng et al., 2013)."""
    if before is None or np.ptp(before) == 0:
        return None
    return float(1 - np.corrcoef(values, before)[0, 1] ** 2)


class _Drawing:
    """Tests drawn from the buyers of a history: how many there are, and what they bring."""

    def __init__(
        self,
        design: Design,
        buyers: Floats,
        buyer_rate: float,
        lift: float,
        runs: int,
        seed: int,
    ) -> None:
        if len(buyers) > _MOST_BUYERS:
            buyers = np.random.default_rng(seed).choice(buyers, _MOST_BUYERS, replace=False)
        self._design, self._buyers, self._buyer_rate = design, buyers, buyer_rate
        self._lift, self._runs, self._seed = lift, runs, seed
        # The smallest variant is the one whose contrast needs most people.
        self._variant = min(design.shares[1:])

    def power(self, people_count: float) -> IntervalEstimate:
        """Estimate the chance to find the lift with so many people in all arms together."""
        random = np.random.default_rng(self._seed)
        control = max(2, round(people_count * self._design.shares[0]))
        variant = max(2, round(people_count * self._variant))
        expected = min((control + variant) * self._buyer_rate, 2 * len(self._buyers))
        runs = int(min(self._runs, max(_LEAST_RUNS, _MOST_DRAWS / max(1.0, expected))))
        first = self._moments(random, runs, control, self._buyer_rate)
        second = self._moments(random, runs, variant, self._buyer_rate * (1 + self._lift))
        found = _is_found(first, second, control, variant, self._design.alpha, self._lift)
        share = rate(Arm(name="runs", people_count=runs, goal_count=found))
        assert not isinstance(share, Reason)  # there is at least one run
        return share

    def people_needed(self, formula: float) -> float | None:
        """Find, on a logarithmic scale, where the draws reach the power."""
        low, high = formula / 2, formula * 1.25
        while self.power(high).value < self._design.power:
            if high >= formula * LARGEST_TIMES:
                return None
            low, high = high, high * 2
        for _ in range(_STEPS):
            middle = (low * high) ** 0.5
            if self.power(middle).value < self._design.power:
                low = middle
            else:
                high = middle
        return high

    def _moments(
        self, random: np.random.Generator, runs: int, people_count: int, buyer_rate: float
    ) -> tuple[Floats, Floats]:
        """Draw the mean and the variance of an arm (shape: runs) from its buyers alone."""
        counts = random.binomial(people_count, buyer_rate, size=runs)
        total, squares = self._sums(random, counts)
        mean = total / people_count
        return mean, (squares - people_count * mean**2) / (people_count - 1)

    def _sums(self, random: np.random.Generator, counts: Counts) -> tuple[Floats, Floats]:
        """Add up what so many buyers bring, drawn with replacement (shape: runs), and its square.

        Drawn one by one, or, where that is less work, as how often each buyer of the history came.
        """
        buyers, size = self._buyers, len(self._buyers)
        if counts.mean() > size:
            even = np.full(size, 1 / size)
            times = (random.multinomial(count, even) for count in counts)
            sums = [(each @ buyers, each @ buyers**2) for each in times]
            return np.array([one for one, _ in sums]), np.array([other for _, other in sums])
        drawn = buyers[random.integers(0, size, counts.sum())]
        run = np.repeat(np.arange(len(counts)), counts)
        return _added(run, drawn, len(counts)), _added(run, drawn**2, len(counts))


def _added(run: Counts, drawn: Floats, runs: int) -> Floats:
    return np.asarray(np.bincount(run, weights=drawn, minlength=runs), dtype=np.float64)


def _is_found(
    control: tuple[Floats, Floats],
    variant: tuple[Floats, Floats],
    control_count: int,
    variant_count: int,
    alpha: float,
    lift: float,
) -> int:
    """Count the draws in which Welch's test finds a difference of the lift's sign."""
    parts = control[1] / control_count, variant[1] / variant_count
    variance = parts[0] + parts[1]
    is_known = variance > 0
    safe = np.where(is_known, variance, 1.0)
    freedom = safe**2 / (parts[0] ** 2 / (control_count - 1) + parts[1] ** 2 / (variant_count - 1))
    statistic = np.where(is_known, (variant[0] - control[0]) / np.sqrt(safe), 0.0)
    return int((statistic * np.sign(lift) > t.isf(alpha / 2, np.maximum(freedom, 1.0))).sum())
