"""Counts of a test per variant, and their comparison as of a test that is read once."""

from dataclasses import dataclass

import numpy as np

from core.domain.instants import from_microseconds
from core.engine.batches import Bools, Int64s
from core.services.experiment_people import Floats, GoalColumn, SegmentColumn
from core.services.experiment_reading import DAY, ArmCount, Reading, counts_of, table
from core.stats.bayes import chances_to_win, expected_losses
from core.stats.conversion import rate
from core.stats.guardrails import Guardrail, guard
from core.stats.intervals import IntervalEstimate, Reason
from core.stats.multiple import (
    Compared,
    ComparedValue,
    compare_values_with_control,
    compare_with_control,
)
from core.stats.ratio import Cell, RatioCheck, check_ratio
from core.stats.revenue import ValueArm, value_arm


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantCounts:
    """One variant as the page lists it; people throughout, None for what nobody recorded.

    `weight_share` is its share by design, `decided_count` the people whose window is over: `rate`
    is `goal_count` of them. `early_goal_count` reached the goal while their window is open, and is
    in no rate. Openings and clicks never decide; those by machines only are counted beside them.
    `revenue` is the money of decided people in their windows.
    """

    name: str
    weight_share: float
    exposed_count: int
    in_window_count: int
    decided_count: int
    sent_count: int | None
    delivered_count: int | None
    clicked_count: int | None
    clicked_by_machine_count: int | None
    opened_count: int | None
    opened_by_machine_count: int | None
    goal_count: int
    early_goal_count: int
    rate: IntervalEstimate | Reason
    revenue: float | None
    revenue_per_person: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GoalResult:
    """One goal: counts of the people who are compared, and each variant beside the control.

    `contrasts` and `revenue` hold for a test that is read once, at its planned end; both are
    corrected for the number of variants (Holm). Secondary goals decide nothing.
    """

    name: str
    is_primary: bool
    counts: tuple[ArmCount, ...]
    contrasts: tuple[Compared, ...]
    revenue: tuple[ComparedValue, ...] | None
    revenue_totals: tuple[float, ...] | None
    value_arms: tuple[ValueArm, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chances:
    """How likely each variant is the best, and what choosing it would cost on average in points.

    Wording for the reader, never a rule (see `core.stats.bayes`).
    """

    names: tuple[str, ...]
    to_win: tuple[float, ...] | Reason
    losses: tuple[float, ...] | Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardrailResult:
    """What may not get worse by more than `margin`: each variant beside the control."""

    name: str
    margin: float
    guards: tuple[Guardrail | Reason, ...]
    counts: tuple[ArmCount, ...]


def variant_counts(reading: Reading) -> tuple[VariantCounts, ...]:
    """Count each variant; everybody, whatever the weights under which they came."""
    goal = reading.people.goals[0]
    exposed = reading.arms_of(goal.is_reached, np.ones(len(reading.people), dtype=np.bool_))
    decided = reading.arms_of(goal.is_reached, reading.is_decided)
    money = None if goal.value is None else _totals(reading, goal.value, reading.is_decided)
    total = sum(reading.settings.weights)
    found = []
    for place, (everybody, known) in enumerate(zip(exposed, decided, strict=True)):
        revenue = None if money is None else float(money[place])
        count = known.people_count
        found.append(
            VariantCounts(
                name=known.name,
                weight_share=known.weight / total,
                exposed_count=everybody.people_count,
                in_window_count=everybody.people_count - count,
                decided_count=count,
                goal_count=known.goal_count,
                early_goal_count=everybody.goal_count - known.goal_count,
                rate=rate(known),
                revenue=revenue,
                revenue_per_person=revenue / count if revenue is not None and count else None,
                **_mail_counts(reading, place),
            )
        )
    return tuple(found)


def goal_results(reading: Reading, *, is_compared: bool) -> tuple[GoalResult, ...]:
    """Count and compare each goal, the primary first; a rehearsal is counted only (7.2)."""
    return tuple(
        _goal_result(reading, goal, n == 0, is_compared)
        for n, goal in enumerate(reading.people.goals)
    )


def chances_of(reading: Reading, *, is_sound: bool) -> Chances:
    """Put the primary goal into chances; none where nobody may be called the winner."""
    names = reading.settings.variant_names
    if not is_sound:
        return Chances(names=names, to_win=Reason.NOT_COMPARED, losses=Reason.NOT_COMPARED)
    arms = reading.arms(reading.people.goals[0])
    to_win, losses = chances_to_win(arms), expected_losses(arms)
    return Chances(
        names=names,
        to_win=to_win if isinstance(to_win, Reason) else tuple(to_win),
        losses=losses if isinstance(losses, Reason) else tuple(losses),
    )


def guardrail_results(reading: Reading) -> tuple[GuardrailResult, ...]:
    """Hold each guardrail against its margin, in the order of the settings."""
    found = []
    for meant, column in zip(reading.settings.guardrails, reading.people.guardrails, strict=False):
        arms = reading.arms(column)
        control, variants = reading.against_control(arms)
        found.append(
            GuardrailResult(
                name=meant.name,
                margin=meant.margin,
                guards=tuple(guard(control, arm, margin=meant.margin) for arm in variants),
                counts=counts_of(arms),
            )
        )
    return tuple(found)


def ratio_of(reading: Reading) -> RatioCheck:
    """Compare the sizes of the groups with the weights, also per day (UTC) and per source.

    All exposed people count, whether their window is over or not, each by the weights of the time
    at which they came.
    """
    people, count = reading.people, len(reading.settings.variants)
    everybody = np.ones(len(people), dtype=np.bool_)
    days = _days(reading)
    day_counts = table(reading, days, everybody)
    source = people.source
    sources = [] if source is None else _cells(source, table(reading, source, everybody))
    expected = _expected(reading, days)
    return check_ratio(
        [int(n) for n in np.bincount(people.variant, minlength=count)],
        list(reading.weights[0]),
        days=_cells(days, day_counts) if len(days.labels) > 1 or len(reading.weights) > 1 else (),
        sources=sources,
        weights_by_day=None if len(reading.weights) == 1 else expected,
    )


def _expected(reading: Reading, days: SegmentColumn) -> dict[str, list[float]]:
    """Give each day's weights: those of its people, on a day of a change mixed by their numbers."""
    shares = np.array([np.array(w) / sum(w) for w in reading.weights])
    cell = days.code.astype(np.int64) * len(shares) + reading.period
    counts = np.bincount(cell, minlength=len(days.labels) * len(shares))
    expected = counts.reshape(len(days.labels), len(shares)) @ shares
    return {
        label: [float(part) for part in row]
        for label, row in zip(days.labels, expected, strict=True)
    }


def _days(reading: Reading) -> SegmentColumn:
    """Group people by the day (UTC) on which they came, in order of time."""
    days, code = np.unique(reading.people.exposed_at // DAY, return_inverse=True)
    labels = tuple(from_microseconds(int(day) * DAY).date().isoformat() for day in days)
    return SegmentColumn(name="day", labels=labels, code=code.astype(np.int32))


def _cells(column: SegmentColumn, counts: Int64s) -> list[Cell]:
    return [
        Cell(label=label, counts=[int(n) for n in row])
        for label, row in zip(column.labels, counts, strict=True)
    ]


def _goal_result(
    reading: Reading, goal: GoalColumn, is_primary: bool, is_compared: bool
) -> GoalResult:
    arms = reading.arms(goal)
    control, variants = reading.against_control(arms)
    revenue = totals = value_arms = None
    if goal.value is not None:
        value_arms = tuple(_value_arms(reading, goal.value))
        totals = tuple(arm.mean * arm.people_count for arm in value_arms)
        place = reading.settings.control_place
        others = [arm for n, arm in enumerate(value_arms) if n != place]
        if is_compared:
            revenue = tuple(compare_values_with_control(value_arms[place], others))
    return GoalResult(
        name=goal.name,
        is_primary=is_primary,
        counts=counts_of(arms),
        contrasts=tuple(compare_with_control(control, variants)) if is_compared else (),
        revenue=revenue,
        revenue_totals=totals,
        value_arms=value_arms,
    )


def _value_arms(reading: Reading, value: Floats) -> list[ValueArm]:
    before = reading.people.value_before
    found = []
    for place, variant in enumerate(reading.settings.variants):
        chosen = reading.is_compared & (reading.people.variant == place)
        covariate = None if before is None else before[chosen]
        found.append(value_arm(variant.name, value[chosen], covariate))
    return found


def _totals(reading: Reading, value: Floats, chosen: Bools) -> Floats:
    count = len(reading.settings.variants)
    return np.bincount(
        reading.people.variant[chosen], weights=value[chosen], minlength=count
    ).astype(np.float64, copy=False)


def _mail_counts(reading: Reading, place: int) -> dict[str, int | None]:
    """Count people by what became of their e-mails; None where nobody recorded it."""
    mails, own = reading.people.mails, reading.people.variant == place

    def counted(column: Bools | None) -> int | None:
        return None if column is None else int((column & own).sum())

    return {
        "sent_count": counted(mails.sent if mails else None),
        "delivered_count": counted(mails.delivered if mails else None),
        "clicked_count": counted(mails.clicked if mails else None),
        "clicked_by_machine_count": counted(mails.clicked_by_machine_only if mails else None),
        "opened_count": counted(mails.opened if mails else None),
        "opened_by_machine_count": counted(mails.opened_by_machine_only if mails else None),
    }
