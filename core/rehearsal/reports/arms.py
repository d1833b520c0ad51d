"""The arms of a split on replayed history: who came to each, what was sent, what they did anyway.

No mail was sent in the history, so arms can differ by chance only (7.2).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from core.domain.errors import UnusableInput
from core.domain.outcomes import MessageOutcome
from core.domain.steps import SplitStep
from core.engine.batches import Bools, Int64s
from core.engine.memory import NEVER
from core.rehearsal.history import run_starts
from core.rehearsal.outcome import Outcome
from core.rehearsal.reports.conversions import decided, median_wait
from core.rehearsal.reports.flow_times import ahead_of
from core.rehearsal.reports.visits import step_numbers, steps_of_kind, visits_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmCount:
    """What history shows of one arm: people by their first exposure, at the split (6.3).

    The holdout is counted in `held_out_count` only. `sent_count` are the messages of all enrolments
    after the split, `recipient_count` the people who got one. `decided_count` are people whose
    time for the goal ended within the history and who had not reached it before the exposure
    (`already_goal_count`); `goal_count` of them reached it, `before_first_send_count` of those
    before the first mail would leave. `censored_count` are undecided (7.3). `median_wait` is the
    time from entry to the first mail.
    """

    name: str
    weight: float
    exposed_count: int
    held_out_count: int
    sent_count: int
    recipient_count: int
    decided_count: int
    goal_count: int
    censored_count: int
    already_goal_count: int
    before_first_send_count: int
    median_wait: timedelta | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitCounts:
    """The arms of one split, in the order of the file."""

    campaign: str
    place: int
    step_id: str
    has_goal: bool
    arms: Sequence[ArmCount]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Recipients:
    """What an assumed response to one arm's mails starts from.

    `delays` are the µs from entry to the first mail, of enrolments that got one and had not reached
    the goal by then. `decided_count` of these could be watched to the end of their time for the
    goal; `goal_count` of those reached it after the mail.
    """

    name: str
    sent_count: int
    delays: Int64s
    decided_count: int
    goal_count: int


EVERYBODY = "everybody"


def splits(outcome: Outcome) -> list[SplitCounts]:
    """Count for each split of each campaign, in the run's order."""
    found = []
    for place, campaign in enumerate(outcome.campaigns):
        for n in steps_of_kind(campaign, SplitStep):
            step = campaign.steps[n]
            assert isinstance(step, SplitStep)
            weights = [variant.weight for variant in step.variants]
            arms = _arms(outcome, place, step.id)
            found.append(
                SplitCounts(
                    campaign=campaign.name,
                    place=place,
                    step_id=step.id,
                    has_goal=campaign.goal is not None,
                    arms=[_count(outcome, a, w) for a, w in zip(arms, weights, strict=True)],
                )
            )
    return found


def recipients(outcome: Outcome, place: int, split: str | None = None) -> list[Recipients]:
    """Give what each arm of a split sent, or the whole campaign as one arm.

    Raises UnusableInput where the campaign has no such split.
    """
    return [_recipients(outcome, arm) for arm in _arms(outcome, place, split)]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Arm:
    """Enrolments of one arm (ascending places), when each was exposed, and its mails since.

    `first_due_at` counts mails sent or withheld, `first_sent_at` those sent; NEVER without one.
    """

    name: str
    enrolment: Int64s
    exposed_at: Int64s
    first_due_at: Int64s
    first_sent_at: Int64s
    sent_count: Int64s


def _arms(outcome: Outcome, place: int, split: str | None) -> list[_Arm]:
    campaign, enrolments = outcome.campaigns[place], outcome.enrolments
    exposed_at = np.full(len(enrolments), NEVER, dtype=np.int64)
    if split is None:
        own = np.flatnonzero(enrolments.campaign == place)
        exposed_at[own] = enrolments.entered_at[own]
        is_after = np.ones(len(campaign.steps), dtype=np.bool_)
        return _with_mails(outcome, {EVERYBODY: own}, exposed_at, is_after)
    step = next((step for step in campaign.steps if step.id == split), None)
    if not isinstance(step, SplitStep):
        raise UnusableInput(f"The campaign {campaign.name!r} has no split called {split!r}.")
    visits = visits_of(outcome)
    number = step_numbers(outcome.campaigns).of(place).start + campaign.steps.index(step)
    here = np.flatnonzero(visits.step == number)
    enrolment, way = visits.enrolment[here].astype(np.int64), visits.way[here]
    exposed_at[enrolment] = visits.arrived_at[here]
    members = {variant.name: enrolment[way == n] for n, variant in enumerate(step.variants)}
    behind = ahead_of(campaign)[split]
    is_after = np.array([step.id in behind for step in campaign.steps], dtype=np.bool_)
    return _with_mails(outcome, members, exposed_at, is_after)


