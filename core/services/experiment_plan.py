"""The plan of a test from a history: how many people, how many days, how small an effect."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from core.domain.errors import UnusableInput
from core.domain.experiments import ExperimentSettings
from core.rehearsal.reports.split_traffic import EventRate, ExposedHistory
from core.services.plan_suggestions import Question, Suggestion, suggestions
from core.stats.conversion import Arm, rate
from core.stats.duration import Duration, Traffic, duration, people_done_by, traffic_of
from core.stats.intervals import IntervalEstimate, Reason
from core.stats.planning import (
    Design,
    SampleSize,
    lift_grid,
    power_of,
    smallest_lift,
)
from core.stats.revenue_planning import RevenuePlan, revenue_plan

DEFAULT_LIFT = 0.1
LONG_DAYS = 60
CURVE_DAYS = (4, 7, 14, 21, 28, 42, 60, 90)
_RETURN_DAY = 7
_WORTH_SAYING = 0.05
_FAR = 3
_LARGEST_LIFT = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectAtDay:
    """What a test can show that is read after so many days, at its planned power.

    `people_count` are those whose window is over by then; `lift` is None where they are too few to
    show anything.
    """

    day: int
    on: date
    people_count: int
    lift: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerAtLift:
    """The chance that the planned number of people shows a lift."""

    lift: float
    power: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentPlan:
    """A test planned from a history; the control stands first among the variants.

    `exposed_count` people came to the split in the history. `decided_count` of them were seen to
    the end of their window, `goal_count` of those reached the goal, whose `rate` has Wilson's 95 %
    interval; `censored_count` were not, and are in no rate. `duration` is None where it cannot be
    known, or is longer than ten years. `revenue` is None for a goal without a value.
    """

    campaign: str
    split: str
    control: str
    variants: tuple[str, ...]
    window: timedelta
    holdout: float
    power: float
    lift: float
    starts_on: date
    timezone: str
    traffic: Traffic | Reason
    rate: IntervalEstimate | Reason
    exposed_count: int
    decided_count: int
    goal_count: int
    censored_count: int
    size: SampleSize | Reason
    duration: Duration | None
    is_long: bool
    suggestions: tuple[Suggestion, ...]
    effect_by_day: tuple[EffectAtDay, ...]
    power_by_lift: tuple[PowerAtLift, ...]
    revenue: RevenuePlan | Reason | None
    notes: tuple[str, ...]


def plan_experiment(
    history: ExposedHistory,
    settings: ExperimentSettings,
    *,
    starts_on: date,
    smallest_lift: float | None = None,
    seed: int = 0,
) -> ExperimentPlan:
    """Plan the test of a split that starts at the beginning of a day.

    The lift it has to find is the argument, else that of the settings, else 10 %; a drop is below
    0. Raises UnusableInput for a lift of 0 or less than -100 %, and for settings without a window,
    or with another one than the history's.
    """
    check_lift(smallest_lift)
    if settings.window != history.window:
        raise UnusableInput(
            "The window of the test is not the one the history was read with; read it again."
        )
    asked = _question(history, settings, starts_on, smallest_lift)
    size = asked.size()
    lasts = asked.duration(size, with_range=True)
    is_plannable = isinstance(size, SampleSize) and isinstance(asked.traffic, Traffic)
    is_long = is_plannable and (lasts is None or lasts.days > LONG_DAYS)
    decided, goals = _counts(history)
    return ExperimentPlan(
        campaign=history.campaign,
        split=history.split,
        control=settings.control,
        variants=asked.names,
        window=history.window,
        holdout=settings.holdout,
        power=settings.power,
        lift=asked.lift,
        starts_on=starts_on,
        timezone=history.timezone,
        traffic=asked.traffic,
        rate=asked.rate,
        exposed_count=len(history),
        decided_count=decided,
        goal_count=goals,
        censored_count=len(history) - decided,
        size=size,
        duration=lasts,
        is_long=is_long,
        suggestions=suggestions(asked, is_long=is_long, long_days=LONG_DAYS),
        effect_by_day=_effects(asked, lasts),
        power_by_lift=_powers(asked, size),
        revenue=_revenue(history, asked, seed),
        notes=_notes(history, asked, lasts),
    )


def planned_settings(settings: ExperimentSettings, plan: ExperimentPlan) -> ExperimentSettings:
    """Write a plan into the settings of its test: people, end and the lift it has to find.

    Raises UnusableInput for a plan that could not tell how many people it takes.
    """
    if isinstance(plan.size, Reason):
        raise UnusableInput(
            "The history does not tell how many people this test takes; choose another goal."
        )
    ends_at = None
    if plan.duration is not None:
        ends_at = datetime.combine(plan.duration.ends_on, time(), tzinfo=ZoneInfo(plan.timezone))
    return settings.model_copy(
        update={
            "planned_people_count": plan.size.people_count,
            "planned_end_at": ends_at,
            "smallest_lift": plan.lift,
        }
    )


def check_lift(lift: float | None) -> None:
    """Raise UnusableInput for an effect that nothing can be planned for."""
    if lift is not None and (lift == 0 or not -1 <= lift <= _LARGEST_LIFT):
        raise UnusableInput(
            "The smallest effect that matters is a rise of up to 10,000 %, or a drop of up to "
            "100 %, and not 0; choose another one."
        )


def design_of(settings: ExperimentSettings) -> tuple[Design, tuple[str, ...]]:
    """Give the design of a test and the names of its arms, the control first in both."""
    place = settings.control_place
    order = [place, *(n for n in range(len(settings.variants)) if n != place)]
    design = Design(weights=[settings.weights[n] for n in order], power=settings.power)
    return design, tuple(settings.variant_names[n] for n in order)


def _question(
    history: ExposedHistory,
    settings: ExperimentSettings,
    starts_on: date,
    lift: float | None,
) -> Question:
    design, names = design_of(settings)
    chosen = lift if lift is not None else settings.smallest_lift
    decided, goals = _counts(history)
    return Question(
        design=design,
        names=names,
        traffic=traffic_of(
            history.days.counts,
            first_weekday=history.days.days[0].weekday() if history.days.days else 0,
            gaps=history.days.gaps,
            is_gap_known=history.days.is_gap_known,
        ),
        rate=rate(Arm(name=settings.primary.name, people_count=decided, goal_count=goals)),
        lift=DEFAULT_LIFT if chosen is None else chosen,
        window=history.window,
        holdout=settings.holdout,
        starts_on=starts_on,
        events=_events(history, settings, decided),
    )


def _counts(history: ExposedHistory) -> tuple[int, int]:
    return int(history.is_decided.sum()), int((history.is_decided & history.is_goal).sum())


def _events(
    history: ExposedHistory, settings: ExperimentSettings, decided: int
) -> Sequence[tuple[str, float]]:
    """List other events with their rates that the settings would accept as a goal."""
    own = set(settings.primary.event.event)
    return [
        (each.event, each.people_count / decided)
        for each in history.events
        if each.event not in own and _is_goal_like(each)
    ]


def _is_goal_like(each: EventRate) -> bool:
    """Leave out what mail programs do, and what happens to people rather than by them."""
    return not each.event.casefold().replace("_", " ").startswith(("email", "mail", "open"))


def _effects(asked: Question, lasts: Duration | None) -> tuple[EffectAtDay, ...]:
    if isinstance(asked.traffic, Reason) or isinstance(asked.rate, Reason):
        return ()
    planned = () if lasts is None else (lasts.days,)
    days = sorted({*CURVE_DAYS, *planned})
    people = people_done_by(
        asked.traffic,
        days,
        starts_on=asked.starts_on,
        window=asked.window,
        share_exposed=1 - asked.holdout,
    )
    return tuple(
        EffectAtDay(
            day=day,
            on=asked.starts_on + timedelta(days=day),
            people_count=int(count),
            lift=smallest_lift(asked.design, rate=asked.rate.value, people_count=count),
        )
        for day, count in zip(days, people, strict=True)
    )


def _powers(asked: Question, size: SampleSize | Reason) -> tuple[PowerAtLift, ...]:
    if isinstance(size, Reason):
        return ()
    lifts = lift_grid(asked.lift, rate=size.rate)
    return tuple(
        PowerAtLift(
            lift=lift,
            power=power_of(asked.design, rate=size.rate, lift=lift, people_count=size.people_count),
        )
        for lift in lifts
    )


def _revenue(history: ExposedHistory, asked: Question, seed: int) -> RevenuePlan | Reason | None:
    if history.value is None:
        return None
    is_decided = history.is_decided
    before = None if history.value_before is None else history.value_before[is_decided]
    found = revenue_plan(
        asked.design, history.value[is_decided], before, lift=asked.lift, seed=seed
    )
    if isinstance(found, Reason) or found.people_count is None or isinstance(asked.traffic, Reason):
        return found
    lasts = duration(
        asked.traffic,
        people_count=found.people_count,
        starts_on=asked.starts_on,
        window=asked.window,
        share_exposed=1 - asked.holdout,
        with_range=False,
    )
    return replace(found, days=None if lasts is None else lasts.days)


def _notes(history: ExposedHistory, asked: Question, lasts: Duration | None) -> tuple[str, ...]:
    """Say what the plan takes for granted."""
    traffic = asked.traffic
    said = _traffic_notes(history, traffic, lasts) if isinstance(traffic, Traffic) else []
    if history.is_decided.sum() < len(history):
        undecided = len(history) - int(history.is_decided.sum())
        said.append(
            f"{undecided:,} people came so late that their time for the goal had not ended; they "
            "are in no rate."
        )
    if history.value is not None:
        said.append("For revenue, more people are assumed to buy, each for as much as others did.")
    return tuple(said)


def _traffic_notes(history: ExposedHistory, traffic: Traffic, lasts: Duration | None) -> list[str]:
    said = []
    if not history.days.is_warm:
        said.append(
            "The history is shorter than the flow needs to run as it always will, so that more or "
            "fewer people may come than planned."
        )
    if not traffic.has_weekdays:
        said.append(
            f"Only {traffic.day_count} whole days are known, so all weekdays are taken alike and "
            "the days have no range."
        )
    again = 1 - float(traffic.fresh[min(_RETURN_DAY, len(traffic.fresh) - 1)])
    if again >= _WORTH_SAYING:
        said.append(
            f"People count once: {again:.0%} of those who come a week into the test will have come "
            "in it before, so that fewer are new every day."
        )
    if lasts is not None and lasts.days > _FAR * traffic.day_count:
        said.append(
            f"The history has {traffic.day_count} whole days to learn from; so far ahead the days "
            "are a rough figure."
        )
    return said
