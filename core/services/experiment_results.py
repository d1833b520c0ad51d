"""The results of a test: all that its page shows, computed from arrays of people at one moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from core.domain.experiments import Experiment, ExperimentSettings, ExperimentState
from core.domain.instants import from_microseconds
from core.services.experiment_counts import (
    Chances,
    GoalResult,
    GuardrailResult,
    VariantCounts,
    chances_of,
    goal_results,
    guardrail_results,
    ratio_of,
    variant_counts,
)
from core.services.experiment_holdout import HoldoutPeople, HoldoutReport, holdout_report
from core.services.experiment_looks import (
    PlannedEnd,
    VariantLooks,
    looks_and_progress,
    planned_end,
)
from core.services.experiment_people import Exclusion, ExposedPeople, Origin
from core.services.experiment_reading import DAY, Reading, read_people
from core.services.experiment_segments import (
    CURVE_KIND,
    ConversionCurve,
    SegmentResult,
    curves_of,
    segments_of,
)
from core.services.experiment_verdict import ExperimentVerdict, VerdictFacts, verdict_of
from core.services.experiment_words import share
from core.stats.arms import AATest, aa_test
from core.stats.guardrails import Guardrail, GuardrailState
from core.stats.hybrid import Judgement, Verdict, judge
from core.stats.ratio import RatioCheck

_RATE_OVER = 14 * DAY  # how far back people per day are counted
_LEAST_SPAN = DAY // 2

_MOST_SEVERAL = 0.01  # share of people under two variants that needs an explanation

_MIXED_NOTE = (
    "The weights were changed while the test ran. Everybody keeps the variant they got. Shares, "
    "money, groups and guardrails are compared among people who came under the same weights, the "
    "period with most of them; the verdict uses everybody, each by the weights of their time."
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExperimentResults:
    """What is known of a test at `read_at`.

    `decided_count` are the people whose window is over; nobody else is in a rate. `judgements` and
    `looks` are of the variants without the control; a rehearsal has `aa` in their place (7.2).
    """

    settings: ExperimentSettings
    origin: Origin
    read_at: datetime
    state: ExperimentState
    people_count: int
    decided_count: int
    in_window_count: int
    planned_people_count: int | None
    planned_end_reached_at: datetime | None
    people_per_day: float | None
    first_exposed_at: datetime | None
    last_exposed_at: datetime | None
    excluded: Mapping[Exclusion, int]
    row_count: int
    other_tests_count: int | None
    variants: tuple[VariantCounts, ...]
    goals: tuple[GoalResult, ...]
    judgements: tuple[Judgement, ...]
    looks: tuple[VariantLooks, ...]
    ratio: RatioCheck
    chances: Chances
    guardrails: tuple[GuardrailResult, ...]
    curves: tuple[ConversionCurve, ...]
    curve_kind: str
    segments: tuple[SegmentResult, ...]
    holdout: HoldoutReport | None
    is_aa: bool
    aa: AATest | None
    weights_changed_at: tuple[datetime, ...]
    notes: tuple[str, ...]
    verdict: ExperimentVerdict


def experiment_results(
    people: ExposedPeople,
    settings: ExperimentSettings,
    *,
    now: datetime,
    experiment: Experiment | None = None,
    holdout: HoldoutPeople | None = None,
) -> ExperimentResults:
    """Read a test at a moment; `experiment` brings the weights by time and the end, if known."""
    reading = read_people(people, settings, now=now, experiment=experiment)
    state = ExperimentState.RUNNING if experiment is None else experiment.state
    people = reading.people
    is_aa = people.origin is Origin.REPLAY
    ratio = ratio_of(reading)
    end = None if is_aa else planned_end(reading)
    looks, judgements = _judged(reading, end, ratio.is_alarm, state)
    guardrails = guardrail_results(reading)
    aa = _alike(reading) if is_aa else None
    count, decided_count = len(people), int(reading.is_decided.sum())
    verdict = verdict_of(
        VerdictFacts(
            origin=people.origin,
            state=state,
            control=settings.control,
            judgements=judgements,
            ratio=ratio,
            aa=aa,
            people_count=count,
            decided_count=decided_count,
            has_plan=_has_plan(settings),
            is_mixed=reading.is_mixed,
            violated=_violated(guardrails),
        )
    )
    return ExperimentResults(
        settings=settings,
        origin=people.origin,
        read_at=now,
        state=state,
        people_count=count,
        decided_count=decided_count,
        in_window_count=count - decided_count,
        planned_people_count=settings.planned_people_count,
        planned_end_reached_at=None if end is None else from_microseconds(end.at),
        people_per_day=_people_per_day(reading, state),
        first_exposed_at=from_microseconds(int(people.exposed_at[0])) if count else None,
        last_exposed_at=from_microseconds(int(people.exposed_at[-1])) if count else None,
        excluded=people.excluded,
        row_count=people.row_count,
        other_tests_count=_other_tests(people),
        variants=variant_counts(reading),
        goals=goal_results(reading, is_compared=not is_aa),
        judgements=tuple(judgements),
        looks=tuple(looks),
        ratio=ratio,
        chances=chances_of(reading, is_sound=not (is_aa or ratio.is_alarm)),
        guardrails=guardrails,
        curves=curves_of(reading),
        curve_kind=CURVE_KIND,
        segments=() if is_aa else segments_of(reading),
        holdout=None if holdout is None else holdout_report(holdout, reading.now),
        is_aa=is_aa,
        aa=aa,
        weights_changed_at=reading.changed_at,
        notes=(*people.notes, *_notes(reading)),
        verdict=verdict,
    )


def _notes(reading: Reading) -> list[str]:
    """Say what a reader of the figures has to know."""
    notes = [_MIXED_NOTE] if reading.is_mixed else []
    several = reading.people.excluded.get(Exclusion.SEVERAL_VARIANTS, 0)
    everybody = len(reading.people) + several
    if several > _MOST_SEVERAL * everybody:
        notes.append(
            f"{share(several / everybody)} of the people came under two variants and are left out: "
            "whoever shared them out did not know them again. Find out why before you decide."
        )
    return notes


def _judged(
    reading: Reading, end: PlannedEnd | None, is_ratio_alarm: bool, state: ExperimentState
) -> tuple[list[VariantLooks], list[Judgement]]:
    """Follow and judge each variant; nothing of a rehearsal, and before anybody is decided."""
    if reading.people.origin is Origin.REPLAY or not reading.is_decided.any():
        return [], []
    looks, progress = looks_and_progress(reading, end)
    settings = reading.settings
    planned = None if reading.is_mixed else settings.planned_people_count
    judgements = judge(
        progress,
        people_count=int(reading.is_decided.sum()),
        people_per_day=None,
        planned_people_count=planned,
        smallest_lift=settings.smallest_lift,
        is_ratio_alarm=is_ratio_alarm,
    )
    days = None if reading.is_mixed else _days_to_go(reading, state)
    is_open = [judgement.verdict is Verdict.KEEP_COLLECTING for judgement in judgements]
    return looks, [
        replace(judgement, days_to_go=days) if is_so else judgement
        for judgement, is_so in zip(judgements, is_open, strict=True)
    ]


def _days_to_go(reading: Reading, state: ExperimentState) -> float | None:
    """Estimate the days until the windows of all planned people are over; None if unknown."""
    settings, people = reading.settings, reading.people
    if settings.planned_people_count is None:
        if settings.planned_end_at is None:
            return None
        seconds = (settings.planned_end_at - from_microseconds(reading.now)).total_seconds()
        return max(0.0, seconds / 86_400)
    missing = settings.planned_people_count - len(people)
    if missing <= 0:
        last = int(people.window_ends_at[: settings.planned_people_count].max())
        return max(0.0, (last - reading.now) / DAY)
    per_day = _people_per_day(reading, state)
    if not per_day:
        return None
    window = 0 if settings.window is None else settings.window.total_seconds() / 86_400
    return missing / per_day + window


def _people_per_day(reading: Reading, state: ExperimentState) -> float | None:
    """Count people per day over the last 14 days; None of a test that is over, or too young."""
    exposed_at = reading.people.exposed_at
    if state is ExperimentState.ENDED or len(exposed_at) == 0:
        return None
    since = max(int(exposed_at[0]), reading.now - _RATE_OVER)
    if reading.now - since < _LEAST_SPAN:
        return None
    recent = int((exposed_at >= since).sum())
    return recent / ((reading.now - since) / DAY)


def _has_plan(settings: ExperimentSettings) -> bool:
    return settings.planned_people_count is not None or settings.planned_end_at is not None


def _alike(reading: Reading) -> AATest:
    arms = reading.arms(reading.people.goals[0])
    return aa_test([arm.goal_count for arm in arms], [arm.people_count for arm in arms])


def _violated(guardrails: Sequence[GuardrailResult]) -> list[tuple[str, str]]:
    return [
        (guard.variant, result.name)
        for result in guardrails
        for guard in result.guards
        if isinstance(guard, Guardrail) and guard.state is GuardrailState.VIOLATED
    ]


def _other_tests(people: ExposedPeople) -> int | None:
    others = people.is_in_other_tests
    return None if others is None else int(np.count_nonzero(others))
