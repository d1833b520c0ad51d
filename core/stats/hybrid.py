"""The stopping rule: what may be said of a test at any look, and what at its planned end.

A variant differs from the control if its e-value has ever reached 100 (an error in at most 1 of 100
tests, however often somebody looks), or if the z test at the planned end, read once on the people
who were planned, is below 0.04: together at most 5 of 100. With several variants both are corrected
for their number: 100 times as many, and Holm's p-values.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import isnan

from scipy.stats import norm

from core.stats.conversion import Arm, relative_lift, z_value
from core.stats.intervals import IntervalEstimate, Reason
from core.stats.multiple import holm, holm_confidences
from core.stats.sequential import (
    ANYTIME_ALARM,
    CONFIDENCE,
    END_ALARM,
    Period,
    always_valid_lift,
    e_value,
)

_LEAST_EXPECTED = 5  # goals and misses per arm, below which z is not normal enough


class Verdict(StrEnum):
    """What may be said of a variant."""

    KEEP_COLLECTING = "keep_collecting"
    WINS = "wins"
    LOSES = "loses"
    NO_DIFFERENCE = "no_difference"
    DO_NOT_TRUST = "do_not_trust"
    NOT_ENOUGH = "not_enough"


class DecidedBy(StrEnum):
    """Which half of the rule decided."""

    ANY_LOOK = "any_look"
    PLANNED_END = "planned_end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What is known of one variant beside the control.

    `periods` are the converters now, `largest_e_value`, `lift_low` and `lift_high` come from
    `sequential.look_at` at the last look (limits as of `anytime_confidence`; None: of the counts
    now). `at_end` are control and variant as they stood at the planned end, once it is reached: the
    first people who were planned, by exposure, and nobody after them.
    """

    name: str
    periods: Sequence[Period]
    largest_e_value: float
    lift_low: float | None = None
    lift_high: float | None = None
    at_end: tuple[Arm, Arm] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The verdict on one variant, and the facts behind it.

    `lift` is always valid (`sequential.always_valid_lift`) unless the planned end is reached and
    decides; then it is the fixed one (`conversion.relative_lift`). Both have 96 % confidence,
    corrected. `is_leaning`: it leaves 0 out, yet the rule asks for more before its end. `p_value`
    is Holm's at the planned end. `plausible_up_to` is the largest lift or drop that the interval
    still holds, with NO_DIFFERENCE.
    """

    name: str
    verdict: Verdict
    decided_by: DecidedBy | None
    lift: IntervalEstimate | Reason
    is_always_valid: bool
    is_leaning: bool
    e_value: float
    largest_e_value: float
    e_needed: float
    p_value: float | Reason
    people_to_go: int | None
    days_to_go: float | None
    plausible_up_to: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """A verdict with the interval that it rests on."""

    verdict: Verdict
    lift: IntervalEstimate | Reason
    decided_by: DecidedBy | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _AtEnd:
    """The planned end of a variant: Holm's p-value and the interval that agrees with it."""

    p_value: float | Reason
    lift: IntervalEstimate | Reason


def anytime_confidence(contrast_count: int) -> float:
    """Give the confidence of always-valid intervals, corrected for several variants: 1 - 0.04/m."""
    return 1 - END_ALARM / max(1, contrast_count)


def judge(
    progress: Sequence[Progress],
    *,
    people_count: int,
    people_per_day: float | None,
    planned_people_count: int | None,
    smallest_lift: float | None = None,
    is_ratio_alarm: bool,
) -> list[Judgement]:
    """Judge each variant by the hybrid rule, in the order given; nobody wins with a ratio alarm.

    `people_count` are all arms' people whose window has ended. Before the end a variant whose lift
    is certainly within ± `smallest_lift` makes no difference that matters.
    """
    ends = _ends(progress)
    to_go = None if planned_people_count is None else max(0, planned_people_count - people_count)
    found = []
    for variant, at_end in zip(progress, ends, strict=True):
        confidence = anytime_confidence(len(progress))
        needed = len(progress) / ANYTIME_ALARM
        said = _said(variant, at_end, needed, confidence, smallest_lift)
        if is_ratio_alarm:
            said = _Said(verdict=Verdict.DO_NOT_TRUST, lift=Reason.NOT_COMPARED)
        found.append(_judgement(variant, said, at_end, needed, to_go, people_per_day))
    return found


