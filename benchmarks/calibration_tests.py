"""Simulated tests, looked at every day: how often the rules find a winner, and where there is one.

All of them go through `core.stats.hybrid.judge` as the page does; only the people are drawn.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from core.stats.conversion import Arm
from core.stats.hybrid import DecidedBy, Judgement, Progress, Verdict, anytime_confidence, judge
from core.stats.intervals import IntervalEstimate, Reason
from core.stats.sequential import Looks, Period, look_at

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

LOOKS = 40
FIXED_ALARM = 0.05
DECIDED = (Verdict.WINS, Verdict.LOSES)


@dataclass(frozen=True, kw_only=True)
class World:
    """What is true in a test: the control's rate, each variant's lift, and the planned people.

    `people_count` is the control's; the others' follow from the weights, the control's first.
    """

    base_rate: float
    lifts: Sequence[float]
    people_count: int
    weights: Sequence[float] = (1, 1)

    @property
    def name(self) -> str:
        """Describe it in a few words."""
        lifts = ", ".join(f"{lift:+.0%}" if lift else "none" for lift in self.lifts)
        parts = [f"rate {self.base_rate:.0%}", f"lift {lifts}"]
        if set(self.weights) != {1}:
            parts.append("weights " + " : ".join(f"{weight:g}" for weight in self.weights))
        return ", ".join(parts)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One test: what each rule found, and whether the intervals held the true lifts.

    `naive_looks` is the first look at which a fixed test was below 0.05 (LOOKS if at none),
    `hybrid_looks` that of the hybrid rule; `waited` the share of the planned people it took.
    """

    hybrid: bool
    any_look: bool
    fixed: bool
    right_direction: bool
    naive_looks: int
    hybrid_looks: int
    anytime_holds: bool
    verdict_holds: bool

    @property
    def waited(self) -> float:
        """Give the share of the planned people it took."""
        return min(self.hybrid_looks + 1, LOOKS) / LOOKS


def simulate(world: World, *, tests: int, seed: int) -> list[Outcome]:
    """Simulate tests with a look on each of 40 days; the same seed gives the same tests."""
    return [_one(world, np.random.default_rng([seed, number])) for number in range(tests)]


def planned_people(base_rate: float, lift: float, *, power: float = 0.8) -> int:
    """Give the people per arm with which a fixed test at 0.05 finds a lift with some power.

    J. L. Fleiss, Statistical Methods for Rates and Proportions: (z + z')² (p q + p' q') / d².
    """
    other = base_rate * (1 + lift)
    spread = base_rate * (1 - base_rate) + other * (1 - other)
    quantiles = norm.ppf(1 - FIXED_ALARM / 2) + norm.ppf(power)
    people = quantiles**2 * spread / (other - base_rate) ** 2
    return ceil(people / LOOKS) * LOOKS


def _one(world: World, random: np.random.Generator) -> Outcome:
    people, goals = _days(world, random)
    progress = []
    looks = []
    for variant in range(1, len(world.weights)):
        found = _looks(world, goals, variant, random)
        looks.append(found)
        progress.append(_progress(world, people, goals, variant, found))
    said = judge(
        progress,
        people_count=int(people.sum()),
        people_per_day=None,
        planned_people_count=int(people.sum()),
        is_ratio_alarm=False,
    )
    return _outcome(world, said, looks, _z_values(people, goals))


def _days(world: World, random: np.random.Generator) -> tuple[Counts, Counts]:
    """Draw people and goals per day (shape: days, arms); people are split by the weights."""
    shares = np.array(world.weights) / sum(world.weights)
    per_day = round(world.people_count / shares[0] / LOOKS)
    people = random.multinomial(per_day, shares, size=LOOKS)
    rates = world.base_rate * (1 + np.array([0.0, *world.lifts]))
    return people, random.binomial(people, rates)


def _looks(world: World, goals: Counts, variant: int, random: np.random.Generator) -> Looks:
    """Bring each day's converters of two arms into an order, and look after each day."""
    days = [random.permutation(np.repeat([False, True], [day[0], day[variant]])) for day in goals]
    return look_at(
        np.concatenate(days),
        _share(world, variant),
        (goals[:, 0] + goals[:, variant]).cumsum(),
        confidence=anytime_confidence(len(world.lifts)),
    )


def _share(world: World, variant: int) -> float:
    return world.weights[variant] / (world.weights[0] + world.weights[variant])


def _progress(world: World, people: Counts, goals: Counts, variant: int, looks: Looks) -> Progress:
    all_people, all_goals = people.sum(axis=0), goals.sum(axis=0)
    arms = [
        Arm(name=str(n), people_count=int(all_people[n]), goal_count=int(all_goals[n]))
        for n in (0, variant)
    ]
    return Progress(
        name=str(variant),
        periods=[
            Period(
                control_goals=int(all_goals[0]),
                variant_goals=int(all_goals[variant]),
                variant_share=_share(world, variant),
            )
        ],
        largest_e_value=float(looks.largest_e_value[-1]),
        lift_low=float(looks.low[-1]),
        lift_high=float(looks.high[-1]),
        at_end=(arms[0], arms[1]),
    )


def _z_values(people: Counts, goals: Counts) -> Floats:
    """Give z of the fixed test at each look (shape: looks, variants)."""
    n, k = people.cumsum(axis=0).astype(np.float64), goals.cumsum(axis=0)
    pooled = (k[:, :1] + k[:, 1:]) / (n[:, :1] + n[:, 1:])
    error = np.sqrt(pooled * (1 - pooled) * (1 / n[:, :1] + 1 / n[:, 1:]))
    difference = k[:, 1:] / n[:, 1:] - k[:, :1] / n[:, :1]
    return np.divide(difference, error, out=np.zeros_like(error), where=error > 0)


def _outcome(world: World, said: Sequence[Judgement], looks: Sequence[Looks], z: Floats) -> Outcome:
    is_found = [judgement.verdict in DECIDED for judgement in said]
    at_any = [judgement.decided_by is DecidedBy.ANY_LOOK for judgement in said]
    right = [
        (judgement.verdict is Verdict.WINS) == (lift > 0)
        for judgement, lift, found in zip(said, world.lifts, is_found, strict=True)
        if found
    ]
    is_naive = np.abs(z) > norm.ppf(1 - FIXED_ALARM / 2)
    reached = np.array(
        [
            look.largest_e_value >= judgement.e_needed
            for look, judgement in zip(looks, said, strict=True)
        ]
    )
    return Outcome(
        hybrid=any(is_found),
        any_look=any(at_any),
        fixed=bool(is_naive[-1].any()),
        right_direction=all(right),
        naive_looks=_first(is_naive.any(axis=1)),
        hybrid_looks=_first(reached.any(axis=0)),
        anytime_holds=all(
            _always_holds(look, lift) for look, lift in zip(looks, world.lifts, strict=True)
        ),
        verdict_holds=all(
            _holds(judgement.lift, lift) for judgement, lift in zip(said, world.lifts, strict=True)
        ),
    )


def _first(is_reached: NDArray[np.bool_]) -> int:
    return int(np.argmax(is_reached)) if is_reached.any() else LOOKS


def _always_holds(looks: Looks, lift: float) -> bool:
    """Say whether no interval of any look left the truth out; an empty one did."""
    is_outside = (lift < looks.low) | (lift > looks.high)
    is_empty = np.isnan(looks.low) & ~np.isnan(looks.lift)
    return not bool((is_outside | is_empty).any())


def _holds(interval: IntervalEstimate | Reason, lift: float) -> bool:
    return isinstance(interval, Reason) or interval.low <= lift <= interval.high
