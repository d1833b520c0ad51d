"""Messages that were withheld: why, at which step, and from how many people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.domain.campaigns import Campaign
from core.domain.outcomes import MessageOutcome
from core.domain.steps import SendStep
from core.engine.batches import Int64s
from core.rehearsal.outcome import Outcome
from core.rehearsal.reports.visits import steps_of_kind


@dataclass(frozen=True, slots=True, kw_only=True)
class StepWithheld:
    """Messages of one step, by reason; only reasons that occur."""

    step_id: str
    sent_count: int
    count_by_reason: Mapping[str, int]
    people_by_reason: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignWithheld:
    """Messages of one campaign, by reason; a person counts once per reason."""

    campaign: str
    sent_count: int
    count_by_reason: Mapping[str, int]
    people_by_reason: Mapping[str, int]
    steps: Sequence[StepWithheld]

    @property
    def withheld_count(self) -> int:
        """Count the messages withheld for whatever reason."""
        return sum(self.count_by_reason.values())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Due:
    """Messages that became due: step, outcome and user."""

    step: Int64s
    outcome: Int64s
    user: Int64s


def withheld(outcome: Outcome) -> list[CampaignWithheld]:
    """Count for each campaign of the run, in the run's order."""
    messages, enrolments = outcome.messages, outcome.enrolments
    place = enrolments.campaign[messages.enrolment]
    found = []
    for n, campaign in enumerate(outcome.campaigns):
        own = place == n
        due = _Due(
            step=messages.step[own].astype(np.int64),
            outcome=messages.outcome[own].astype(np.int64),
            user=enrolments.user[messages.enrolment[own]].astype(np.int64),
        )
        found.append(_campaign(campaign, due))
    return found


def _campaign(campaign: Campaign, due: _Due) -> CampaignWithheld:
    reasons = [reason for reason in MessageOutcome if reason is not MessageOutcome.SENT]
    width = len(MessageOutcome)
    by_step = np.bincount(due.step * width + due.outcome, minlength=len(campaign.steps) * width)
    by_step = by_step.reshape(-1, width)
    people_by_step = _people(due.step * width + due.outcome, due.user, by_step.size)
    people_by_step = people_by_step.reshape(-1, width)
    people = _people(due.outcome, due.user, width)

    def named(counts: Int64s) -> dict[str, int]:
        return {reason.word: int(counts[reason]) for reason in reasons if counts[reason]}

    return CampaignWithheld(
        campaign=campaign.name,
        sent_count=int(by_step[:, MessageOutcome.SENT].sum()),
        count_by_reason=named(by_step.sum(axis=0)),
        people_by_reason=named(people),
        steps=[
            StepWithheld(
                step_id=campaign.steps[n].id,
                sent_count=int(by_step[n, MessageOutcome.SENT]),
                count_by_reason=named(by_step[n]),
                people_by_reason=named(people_by_step[n]),
            )
            for n in steps_of_kind(campaign, SendStep)
        ],
    )


def _people(group: Int64s, user: Int64s, count: int) -> Int64s:
    """Count the distinct users of each group."""
    pairs = np.unique(user * count + group) if count else group[:0]
    return np.bincount(pairs % count, minlength=count) if count else group[:0]
