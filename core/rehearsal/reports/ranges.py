"""What depends on reactions nobody could have: from what was observed to everybody reacting (7.2).

Between the two lies what real people would do, as long as each reacts alike to every mail.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from core.domain.campaigns import Campaign
from core.domain.conditions import ClickedCondition, OpenedCondition, parts_of
from core.domain.errors import UnusableInput
from core.domain.flows import ways_out
from core.domain.steps import BranchStep, Step, WaitForStep
from core.engine.plans import CLICKED, OPENED
from core.rehearsal.outcome import Outcome
from core.rehearsal.reports.flow_times import in_order
from core.rehearsal.reports.funnel import CampaignFunnel, StepFunnel, funnels


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """A count when only recorded reactions count, and when everybody opens and clicks."""

    observed: int
    everybody: int

    @property
    def low(self) -> int:
        """Give the smaller count."""
        return min(self.observed, self.everybody)

    @property
    def high(self) -> int:
        """Give the larger count."""
        return max(self.observed, self.everybody)

    @property
    def is_one(self) -> bool:
        """Say whether reactions make no difference."""
        return self.observed == self.everybody


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRange:
    """How many come to a step and how many mails it sends.

    `is_whole` is False where some way here asks for a reaction to one mail and none to another:
    people who react to some mails only may then lie outside the range.
    """

    step_id: str
    arrived: Range
    sent: Range
    is_whole: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignRange:
    """The ranges of a campaign's steps; `depends` says whether reactions matter at all."""

    campaign: str
    depends: bool
    steps: Sequence[StepRange]


def depends_on_reactions(campaign: Campaign) -> bool:
    """Say whether some step asks for the opening or the click of a mail."""
    return any(_questions(step) > 0 for step in campaign.steps)


def ranges(observed: Outcome, everybody: Outcome) -> list[CampaignRange]:
    """Compare the two runs of the same campaigns; raises UnusableInput for others."""
    if list(observed.campaigns) != list(everybody.campaigns):
        raise UnusableInput(
            "The two runs have different campaigns; rehearse the same ones with both reactions."
        )
    pairs = zip(observed.campaigns, funnels(observed), funnels(everybody), strict=True)
    return [_campaign(campaign, one, other) for campaign, one, other in pairs]


def _campaign(campaign: Campaign, one: CampaignFunnel, other: CampaignFunnel) -> CampaignRange:
    mixed = _mixed(campaign)
    return CampaignRange(
        campaign=campaign.name,
        depends=depends_on_reactions(campaign),
        steps=[
            _step(observed, everybody, is_whole=observed.step_id not in mixed)
            for observed, everybody in zip(one.steps, other.steps, strict=True)
        ],
    )


def _step(observed: StepFunnel, everybody: StepFunnel, *, is_whole: bool) -> StepRange:
    return StepRange(
        step_id=observed.step_id,
        arrived=Range(observed=observed.arrived_count, everybody=everybody.arrived_count),
        sent=Range(observed=observed.sent_count, everybody=everybody.sent_count),
        is_whole=is_whole,
    )


def _questions(step: Step) -> int:
    """Count the different reactions that a step asks for."""
    if isinstance(step, WaitForStep):
        return int(set(step.event.event) <= {OPENED, CLICKED})
    if not isinstance(step, BranchStep):
        return 0
    parts = [part for case in step.cases for part in parts_of(case.if_)]
    return len({str(p) for p in parts if isinstance(p, OpenedCondition | ClickedCondition)})


def _mixed(campaign: Campaign) -> set[str]:
    """Name the steps with a way to them on which more than one reaction is asked for.

    What one question decides lies between the two runs; with a second one, a person who reacts to
    one mail only may go where neither run sends anybody.
    """
    asked = dict.fromkeys(in_order(campaign), 0)
    by_id = {step.id: step for step in campaign.steps}
    ways = ways_out(campaign.steps)
    for step_id in asked:
        questions = asked[step_id] + _questions(by_id[step_id])
        for _, target in ways[step_id]:
            if target is not None:
                asked[target] = max(asked[target], questions)
    return {step_id for step_id, questions in asked.items() if questions > 1}