def _judgement(
    variant: Progress,
    said: _Said,
    at_end: _AtEnd,
    needed: float,
    to_go: int | None,
    per_day: float | None,
) -> Judgement:
    is_open = said.verdict is Verdict.KEEP_COLLECTING
    interval = None if isinstance(said.lift, Reason) else said.lift
    is_none = said.verdict is Verdict.NO_DIFFERENCE and interval is not None
    return Judgement(
        name=variant.name,
        verdict=said.verdict,
        decided_by=said.decided_by,
        lift=said.lift,
        is_always_valid=interval is not None and said.decided_by is not DecidedBy.PLANNED_END,
        is_leaning=is_open and interval is not None and interval.excludes_zero,
        e_value=e_value(variant.periods),
        largest_e_value=variant.largest_e_value,
        e_needed=needed,
        p_value=at_end.p_value,
        people_to_go=to_go if is_open else None,
        days_to_go=to_go / per_day if is_open and to_go is not None and per_day else None,
        plausible_up_to=max(-interval.low, interval.high) if interval and is_none else None,
    )


def _said(
    variant: Progress,
    at_end: _AtEnd,
    needed: float,
    confidence: float,
    smallest_lift: float | None,
) -> _Said:
    anytime = _anytime_lift(variant, confidence)
    known = None if isinstance(anytime, Reason) else anytime
    if variant.largest_e_value >= needed:
        direction = _direction(anytime)
        if direction is not None:
            return _Said(verdict=direction, lift=anytime, decided_by=DecidedBy.ANY_LOOK)
    if variant.at_end is not None:
        return _said_at_end(at_end)
    if known is not None and max(-known.low, known.high) < (smallest_lift or 0):
        return _Said(verdict=Verdict.NO_DIFFERENCE, lift=known, decided_by=DecidedBy.ANY_LOOK)
    return _Said(verdict=Verdict.KEEP_COLLECTING, lift=anytime)


def _said_at_end(at_end: _AtEnd) -> _Said:
    if isinstance(at_end.lift, Reason) or isinstance(at_end.p_value, Reason):
        return _Said(verdict=Verdict.NOT_ENOUGH, lift=at_end.lift, decided_by=DecidedBy.PLANNED_END)
    verdict = Verdict.NO_DIFFERENCE
    if at_end.p_value < END_ALARM:
        verdict = Verdict.WINS if at_end.lift.value > 0 else Verdict.LOSES
    return _Said(verdict=verdict, lift=at_end.lift, decided_by=DecidedBy.PLANNED_END)


def _anytime_lift(variant: Progress, confidence: float) -> IntervalEstimate | Reason:
    """Give the interval of the counts now, narrowed by what earlier looks have excluded."""
    now = always_valid_lift(variant.periods, confidence=confidence)
    low, high = variant.lift_low, variant.lift_high
    if isinstance(now, Reason) or low is None or high is None or isnan(low) or isnan(high):
        return now
    return IntervalEstimate(
        value=min(max(now.value, low), high), low=low, high=high, confidence=confidence
    )


def _direction(lift: IntervalEstimate | Reason) -> Verdict | None:
    """Say on which side of 0 the interval lies; None if it is on both: the lift has changed."""
    if lift is Reason.NO_GOALS_IN_CONTROL:
        return Verdict.WINS
    if isinstance(lift, Reason) or not lift.excludes_zero:
        return None
    return Verdict.WINS if lift.low > 0 else Verdict.LOSES


def _ends(progress: Sequence[Progress]) -> list[_AtEnd]:
    """Test all variants that are at their end, corrected for the number of all variants."""
    single = [_p_at_end(variant) for variant in progress]
    # Who cannot be tested counts as a test that found nothing.
    counted = [1.0 if isinstance(p_value, Reason) else p_value for p_value in single]
    levels = holm_confidences(counted, confidence=CONFIDENCE)
    found = []
    for variant, p_value, corrected, level in zip(
        progress, single, holm(counted), levels, strict=True
    ):
        lift: IntervalEstimate | Reason = Reason.NOT_COMPARED
        if variant.at_end is not None:
            lift = relative_lift(*variant.at_end, confidence=level)
        if not isinstance(p_value, Reason) and corrected is not None:
            p_value = corrected
        found.append(_AtEnd(p_value=p_value, lift=lift))
    return found


def _p_at_end(variant: Progress) -> float | Reason:
    if variant.at_end is None:
        return Reason.NOT_COMPARED
    control, other = variant.at_end
    z = z_value(control, other)
    if isinstance(z, Reason):
        return z
    goals = control.goal_count + other.goal_count
    people = control.people_count + other.people_count
    fewest = min(control.people_count, other.people_count)
    if fewest * min(goals, people - goals) / people < _LEAST_EXPECTED:
        return Reason.TOO_FEW_GOALS
    return float(2 * norm.sf(abs(z)))
