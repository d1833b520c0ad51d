"""Visits: which enrolment came to which step, when, and which way it left."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.domain.campaigns import Campaign
from core.domain.flows import ways_out
from core.domain.outcomes import StepOutcome
from core.domain.steps import BranchStep, SplitStep, Step
from core.engine.batches import Bools, Int32s, Int64s
from core.rehearsal.outcome import Outcome

STAYS, BY_GOAL, BY_EXIT = -1, -2, -3  # a visit that did not end by a way out of the step

GOAL, OTHERWISE = "goal", "otherwise"  # reasons that the trace gives
_CASE = re.compile(r"cases\[(\d+)\]")
_FIRST_WAY = (
    StepOutcome.CONTINUED,
    StepOutcome.MATCHED,
    StepOutcome.SENT,
    StepOutcome.WITHHELD,
    StepOutcome.RECORDED,
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StepNumbers:
    """The steps of all campaigns of a run, numbered through: campaign n's begin at `first[n]`."""

    first: Int64s
    count: int

    def of(self, place: int) -> slice:
        """Give the numbers of one campaign's steps."""
        end = self.first[place + 1] if place + 1 < len(self.first) else self.count
        return slice(int(self.first[place]), int(end))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Visits:
    """Visits as equally long arrays, each enrolment's together and in order.

    `step` is the step's number within the run (see `StepNumbers`), `enrolment` a place in
    `Enrolments`. `way` is a place in the step's ways out, or STAYS, BY_GOAL, BY_EXIT; `left_at` is
    the time of the last row of the trace, in µs. A flow has no circles: nobody comes twice.
    """

    enrolment: Int32s
    step: Int64s
    arrived_at: Int64s
    left_at: Int64s
    way: Int64s
    was_deferred: Bools

    def __len__(self) -> int:
        """Count the visits."""
        return len(self.enrolment)


def step_numbers(campaigns: Sequence[Campaign]) -> StepNumbers:
    """Number the steps of all campaigns through."""
    ends = np.cumsum([0, *(len(campaign.steps) for campaign in campaigns)], dtype=np.int64)
    return StepNumbers(first=ends[:-1], count=int(ends[-1]))


def visits_of(outcome: Outcome) -> Visits:
    """Put the rows of the trace together that tell of one visit."""
    trace = outcome.trace
    order = np.argsort(trace.enrolment, kind="stable")
    order = order[trace.step[order] >= 0]
    enrolment, place = trace.enrolment[order], trace.step[order]
    first = np.flatnonzero(_begins(enrolment, place))
    last = np.append(first[1:], len(order))[: len(first)] - 1
    begin, end = order[first], order[last]
    numbers = step_numbers(outcome.campaigns)
    step = numbers.first[outcome.enrolments.campaign[enrolment[first]]] + place[first]
    return Visits(
        enrolment=enrolment[first],
        step=step,
        arrived_at=trace.at[begin],
        left_at=trace.at[end],
        way=_ways(outcome, step, trace.outcome[end].astype(np.int64), trace.reason[end]),
        was_deferred=np.equal(trace.outcome[begin], StepOutcome.DEFERRED),
    )


def _begins(enrolment: Int32s, place: Int32s) -> Bools:
    is_first = np.ones(len(enrolment), dtype=np.bool_)
    is_first[1:] = (enrolment[1:] != enrolment[:-1]) | (place[1:] != place[:-1])
    return is_first


def _ways(outcome: Outcome, step: Int64s, last: Int64s, reason: Int32s) -> Int64s:
    """Tell from the last row of each visit which way it ended."""
    way = np.full(len(step), STAYS, dtype=np.int64)
    way[np.isin(last, _FIRST_WAY)] = 0
    way[last == StepOutcome.TIMED_OUT] = 1
    chosen = np.isin(last, (StepOutcome.TOOK, StepOutcome.ASSIGNED))
    table = _ways_by_reason(outcome.campaigns, outcome.trace.reasons)
    way[chosen] = table[step[chosen], reason[chosen]]
    exits = last == StepOutcome.EXITED
    is_goal = np.array([text == GOAL for text in outcome.trace.reasons], dtype=np.bool_)
    way[exits] = np.where(is_goal[reason[exits]], BY_GOAL, BY_EXIT)
    return way


def _ways_by_reason(campaigns: Sequence[Campaign], reasons: Sequence[str]) -> Int64s:
    """Say for each step and reason which way the reason means (shape: steps, reasons)."""
    steps = [step for campaign in campaigns for step in campaign.steps]
    table = np.full((len(steps), len(reasons)), STAYS, dtype=np.int64)
    for number, step in enumerate(steps):
        if isinstance(step, BranchStep | SplitStep):
            table[number] = [_way_meant(step, reason) for reason in reasons]
    return table


def _way_meant(step: BranchStep | SplitStep, reason: str) -> int:
    if isinstance(step, SplitStep):
        names = [variant.name for variant in step.variants]
        return names.index(reason) if reason in names else STAYS
    case = _CASE.fullmatch(reason)
    if case is not None:
        return int(case[1])
    return len(step.cases) if reason == OTHERWISE else STAYS


def way_names(campaign: Campaign) -> dict[str, list[str]]:
    """Name the ways out of each step, in the order in which visits count them."""
    return {
        step_id: [name for name, _ in ways] for step_id, ways in ways_out(campaign.steps).items()
    }


def place_of(campaign: Campaign, step_id: str) -> int:
    """Find a step's place in its campaign; raise ValueError where there is none."""
    return [step.id for step in campaign.steps].index(step_id)


def steps_of_kind(campaign: Campaign, kind: type[Step]) -> list[int]:
    """List the places of a campaign's steps of one kind."""
    return [place for place, step in enumerate(campaign.steps) if isinstance(step, kind)]