def _with_mails(
    outcome: Outcome, members: Mapping[str, Int64s], exposed_at: Int64s, is_after: Bools
) -> list[_Arm]:
    """Add the mails of exposed enrolments; `is_after` marks the steps that follow the exposure.

    Time alone does not tell: a mail right before a split leaves at the very instant of it.
    """
    messages, count = outcome.messages, len(outcome.enrolments)
    after = exposed_at[messages.enrolment] != NEVER
    after[after] = is_after[messages.step[after]]
    sent = after & np.equal(messages.outcome, MessageOutcome.SENT)
    first_due_at, first_sent_at = _earliest(outcome, after), _earliest(outcome, sent)
    sent_count = np.bincount(messages.enrolment[sent], minlength=count)
    return [
        _Arm(
            name=name,
            enrolment=own,
            exposed_at=exposed_at[own],
            first_due_at=first_due_at[own],
            first_sent_at=first_sent_at[own],
            sent_count=sent_count[own],
        )
        for name, own in members.items()
    ]


def _earliest(outcome: Outcome, chosen: Bools) -> Int64s:
    """Give the time of each enrolment's first chosen message, NEVER without one."""
    messages = outcome.messages
    earliest = np.full(len(outcome.enrolments), _LAST, dtype=np.int64)
    np.minimum.at(earliest, messages.enrolment[chosen], messages.due_at[chosen])
    return np.where(earliest == _LAST, NEVER, earliest)


_LAST = np.iinfo(np.int64).max


def _count(outcome: Outcome, arm: _Arm, weight: float) -> ArmCount:
    enrolments = outcome.enrolments
    user = enrolments.user[arm.enrolment]
    held_out = enrolments.is_held_out[arm.enrolment]
    is_first = run_starts(user) & ~held_out
    first = np.flatnonzero(is_first)
    goal_at = enrolments.goal_at[arm.enrolment[first]]
    has_goal = goal_at != NEVER
    already = has_goal & (goal_at < arm.exposed_at[first])
    is_known = _is_decided(outcome, arm.enrolment[first])
    is_decided = is_known & ~already
    first_due_at = arm.first_due_at[first]
    before_mail = (first_due_at == NEVER) | (goal_at <= first_due_at)
    waits = arm.first_due_at - enrolments.entered_at[arm.enrolment]
    return ArmCount(
        name=arm.name,
        weight=weight,
        exposed_count=len(first),
        held_out_count=int((run_starts(user) & held_out).sum()),
        sent_count=int(arm.sent_count.sum()),
        recipient_count=len(np.unique(user[arm.sent_count > 0])),
        decided_count=int(is_decided.sum()),
        goal_count=int((is_decided & has_goal).sum()),
        censored_count=int((~is_known & ~already).sum()),
        already_goal_count=int(already.sum()),
        before_first_send_count=int((is_decided & has_goal & before_mail).sum()),
        median_wait=median_wait(waits[arm.first_due_at != NEVER]),
    )


def _recipients(outcome: Outcome, arm: _Arm) -> Recipients:
    goal_at = outcome.enrolments.goal_at[arm.enrolment]
    got = arm.first_sent_at != NEVER
    open_still = got & ((goal_at == NEVER) | (goal_at > arm.first_sent_at))
    enrolment = arm.enrolment[open_still]
    is_decided = _is_decided(outcome, enrolment)
    has_goal = goal_at[open_still] != NEVER
    return Recipients(
        name=arm.name,
        sent_count=int(arm.sent_count.sum()),
        delays=arm.first_sent_at[open_still] - outcome.enrolments.entered_at[enrolment],
        decided_count=int(is_decided.sum()),
        goal_count=int((is_decided & has_goal).sum()),
    )


def _is_decided(outcome: Outcome, enrolment: Int64s) -> Bools:
    if not len(enrolment):
        return np.zeros(0, dtype=np.bool_)
    place = int(outcome.enrolments.campaign[enrolment[0]])  # an arm is of one campaign
    return decided(outcome, enrolment, outcome.campaigns[place].goal)
