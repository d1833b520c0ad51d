"""Natural conversion: who reached the goal before each mail, and in time after entry (7.1, 7.3)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from core.domain.campaigns import Campaign, Goal
from core.domain.durations import to_microseconds
from core.domain.steps import SendStep
from core.engine.batches import Bools, Int64s
from core.engine.memory import NEVER
from core.rehearsal.history import run_starts
from core.rehearsal.outcome import Outcome
from core.rehearsal.reports.flow_times import ahead_of, longest_to
from core.rehearsal.reports.visits import (
    BY_GOAL,
    STAYS,
    Visits,
    step_numbers,
    steps_of_kind,
    visits_of,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BeforeSend:
    """Who had reached the goal by the time a mail would leave, held-out people included.

    `enrolment_count` are the enrolments for which the mail came up: they came to it, or the goal
    ended them while it still lay ahead on some way from where they stood. `goal_count` of them had
    reached the goal when it would leave (a goal at that very instant comes first, 5.7). Only
    enrolments count that entered so early that even the longest way to the mail ends within the
    history; the others, among whom early buyers alone would be known, are `censored_count`.
    `median_wait` is the time from entry to the mail; None where nobody came to it.
    """

    step_id: str
    template: str
    enrolment_count: int
    goal_count: int
    censored_count: int
    median_wait: timedelta | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignBefore:
    """The sends of one campaign; none where it has no goal."""

    campaign: str
    has_goal: bool
    sends: Sequence[BeforeSend]


@dataclass(frozen=True, slots=True, kw_only=True)
class GoalCount:
    """People who reached the goal in time after they first entered.

    `people_count` are those whose time for it ended within the history; the others are censored,
    `early_goal_count` of them reached it already.
    """

    people_count: int
    goal_count: int
    censored_count: int
    early_goal_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignGoals:
    """Goals of one campaign within its time after entry; `within` is None without a goal."""

    campaign: str
    within: timedelta | None
    not_held_out: GoalCount
    held_out: GoalCount


def before_sends(outcome: Outcome) -> list[CampaignBefore]:
    """Count for each send step of each campaign of the run, in the run's order."""
    visits = visits_of(outcome)
    found = []
    for place, campaign in enumerate(outcome.campaigns):
        has_goal = campaign.goal is not None
        places = steps_of_kind(campaign, SendStep) if has_goal else []
        sends = [_before(outcome, visits, place, n) for n in places]
        found.append(CampaignBefore(campaign=campaign.name, has_goal=has_goal, sends=sends))
    return found


def _before(outcome: Outcome, visits: Visits, place: int, at_step: int) -> BeforeSend:
    campaign = outcome.campaigns[place]
    step = campaign.steps[at_step]
    assert isinstance(step, SendStep)
    first = step_numbers(outcome.campaigns).of(place).start
    entered_at = outcome.enrolments.entered_at[visits.enrolment]
    longest = to_microseconds(longest_to(campaign)[step.id])
    is_decided = entered_at <= outcome.watermark - longest
    here = visits.step == first + at_step
    was_due = here & (visits.way >= 0)
    goal_at = outcome.enrolments.goal_at[visits.enrolment]
    had_goal = (goal_at != NEVER) & (goal_at <= visits.left_at)
    is_before = np.isin(visits.step, first + _behind(campaign, step.id)) & ~here
    came_up = was_due | ((here | is_before) & (visits.way == BY_GOAL))
    is_open = (here | is_before) & (visits.way == STAYS)
    counted = came_up & is_decided
    return BeforeSend(
        step_id=step.id,
        template=step.template,
        enrolment_count=int(counted.sum()),
        goal_count=int((counted & had_goal).sum()),
        censored_count=int((is_open | (came_up & ~is_decided)).sum()),
        median_wait=median_wait(visits.left_at[was_due] - entered_at[was_due]),
    )


def _behind(campaign: Campaign, step_id: str) -> Int64s:
    """List the places of the steps from which a step can still come."""
    ahead = ahead_of(campaign)
    places = [n for n, step in enumerate(campaign.steps) if step_id in ahead[step.id]]
    return np.array(places, dtype=np.int64)


def median_wait(waits: Int64s) -> timedelta | None:
    """Give the median of some waits in µs; None without any."""
    return timedelta(microseconds=round(np.median(waits))) if len(waits) else None


def goals_after_entry(outcome: Outcome) -> list[CampaignGoals]:
    """Count people by their first enrolment, for each campaign of the run, in the run's order."""
    return [_goals(outcome, place) for place in range(len(outcome.campaigns))]


def _goals(outcome: Outcome, place: int) -> CampaignGoals:
    enrolments, goal = outcome.enrolments, outcome.campaigns[place].goal
    own = np.flatnonzero(enrolments.campaign == place)
    first = own[run_starts(enrolments.user[own])]
    held_out = enrolments.is_held_out[first]
    in_time = enrolments.goal_at[first] != NEVER
    is_decided = decided(outcome, first, goal)
    return CampaignGoals(
        campaign=outcome.campaigns[place].name,
        within=None if goal is None else goal.within,
        not_held_out=_count(in_time[~held_out], is_decided[~held_out]),
        held_out=_count(in_time[held_out], is_decided[held_out]),
    )


def decided(outcome: Outcome, enrolment: Int64s, goal: Goal | None) -> Bools:
    """Say for each enrolment whether its time for the goal ended within the history (7.3)."""
    if goal is None:
        return np.zeros(len(enrolment), dtype=np.bool_)
    ends = outcome.enrolments.entered_at[enrolment] + to_microseconds(goal.within)
    return ends <= outcome.watermark


def _count(in_time: Bools, is_decided: Bools) -> GoalCount:
    return GoalCount(
        people_count=int(is_decided.sum()),
        goal_count=int((in_time & is_decided).sum()),
        censored_count=int((~is_decided).sum()),
        early_goal_count=int((in_time & ~is_decided).sum()),
    )
