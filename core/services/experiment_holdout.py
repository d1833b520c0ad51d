"""What a campaign as a whole added: everybody it could reach beside the people it left untouched.

Intention to treat: whoever entered counts, whether an e-mail reached them or not, and the window
begins at the entry, for people of the holdout come to no e-mail.
"""

from dataclasses import dataclass

from core.engine.batches import Bools, Int64s
from core.services.experiment_people import Floats, GoalColumn
from core.services.experiment_reading import ArmCount, counts_of
from core.services.experiment_words import people, share
from core.stats.arms import SampleRatio, sample_ratio
from core.stats.conversion import Arm, Contrast, compare
from core.stats.intervals import IntervalEstimate, Reason
from core.stats.revenue import ValueContrast, compare_values, value_arm

TREATED, HELD_OUT = "everybody else", "comparison group"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HoldoutPeople:
    """Everybody who entered a campaign, by their first entry; arrays have one entry per person.

    `share` is the holdout's by design (0 to 1).
    """

    share: float
    is_held_out: Bools
    entered_at: Int64s
    window_ends_at: Int64s
    goal: GoalColumn
    is_replay: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldoutReport:
    """What the campaign added in goals and money, with 95 % intervals; see `holdout_report`.

    `added_goals` and `added_value` are for all treated people whose window is over: the difference
    per person, times their number.
    """

    treated: ArmCount
    held_out: ArmCount
    contrast: Contrast | Reason
    value: ValueContrast | Reason | None
    added_goals: IntervalEstimate | Reason
    added_value: IntervalEstimate | Reason | None
    ratio: SampleRatio
    in_window_count: int
    sentence: str


def holdout_report(given: HoldoutPeople, now: int) -> HoldoutReport:
    """Compare who could be reached with the holdout at `now` (µs).

    Difference of shares with Newcombe's interval, money per person by Welch's; both times the
    number of treated people. Nothing is added up where the groups are not the size they should be,
    nor of a rehearsal, in which no e-mail was sent.
    """
    is_decided = given.window_ends_at <= now
    ratio = sample_ratio(
        [int((~given.is_held_out).sum()), int(given.is_held_out.sum())],
        [1 - given.share, given.share],
    )
    treated, held_out = (
        Arm(
            name=name,
            people_count=int(chosen.sum()),
            goal_count=int((chosen & given.goal.is_reached).sum()),
        )
        for name, chosen in _groups(given, is_decided)
    )
    is_sound = not (ratio.is_alarm or given.is_replay)
    contrast = compare(held_out, treated) if is_sound else Reason.NOT_COMPARED
    value = _value(given, is_decided) if is_sound else Reason.NOT_COMPARED
    if given.goal.value is None:
        value = None
    goals = contrast if isinstance(contrast, Reason) else contrast.difference
    money = value if value is None or isinstance(value, Reason) else value.welch.difference
    counts = counts_of([treated, held_out])
    added_goals = _times(goals, treated.people_count)
    return HoldoutReport(
        treated=counts[0],
        held_out=counts[1],
        contrast=contrast,
        value=value,
        added_goals=added_goals,
        added_value=None if money is None else _times(money, treated.people_count),
        ratio=ratio,
        in_window_count=int((~is_decided).sum()),
        sentence=_sentence(counts[0], counts[1], added_goals, ratio, given.is_replay),
    )


def _groups(given: HoldoutPeople, is_decided: Bools) -> list[tuple[str, Bools]]:
    return [
        (TREATED, is_decided & ~given.is_held_out),
        (HELD_OUT, is_decided & given.is_held_out),
    ]


def _value(given: HoldoutPeople, is_decided: Bools) -> ValueContrast | Reason | None:
    if given.goal.value is None:
        return None
    values: Floats = given.goal.value
    treated, held_out = (
        value_arm(name, values[chosen]) for name, chosen in _groups(given, is_decided)
    )
    return compare_values(held_out, treated)


def _times(estimate: IntervalEstimate | Reason, count: int) -> IntervalEstimate | Reason:
    """Multiply a difference per person by the number of people."""
    if isinstance(estimate, Reason):
        return estimate
    return IntervalEstimate(
        value=estimate.value * count,
        low=estimate.low * count,
        high=estimate.high * count,
        confidence=estimate.confidence,
    )


def _sentence(
    treated: ArmCount,
    held_out: ArmCount,
    added: IntervalEstimate | Reason,
    ratio: SampleRatio,
    is_replay: bool,
) -> str:
    if is_replay:
        return "In a rehearsal no e-mail was sent, so that the campaign added nothing."
    if ratio.is_alarm:
        return (
            "The comparison group is not the size it should be, so that nothing can be said of "
            "what the campaign added."
        )
    if isinstance(added, Reason):
        return "The comparison group is too small, or too young, to say what the campaign added."
    low, high = round(added.low), round(added.high)
    said = (
        f"Of {people(treated.people_count)} the campaign could reach, about "
        f"{round(added.value):,} reached the goal because of it ({low:,} to {high:,})"
    )
    rates = (
        f"{share(treated.goal_count / treated.people_count)} against "
        f"{share(held_out.goal_count / held_out.people_count)} of the comparison group"
    )
    proven = "" if added.excludes_zero else "; that it added anything is not proven"
    return f"{said}: {rates}{proven}."
