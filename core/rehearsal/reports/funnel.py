"""The funnel: how many enter, come to each step, go which way, leave, or wait still."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.domain.campaigns import Campaign
from core.domain.firings import Admission
from core.domain.outcomes import EnrolmentState, MessageOutcome
from core.engine.batches import Bools, Int64s
from core.rehearsal.history import run_starts
from core.rehearsal.outcome import Outcome
from core.rehearsal.reports.visits import (
    BY_EXIT,
    BY_GOAL,
    STAYS,
    Visits,
    step_numbers,
    visits_of,
    way_names,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFunnel:
    """What became of the enrolments that came to a step.

    Those that passed, left by the goal, exited here or wait here still add up to those that came.
    `waiting_count` is censored: the history ends first (7.3). Of the mails of a send step, those
    sent and those withheld add up to those that passed.
    """

    step_id: str
    kind: str
    arrived_count: int
    passed_count_by_way: Mapping[str, int]
    left_by_goal_count: int
    exited_count: int
    waiting_count: int
    deferred_count: int
    sent_count: int
    withheld_count_by_reason: Mapping[str, int]

    @property
    def withheld_count(self) -> int:
        """Count the messages withheld for whatever reason."""
        return sum(self.withheld_count_by_reason.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignFunnel:
    """What became of a campaign's firings and enrolments, and of each of its steps.

    Completed, exited, left by the goal and waiting add up to the enrolments.
    """

    campaign: str
    firing_count: int
    refused_count_by_reason: Mapping[str, int]
    enrolment_count: int
    people_count: int
    held_out_count: int
    held_out_people_count: int
    completed_count: int
    exited_count: int
    left_by_goal_count: int
    waiting_count: int
    steps: Sequence[StepFunnel]

    def step(self, step_id: str) -> StepFunnel:
        """Give one step's part; raise KeyError for a step the campaign does not have."""
        for step in self.steps:
            if step.step_id == step_id:
                return step
        raise KeyError(step_id)


def funnels(outcome: Outcome, visits: Visits | None = None) -> list[CampaignFunnel]:
    """Count for each campaign of the run, in the run's order; `visits` spares finding them."""
    counted = _counted(outcome, visits_of(outcome) if visits is None else visits)
    return [_campaign(outcome, place, counted) for place in range(len(outcome.campaigns))]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Counted:
    """Counts by the steps' numbers; `passed` and `messages` by way and by outcome beside that."""

    arrived: Int64s
    passed: Int64s
    by_goal: Int64s
    by_exit: Int64s
    staying: Int64s
    deferred: Int64s
    messages: Int64s


def _counted(outcome: Outcome, visits: Visits) -> _Counted:
    numbers = step_numbers(outcome.campaigns)
    count = numbers.count

    def of(chosen: Bools) -> Int64s:
        return np.bincount(visits.step[chosen], minlength=count)

    messages = outcome.messages
    step = numbers.first[outcome.enrolments.campaign[messages.enrolment]] + messages.step
    is_way = visits.way >= 0
    return _Counted(
        arrived=np.bincount(visits.step, minlength=count),
        passed=_crossed(visits.step[is_way], visits.way[is_way], count),
        by_goal=of(visits.way == BY_GOAL),
        by_exit=of(visits.way == BY_EXIT),
        staying=of(visits.way == STAYS),
        deferred=of(visits.was_deferred),
        messages=_crossed(step, messages.outcome.astype(np.int64), count, len(MessageOutcome)),
    )


def _crossed(row: Int64s, column: Int64s, rows: int, columns: int = 0) -> Int64s:
    """Count pairs in a table of at least `columns` columns."""
    width = max(columns, int(column.max(initial=0)) + 1)
    return np.bincount(row * width + column, minlength=rows * width).reshape(rows, width)


def _campaign(outcome: Outcome, place: int, counted: _Counted) -> CampaignFunnel:
    campaign, enrolments = outcome.campaigns[place], outcome.enrolments
    own = enrolments.campaign == place
    user, held_out = enrolments.user[own], enrolments.is_held_out[own]
    refused = np.bincount(outcome.firings[place].outcome, minlength=len(Admission))
    states = np.bincount(enrolments.state[own], minlength=len(EnrolmentState))
    numbers = step_numbers(outcome.campaigns).of(place)
    by_goal = int(counted.by_goal[numbers].sum())
    return CampaignFunnel(
        campaign=campaign.name,
        firing_count=len(outcome.firings[place]),
        refused_count_by_reason={
            reason.word: int(refused[reason])
            for reason in Admission
            if reason is not Admission.ENROLLED
        },
        enrolment_count=len(user),
        people_count=int(run_starts(user).sum()),
        held_out_count=int(held_out.sum()),
        held_out_people_count=int(run_starts(user[held_out]).sum()),
        completed_count=int(states[EnrolmentState.COMPLETED]),
        exited_count=int(states[EnrolmentState.EXITED]) - by_goal,
        left_by_goal_count=by_goal,
        waiting_count=int(states[EnrolmentState.ACTIVE]),
        steps=_steps(campaign, numbers.start, counted),
    )


def _steps(campaign: Campaign, first: int, counted: _Counted) -> list[StepFunnel]:
    names = way_names(campaign)
    return [
        StepFunnel(
            step_id=step.id,
            kind=step.kind,
            arrived_count=int(counted.arrived[number]),
            passed_count_by_way={
                way: _at(counted.passed, number, n) for n, way in enumerate(names[step.id])
            },
            left_by_goal_count=int(counted.by_goal[number]),
            exited_count=int(counted.by_exit[number]),
            waiting_count=int(counted.staying[number]),
            deferred_count=int(counted.deferred[number]),
            sent_count=int(counted.messages[number, MessageOutcome.SENT]),
            withheld_count_by_reason=withheld_by_reason(counted.messages[number]),
        )
        for number, step in enumerate(campaign.steps, start=first)
    ]


def _at(table: Int64s, row: int, column: int) -> int:
    return int(table[row, column]) if column < table.shape[1] else 0


def withheld_by_reason(count_by_outcome: Int64s) -> dict[str, int]:
    """Name the reasons that occur among counts by `MessageOutcome`."""
    return {
        reason.word: int(count_by_outcome[reason])
        for reason in MessageOutcome
        if reason is not MessageOutcome.SENT and count_by_outcome[reason]
    }
