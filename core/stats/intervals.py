"""What a statistic comes out as: an estimate with its interval, or the reason why there is none."""

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Why something cannot be computed; it stands where the number would be."""

    NO_PEOPLE = "no_people"
    NO_GOALS = "no_goals"  # nobody reached the goal in either arm
    ALL_GOALS = "all_goals"  # everybody did in both
    NO_GOALS_IN_CONTROL = "no_goals_in_control"  # nothing that a lift could be relative to
    NO_VARIATION = "no_variation"
    MEAN_NOT_POSITIVE = "mean_not_positive"  # nothing that a lift could be relative to
    TOO_FEW_PEOPLE = "too_few_people"
    TOO_FEW_GOALS = "too_few_goals"
    NO_COVARIATE = "no_covariate"
    EMPTY = "empty"  # intervals of different times exclude each other: the effect has changed
    NOT_COMPARED = "not_compared"


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalEstimate:
    """A value with the two-sided interval that holds the true one in `confidence` of all cases."""

    value: float
    low: float
    high: float
    confidence: float

    @property
    def excludes_zero(self) -> bool:
        """Say whether the interval lies on one side of zero."""
        return self.low > 0 or self.high < 0
