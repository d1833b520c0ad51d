"""How often the intervals hold the truth: counted over all possible outcomes where one can.

Of two rates all pairs of counts within six standard errors are summed with their probability, so
that these figures have no error of simulation; means are simulated.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom, norm
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from core.stats.conversion import Arm, Contrast
from core.stats.intervals import IntervalEstimate
from core.stats.multiple import compare_with_control
from core.stats.relative import score_of_ratio
from core.stats.revenue import ValueContrast, compare_values, value_arm

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Held = Callable[["_Pairs"], Bools]

# Rates and people per arm of the control and the variant, as tests of e-mails have them.
PLACES = (
    (0.01, 0.01, 5_000, 5_000),
    (0.01, 0.012, 20_000, 20_000),
    (0.05, 0.05, 2_000, 2_000),
    (0.05, 0.06, 8_000, 8_000),
    (0.05, 0.05, 16_000, 4_000),
    (0.2, 0.22, 1_000, 1_000),
)
MONEY_TESTS, MONEY_PEOPLE = 3_000, 2_000


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """An interval: what it promises, and the worst and the average share of tests it held in.

    `error` is two standard errors of the simulation, 0 where all outcomes were counted. The promise
    is kept if the worst is at most half a percent below it.
    """

    about: str
    promised: float
    worst: float
    average: float
    error: float = 0.0
    is_demanded: bool = True

    @property
    def is_kept(self) -> bool:
        """Say whether even the worst is at least the promise less half a percent."""
        return self.worst >= self.promised - 0.005


@dataclass(frozen=True, kw_only=True)
class _Pairs:
    """All likely counts of two arms (shapes: goals of the control, goals of the variant)."""

    goals: Floats
    people: int
    control_goals: Floats
    control_people: int
    rate: float
    control_rate: float
    chance: Floats


def rates() -> list[Coverage]:
    """Count how often the intervals of rates, differences and lifts hold the truth."""
    return [
        _counted("Rate (Wilson), 95 %", 0.95, _wilson_holds),
        _counted("Difference (Newcombe), 95 %", 0.95, _difference_holds("newcomb", 0.95)),
        _counted("Lift (Koopman), 95 %", 0.95, _lift_holds(0.95)),
        _counted("Lift at the planned end (Koopman), 96 %", 0.96, _lift_holds(0.96)),
        _counted("Guardrail, upper limit of 95 %", 0.95, _guard_holds(is_upper=True)),
        _counted("Guardrail, lower limit of 95 %", 0.95, _guard_holds(is_upper=False)),
        _counted(
            "Difference (Wald), 95 %, beside",
            0.95,
            _difference_holds("wald", 0.95),
            is_demanded=False,
        ),
    ]


def several_variants(*, tests: int, seed: int) -> list[Coverage]:
    """Simulate three variants against a control: each corrected interval, and all at once."""
    random = np.random.default_rng(seed)
    lifts = (0.0, 0.1, 0.3)
    held = np.array([_three_held(random, lifts) for _ in range(tests)])
    each, together = held.mean(axis=0), held.all(axis=1).mean()
    return [
        Coverage(
            about="Lift of one of three variants (corrected), 95 %",
            promised=0.95,
            worst=float(each.min()),
            average=float(each.mean()),
            error=_two_errors(0.95, tests),
        ),
        Coverage(
            about="All three at once, beside",
            promised=0.95,
            worst=float(together),
            average=float(together),
            error=_two_errors(0.95, tests),
            is_demanded=False,
        ),
    ]


def means(*, is_heavy: bool, seed: int) -> list[Coverage]:
    """Simulate what people bring: buyers are 10 %, their orders log-normal, as the time before."""
    held = _money(np.random.default_rng([seed, is_heavy]), spread=2.5 if is_heavy else 0.7)
    names = (
        "Mean difference (Welch)",
        "Mean lift (delta)",
        "Mean difference (CUPED)",
        "Mean lift (CUPED)",
    )
    about = "very heavy tails, beside" if is_heavy else "95 %"
    return [
        _of_money(f"{name}, {about}", each, is_demanded=not is_heavy)
        for name, each in zip(names, held.T, strict=True)
    ]


def _two_errors(share: float, tests: int) -> float:
    return float(2 * np.sqrt(share * (1 - share) / tests))


def _counted(about: str, promised: float, holds: Held, *, is_demanded: bool = True) -> Coverage:
    shares = [float(pairs.chance[holds(pairs)].sum()) for pairs in _all_pairs()]
    return Coverage(
        about=about,
        promised=promised,
        worst=min(shares),
        average=float(np.mean(shares)),
        is_demanded=is_demanded,
    )


def _all_pairs() -> Iterator[_Pairs]:
    for control_rate, rate, control_people, people in PLACES:
        control, goals = _likely(control_rate, control_people), _likely(rate, people)
        chances = np.outer(
            binom.pmf(control, control_people, control_rate), binom.pmf(goals, people, rate)
        )
        control_goals, variant_goals = np.meshgrid(control, goals, indexing="ij")
        yield _Pairs(
            goals=variant_goals,
            people=people,
            control_goals=control_goals,
            control_people=control_people,
            rate=rate,
            control_rate=control_rate,
            chance=chances,
        )


def _likely(rate: float, people: int) -> Floats:
    error = 6 * np.sqrt(people * rate * (1 - rate))
    first, last = max(0, round(people * rate - error)), min(people, round(people * rate + error))
    return np.arange(first, last + 1, dtype=np.float64)


def _wilson_holds(pairs: _Pairs) -> Bools:
    low, high = proportion_confint(pairs.goals, pairs.people, method="wilson")
    return np.asarray((low <= pairs.rate) & (pairs.rate <= high))


def _difference_holds(method: str, confidence: float) -> Held:
    def holds(pairs: _Pairs) -> Bools:
        low, high = _difference(pairs, method, confidence)
        difference = pairs.rate - pairs.control_rate
        return np.asarray((low <= difference) & (difference <= high))

    return holds


def _guard_holds(*, is_upper: bool) -> Held:
    def holds(pairs: _Pairs) -> Bools:
        low, high = _difference(pairs, "newcomb", 0.9)
        difference = pairs.rate - pairs.control_rate
        return np.asarray(difference <= high if is_upper else low <= difference)

    return holds


def _difference(pairs: _Pairs, method: str, confidence: float) -> tuple[Floats, Floats]:
    low, high = confint_proportions_2indep(
        pairs.goals,
        pairs.people,
        pairs.control_goals,
        pairs.control_people,
        method=method,
        compare="diff",
        alpha=1 - confidence,
    )
    return np.asarray(low), np.asarray(high)


def _lift_holds(confidence: float) -> Held:
    """Say where the score of the true ratio is within its quantiles: there the interval has it."""

    def holds(pairs: _Pairs) -> Bools:
        score = score_of_ratio(
            pairs.goals,
            np.float64(pairs.people),
            pairs.control_goals,
            np.float64(pairs.control_people),
            np.float64(pairs.rate / pairs.control_rate),
        )
        return np.asarray(np.abs(score) <= norm.ppf(0.5 + confidence / 2))

    return holds


def _three_held(random: np.random.Generator, lifts: tuple[float, ...]) -> list[bool]:
    people, rate = 4_000, 0.05
    control = Arm(name="a", people_count=people, goal_count=int(random.binomial(people, rate)))
    variants = [
        Arm(
            name=str(lift),
            people_count=people,
            goal_count=int(random.binomial(people, rate * (1 + lift))),
        )
        for lift in lifts
    ]
    held = []
    for lift, compared in zip(lifts, compare_with_control(control, variants), strict=True):
        contrast = compared.contrast
        assert isinstance(contrast, Contrast)
        assert isinstance(contrast.lift, IntervalEstimate)
        held.append(contrast.lift.low <= lift <= contrast.lift.high)
    return held


def _money(random: np.random.Generator, *, spread: float) -> Bools:
    """Simulate tests without an effect (shape: tests, the four intervals)."""
    return np.array([_one_held(random, spread) for _ in range(MONEY_TESTS)])


def _one_held(random: np.random.Generator, spread: float) -> list[bool]:
    taste = random.normal(0, spread, (2, MONEY_PEOPLE))
    now, before = (
        np.exp(taste + random.normal(0, 0.4, taste.shape)) * (random.random(taste.shape) < share)
        for share in (0.1, 0.4)
    )
    arms = [value_arm(str(n), now[n], before[n]) for n in range(2)]
    found = compare_values(arms[0], arms[1])
    assert isinstance(found, ValueContrast)
    effects = [found.welch, found.cuped]
    held = []
    for effect in effects:
        assert not isinstance(effect, str)
        for interval in (effect.difference, effect.lift):
            assert isinstance(interval, IntervalEstimate)
            held.append(interval.low <= 0 <= interval.high)
    return held


def _of_money(about: str, held: Bools, *, is_demanded: bool) -> Coverage:
    share = float(held.mean())
    return Coverage(
        about=about,
        promised=0.95,
        worst=share,
        average=share,
        error=_two_errors(0.95, len(held)),
        is_demanded=is_demanded,
    )
