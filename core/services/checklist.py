"""The way to the first campaign: what is done, and what comes next."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Step(StrEnum):
    """The steps from an export to e-mails that leave by themselves, in their order."""

    DATA = "data"
    TRIGGER = "trigger"
    FLOW = "flow"
    REHEARSAL = "rehearsal"
    EMAIL = "email"  # flows begin with ready ones, so that a rehearsal need not wait for it
    LIVE = "live"


class StepState(StrEnum):
    """Where a step stands."""

    DONE = "done"
    NEXT = "next"
    OPEN = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChecklistItem:
    """A step and where it stands; `names` are the things that make it done."""

    step: Step
    state: StepState
    names: Sequence[str] = ()


def checklist(
    *,
    dataset_names: Sequence[str],
    campaign_names: Sequence[str],
    flow_names: Sequence[str],
    rehearsal_names: Sequence[str],
    email_names: Sequence[str],
    launch_names: Sequence[str],
) -> Sequence[ChecklistItem]:
    """Say for each step where it stands.

    Given are the datasets with events, the saved campaigns, those of them that have steps, what was
    rehearsed, the e-mails that were saved, and the campaigns that were launched.
    """
    names_by_step = {
        Step.DATA: dataset_names,
        Step.TRIGGER: campaign_names,
        Step.FLOW: flow_names,
        Step.REHEARSAL: rehearsal_names,
        Step.EMAIL: email_names,
        Step.LIVE: launch_names,
    }
    missing = [step for step in Step if not names_by_step[step]]
    return [_item(step, names_by_step[step], missing) for step in Step]


def next_step(items: Sequence[ChecklistItem]) -> Step | None:
    """Give the step to take now; None when all are done."""
    return next((item.step for item in items if item.state is StepState.NEXT), None)


def _item(step: Step, names: Sequence[str], missing: Sequence[Step]) -> ChecklistItem:
    if names:
        return ChecklistItem(step=step, state=StepState.DONE, names=names)
    state = StepState.NEXT if step is missing[0] else StepState.OPEN
    return ChecklistItem(step=step, state=state)
