"""What becomes of people under way when a new version of their campaign is published (5.9)."""

from enum import StrEnum

from core.domain.outcomes import EnrolmentState, StepOutcome
from core.engine.enrolments import Enrolment, Operand, Person
from core.engine.flow import Recorder, delay_end, end
from core.engine.local_time import quiet_end
from core.engine.plans import Delay, Plan, Send, Wait

NEW_VERSION, STEP_GONE = "new_version", "step_gone"


class UnderWay(StrEnum):
    """The choices for people under way."""

    STAY = "stay"
    MOVE = "move"
    LEAVE = "leave"


def hand_over(
    enrolment: Enrolment,
    former: Plan,
    present: Plan,
    choice: UnderWay,
    at: int,
    person: Person,
    record: Recorder,
) -> Plan:
    """Apply the choice to an active enrolment at an instant (µs); give the plan it has from now on.

    Who moves goes on resting at the step of the same id and kind, for as long as the new version
    says, counted from their arrival, but never until before `at`; where there is none, they leave.
    What happened since entry counts on for events that both versions ask about; of others, only
    what happens from now on is known.
    """
    match choice:
        case UnderWay.STAY:
            return former
        case UnderWay.LEAVE:
            leave(enrolment, at, NEW_VERSION, record)
            return former
        case UnderWay.MOVE:
            place = _same_step(enrolment, former, present)
            if place is None:
                leave(enrolment, at, STEP_GONE, record)
                return former
            _move(enrolment, former, present, place)
            enrolment.due_at = max(at, _due_at(enrolment, present, person))
            return present


def leave(enrolment: Enrolment, at: int, reason: str, record: Recorder) -> None:
    """Let somebody under way leave where they rest, at an instant (µs)."""
    record.step(enrolment, enrolment.place, at, StepOutcome.EXITED, reason)
    end(enrolment, EnrolmentState.EXITED, at)


def _same_step(enrolment: Enrolment, former: Plan, present: Plan) -> int | None:
    """Find the step of the same id and kind in the new version."""
    resting = former.campaign.steps[enrolment.place]
    for place, step in enumerate(present.campaign.steps):
        if step.id == resting.id and step.kind == resting.kind:
            return place
    return None


def _move(enrolment: Enrolment, former: Plan, present: Plan, place: int) -> None:
    """Let bits and places mean what they mean in the new version."""
    # By what is written: a value may be a list, which has no hash, and 1 is not true.
    bit_of = {repr(awaited): 1 << n for n, awaited in enumerate(present.awaited)}
    operands: dict[int, list[Operand]] = {}
    seen = 0
    for number, awaited in enumerate(former.awaited):
        bit = bit_of.get(repr(awaited), 0)
        if enrolment.seen & 1 << number:
            seen |= bit
        if bit and 1 << number in enrolment.operands:
            operands[bit] = list(enrolment.operands[1 << number])
    ids = [step.id for step in present.campaign.steps]
    sent = [s.id for n, s in enumerate(former.campaign.steps) if enrolment.sent & 1 << n]
    enrolment.sent = sum(1 << ids.index(step_id) for step_id in sent if step_id in ids)
    enrolment.seen, enrolment.operands, enrolment.place = seen, operands, place


def _due_at(enrolment: Enrolment, plan: Plan, person: Person) -> int:
    step, arrived_at = plan.steps[enrolment.place], enrolment.arrived_at
    match step:
        case Delay():
            return delay_end(plan, step, arrived_at, person)
        case Wait():
            return arrived_at + step.timeout
        case Send():
            quiet = plan.quiet
            return quiet_end(arrived_at, *quiet, person.zone or plan.zone) if quiet else arrived_at
        case _:
            raise AssertionError("nobody rests at any other step")
