"""Checks of a split: are its arms as large as they should be, and alike where they must be?"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.stats import chisquare, fisher_exact
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep, proportions_chisquare

from core.stats.estimates import CONFIDENCE

RATIO_ALARM = 0.001
AA_ALARM = 0.01
_LEAST_EXPECTED = 5  # below it the chi-square distribution is too coarse


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleRatio:
    """How likely the arms' sizes are if the split works; None with too few people to tell."""

    p_value: float | None
    is_alarm: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmPair:
    """Two arms (places), the difference of their rates (second minus first) and how likely it is.

    The interval is Newcombe's, of 95 %; the p-value is corrected for the number of pairs (Holm).
    """

    first: int
    second: int
    difference: float
    low: float
    high: float
    p_value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AATest:
    """Whether arms that were treated alike differ beyond chance; None with nothing to compare."""

    p_value: float | None
    is_alarm: bool
    pairs: Sequence[ArmPair]


def sample_ratio(counts: Sequence[int], weights: Sequence[float]) -> SampleRatio:
    """Compare the arms' sizes with their weights.

    Library: scipy `chisquare`. The alarm is at p < 0.001, as people look at it often.
    """
    expected = np.array(weights) / sum(weights) * sum(counts)
    if len(counts) < 2 or expected.min() < _LEAST_EXPECTED:
        return SampleRatio(p_value=None, is_alarm=False)
    p_value = float(chisquare(counts, expected).pvalue)
    return SampleRatio(p_value=p_value, is_alarm=p_value < RATIO_ALARM)


def aa_test(goal_counts: Sequence[int], people_counts: Sequence[int]) -> AATest:
    """Compare the rates of arms that nothing has treated differently yet, all pairs of them.

    The smallest corrected p-value decides; the alarm is at p < 0.01. Pairs with an arm without
    people are left out.
    """
    filled = [n for n, people in enumerate(people_counts) if people > 0]
    pairs = list(combinations(filled, 2))
    if not pairs:
        return AATest(p_value=None, is_alarm=False, pairs=[])
    tables = [[(goal_counts[n], people_counts[n]) for n in pair] for pair in pairs]
    single = [_p_value(*table) for table in tables]
    # Nothing to correct for one pair; the library takes a tenth of a second (it collects garbage).
    corrected = single if len(single) == 1 else multipletests(single, method="holm")[1]
    found = [
        _pair(pair, table, float(p))
        for pair, table, p in zip(pairs, tables, corrected, strict=True)
    ]
    p_value = min(pair.p_value for pair in found)
    return AATest(p_value=p_value, is_alarm=p_value < AA_ALARM, pairs=found)


def _pair(places: tuple[int, int], arms: Sequence[tuple[int, int]], p_value: float) -> ArmPair:
    (goals, people), (other_goals, other_people) = arms
    low, high = confint_proportions_2indep(
        other_goals,
        other_people,
        goals,
        people,
        method="newcomb",
        compare="diff",
        alpha=1 - CONFIDENCE,
    )
    return ArmPair(
        first=places[0],
        second=places[1],
        difference=other_goals / other_people - goals / people,
        low=float(low),
        high=float(high),
        p_value=p_value,
    )


def _p_value(arm: tuple[int, int], other: tuple[int, int]) -> float:
    """Give the two-sided p-value of equal rates: Pearson's, or Fisher's where counts are small.

    Libraries: statsmodels `proportions_chisquare`, scipy `fisher_exact`.
    """
    goals, people = arm[0] + other[0], arm[1] + other[1]
    rare = min(goals, people - goals)
    if min(arm[1], other[1]) * rare / people >= _LEAST_EXPECTED:
        return float(proportions_chisquare([arm[0], other[0]], [arm[1], other[1]])[1])
    table = [[arm[0], arm[1] - arm[0]], [other[0], other[1] - other[0]]]
    return float(fisher_exact(table).pvalue)
