"""Figures and findings of tests in a marketer's words; shares are rounded as on screen."""

from collections.abc import Mapping
from datetime import date
from math import ceil

from core.services.experiment_people import Exclusion
from core.stats.intervals import IntervalEstimate, Reason
from core.stats.ratio import RatioCause, RatioCheck

_LEAST_P = 0.0001
_FINE = 0.1  # below it, a share has one decimal

EXCLUSION_WORDS: Mapping[Exclusion, str] = {
    Exclusion.REPEATED_ROWS: "rows of somebody who is counted already",
    Exclusion.SEVERAL_VARIANTS: "people who came under two variants",
    Exclusion.UNKNOWN_VARIANT: "people with a variant that is not in the test",
    Exclusion.HELD_OUT: "people of the comparison group, who get no e-mail",
    Exclusion.GOAL_BEFORE_SPLIT: "people who had reached the goal before the split",
    Exclusion.BEFORE_START: "people who came before the test was launched",
    Exclusion.AFTER_END: "people who came after the test was ended",
}

REASON_WORDS: Mapping[Reason, str] = {
    Reason.NO_PEOPLE: "nobody's time for the goal is over yet",
    Reason.NO_GOALS: "nobody has reached the goal yet",
    Reason.ALL_GOALS: "everybody has reached the goal",
    Reason.NO_GOALS_IN_CONTROL: "nobody in the control has reached the goal yet",
    Reason.NO_VARIATION: "all values are the same",
    Reason.MEAN_NOT_POSITIVE: "the control brought nothing to compare with",
    Reason.TOO_FEW_PEOPLE: "too few people",
    Reason.TOO_FEW_GOALS: "too few people have reached the goal",
    Reason.NO_COVARIATE: "nothing is known from before the split",
    Reason.EMPTY: "what was seen on different days cannot all be true: the effect has changed",
    Reason.NOT_COMPARED: "not compared",
}

_CAUSE_WORDS: Mapping[RatioCause, str] = {
    RatioCause.ONE_DAY: "something happened on {day}, such as an outage or a wrong import",
    RatioCause.SINCE_A_DAY: "something was changed on {day}, in the flow, the weights or tracking",
    RatioCause.SOME_DAYS: "on some days people of one group were lost or sent elsewhere",
    RatioCause.EVERY_DAY_ALIKE: (
        "people of one group are lost before they are counted, or were shared out differently"
    ),
    RatioCause.ONE_SOURCE: "people from {source} do not reach all groups alike",
    RatioCause.SOME_SOURCES: "people from some sources do not reach all groups alike",
    RatioCause.EVERY_SOURCE_ALIKE: "it is not due to where people came from",
}


def share(rate: float, *, digits: int | None = None, is_signed: bool = False) -> str:
    """Write a share as in a sentence: `12 %`, `4.5 %`; signed `+12 %`, `−3.0 %`."""
    if digits is None:
        digits = 1 if abs(rate) < _FINE else 0
    text = f"{abs(100 * rate):.{digits}f}"
    is_zero = not text.strip("0.")
    sign = "−" if rate < 0 and not is_zero else "+" if is_signed and not is_zero else ""
    return f"{sign}{text} %"


def lift(estimate: IntervalEstimate) -> str:
    """Write a lift with its interval: `+12 % (3 to 21 %)`."""
    digits = 1 if max(abs(estimate.low), abs(estimate.high)) < _FINE else 0
    low, high = (share(part, digits=digits) for part in (estimate.low, estimate.high))
    value = share(estimate.value, digits=digits, is_signed=True)
    return f"{value} ({low.removesuffix(' %')} to {high})"


def lift_or_reason(estimate: IntervalEstimate | Reason) -> str:
    """Write a lift, or why there is none."""
    return REASON_WORDS[estimate] if isinstance(estimate, Reason) else lift(estimate)


def at_most(rate: float) -> str:
    """Write a share that nothing exceeds, rounded up: `5 %`, `4.8 %`."""
    steps = 1_000 if abs(rate) < _FINE else 100
    rounded = ceil(round(rate * steps, 9)) / steps
    text = f"{100 * rounded:.1f}".removesuffix(".0")
    return f"{text} %"


def p_words(p_value: float) -> str:
    """Write a p-value: `p = 0.0004`, `p < 0.0001`."""
    if p_value < _LEAST_P:
        return "p < 0.0001"
    return f"p = {float(f'{p_value:.2g}'):.6f}".rstrip("0").rstrip(".")


def days_to_go(days: float) -> str:
    """Write how long something still takes: `about 9 days`, rounded up."""
    if days < 1:
        return "less than a day"
    whole = ceil(days)
    return f"about {whole:,} day{'' if whole == 1 else 's'}"


def people(count: int) -> str:
    """Write `1 person` or `1,040 people`."""
    return f"{count:,} {'person' if count == 1 else 'people'}"


def ratio_causes(check: RatioCheck) -> list[str]:
    """Say what may be behind groups of the wrong size, in the order of the check."""
    day = "" if check.day is None else _day(check.day)
    source = "" if check.source is None else check.source
    return [_CAUSE_WORDS[cause].format(day=day, source=source) for cause in check.causes]


def _day(label: str) -> str:
    """Write the label of a day, an ISO date, as on screen: `3 Aug 2026`."""
    return date.fromisoformat(label).strftime("%-d %b %Y")
