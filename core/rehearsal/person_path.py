"""One person's way through a rehearsal: firings, enrolments, what each step did, messages."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.domain.firings import Admission
from core.domain.outcomes import EnrolmentState, MessageOutcome, StepOutcome
from core.domain.steps import SendStep
from core.engine.batches import MISSING, Int64s
from core.engine.memory import NEVER
from core.rehearsal.outcome import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class PathFiring:
    """A time the trigger was reached, and whether the person was let in; `at` in µs."""

    at: int
    key: str | None
    admission: Admission


@dataclass(frozen=True, slots=True, kw_only=True)
class PathRow:
    """What a step did (5.10); `step_id` is None for the end after the last step.

    `at` and `until_at` (when a rest is to end; None elsewhere) are in µs.
    """

    at: int
    step_id: str | None
    outcome: StepOutcome
    reason: str
    until_at: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PathMessage:
    """A message that became due: sent, or withheld for a reason; `due_at` in µs."""

    campaign: str
    step_id: str
    template: str
    due_at: int
    outcome: MessageOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class PathEnrolment:
    """One way through the flow; times in µs, None where there is none.

    `goal_at` is the first goal in time after entry, whether it ended the enrolment or not.
    """

    entered_at: int
    key: str | None
    is_held_out: bool
    state: EnrolmentState
    ended_at: int | None
    goal_at: int | None
    rows: Sequence[PathRow]
    messages: Sequence[PathMessage]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonPath:
    """What one campaign of the run did with one person, in order of time."""

    firings: Sequence[PathFiring]
    enrolments: Sequence[PathEnrolment]


def person_path(outcome: Outcome, place: int, user: int) -> PersonPath:
    """Follow a person (user code) through the campaign at a place of the run."""
    return PersonPath(
        firings=_firings(outcome, place, user),
        enrolments=[
            _enrolment(outcome, number)
            for number in _of_user(outcome.enrolments.user, user)
            if outcome.enrolments.campaign[number] == place
        ],
    )


def messages_of(outcome: Outcome, user: int) -> list[PathMessage]:
    """List a person's messages from all campaigns of the run, in order of time."""
    found = [
        message
        for number in _of_user(outcome.enrolments.user, user)
        for message in _messages(outcome, number)
    ]
    return sorted(found, key=lambda message: message.due_at)


def _of_user(users: np.ndarray, user: int) -> range:
    """Give the places of a user in an array that is sorted by user."""
    first, last = np.searchsorted(users, [user, user + 1])
    return range(int(first), int(last))


def _firings(outcome: Outcome, place: int, user: int) -> list[PathFiring]:
    firings = outcome.firings[place]
    return [
        PathFiring(
            at=int(firings.fired_at[n]),
            key=firings.key_of(n),
            admission=Admission(int(firings.outcome[n])),
        )
        for n in _of_user(firings.user, user)
    ]


def _enrolment(outcome: Outcome, number: int) -> PathEnrolment:
    enrolments = outcome.enrolments
    key = int(enrolments.key[number])
    return PathEnrolment(
        entered_at=int(enrolments.entered_at[number]),
        key=None if key == MISSING else enrolments.key_texts[key],
        is_held_out=bool(enrolments.is_held_out[number]),
        state=EnrolmentState(int(enrolments.state[number])),
        ended_at=_known(enrolments.ended_at, number),
        goal_at=_known(enrolments.goal_at, number),
        rows=_rows(outcome, number),
        messages=_messages(outcome, number),
    )


def _rows(outcome: Outcome, number: int) -> list[PathRow]:
    trace = outcome.trace
    campaign = outcome.campaigns[int(outcome.enrolments.campaign[number])]
    return [
        PathRow(
            at=int(trace.at[n]),
            step_id=None if trace.step[n] < 0 else campaign.steps[trace.step[n]].id,
            outcome=StepOutcome(int(trace.outcome[n])),
            reason="" if trace.reason[n] < 0 else trace.reasons[trace.reason[n]],
            until_at=_known(trace.until_at, n),
        )
        for n in np.flatnonzero(trace.enrolment == number).tolist()
    ]


def _messages(outcome: Outcome, number: int) -> list[PathMessage]:
    messages = outcome.messages
    campaign = outcome.campaigns[int(outcome.enrolments.campaign[number])]
    found = []
    for n in np.flatnonzero(messages.enrolment == number).tolist():
        step = campaign.steps[messages.step[n]]
        assert isinstance(step, SendStep)  # no other step makes a message due
        found.append(
            PathMessage(
                campaign=campaign.name,
                step_id=step.id,
                template=step.template,
                due_at=int(messages.due_at[n]),
                outcome=MessageOutcome(int(messages.outcome[n])),
            )
        )
    return found


def _known(times: Int64s, place: int) -> int | None:
    at = int(times[place])
    return None if at == NEVER else at
