"""Moves one enrolment: on entry, when something happened, when its time has come (SEMANTICS 5).

Rehearsal and live both come through here. Every function carries out steps until the enrolment
rests or ends; while it rests, `due_at` is the time at which `wake` is to be called. A message never
leaves within the handling of an event: it becomes due, so that a goal at the same instant comes
first (5.7).
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Protocol, assert_never

from core.domain.outcomes import EnrolmentState, MessageOutcome, StepOutcome
from core.domain.values import JsonValue, holds
from core.engine.enrolments import Enrolment, Person
from core.engine.local_time import is_quiet, next_local, quiet_end
from core.engine.memory import NEVER
from core.engine.plans import (
    END,
    Branch,
    Delay,
    Exit,
    Plan,
    Record,
    Send,
    Split,
    Wait,
)
from core.engine.profile_changes import change

PropertyOf = Callable[[str], JsonValue]

EVERYBODY, SINCE_ENTRY, QUIET = "everybody_reacts", "since_entry", "quiet_hours"
GOAL, EXIT, OTHERWISE, STALE = "goal", "exit", "otherwise", "stale"


class Recorder(Protocol):
    """Takes down what an enrolment does."""

    def step(
        self,
        enrolment: Enrolment,
        place: int,
        at: int,
        outcome: StepOutcome,
        reason: str = "",
        until_at: int = NEVER,
    ) -> None:
        """Take down a row of the trace (5.10)."""

    def message(self, enrolment: Enrolment, place: int, at: int, outcome: MessageOutcome) -> None:
        """Take down a message that became due."""

    def missed(self, enrolment: Enrolment, place: int, at: int) -> None:
        """Take down a message that nothing forbade, but whose time is too long ago (8.3)."""


def enter(plan: Plan, enrolment: Enrolment, person: Person, record: Recorder) -> None:
    """Begin the flow at the time of entry."""
    place = 0 if plan.steps else END
    _proceed(plan, enrolment, place, enrolment.entered_at, person, record)


def seen_by(
    plan: Plan,
    enrolments: Sequence[Enrolment],
    bits: int,
    properties: Callable[[], PropertyOf],
) -> list[tuple[Enrolment, int]]:
    """Note an event since entry; give those for whom it means something, and the bits that hold.

    `bits` are those of the matchers that the event satisfies on its own; those that refer to the
    firing are compared for each enrolment, with what `properties` looks up.
    """
    if not bits & plan.referring_bits:
        for enrolment in enrolments:
            enrolment.seen |= bits
        return [(enrolment, bits) for enrolment in enrolments]
    property_of = properties()
    held = [(e, _held_bits(plan, e, bits, property_of)) for e in enrolments]
    for enrolment, own in held:
        enrolment.seen |= own
    return [(enrolment, own) for enrolment, own in held if own]


def reach_goal(plan: Plan, enrolment: Enrolment, bits: int, at: int, record: Recorder) -> None:
    """Note the first goal event within its time; it may end the enrolment (5.7)."""
    is_late = at > enrolment.entered_at + plan.goal_within
    if not bits & plan.goal_bit or enrolment.goal_at != NEVER or is_late:
        return
    enrolment.goal_at = at
    if enrolment.state is not EnrolmentState.ACTIVE:
        return
    if plan.exits_on_goal:
        record.step(enrolment, enrolment.place, at, StepOutcome.EXITED, GOAL)
        end(enrolment, EnrolmentState.EXITED, at)
    else:
        record.step(enrolment, enrolment.place, at, StepOutcome.GOAL)


def stop_waiting(
    plan: Plan, enrolment: Enrolment, bits: int, at: int, person: Person, record: Recorder
) -> bool:
    """Go on where the enrolment waits for what just happened (5.2); say whether it did."""
    if enrolment.state is not EnrolmentState.ACTIVE:
        return False
    step = plan.steps[enrolment.place]
    if not isinstance(step, Wait) or not bits & step.bit:
        return False
    record.step(enrolment, enrolment.place, at, StepOutcome.MATCHED)
    _proceed(plan, enrolment, step.then, at, person, record)
    return True


def wake(plan: Plan, enrolment: Enrolment, person: Person, record: Recorder) -> None:
    """Go on because the time has come for which the enrolment rests."""
    at, place = enrolment.due_at, enrolment.place
    step = plan.steps[place]
    match step:
        case Send():
            _send(plan, enrolment, step, person, record)
            onward = step.onward
        case Delay():
            record.step(enrolment, place, at, StepOutcome.CONTINUED)
            onward = step.onward
        case Wait():
            record.step(enrolment, place, at, StepOutcome.TIMED_OUT)
            onward = step.otherwise
        case _:
            raise AssertionError("nobody rests at any other step")
    _proceed(plan, enrolment, onward, at, person, record)


def _proceed(
    plan: Plan, enrolment: Enrolment, place: int, at: int, person: Person, record: Recorder
) -> None:
    """Carry out steps from a place on until the enrolment rests or ends."""
    while place != END:
        step = plan.steps[place]
        if isinstance(step, Exit):
            record.step(enrolment, place, at, StepOutcome.EXITED, EXIT)
            return end(enrolment, EnrolmentState.EXITED, at)
        onward = _carry_out(plan, enrolment, place, step, at, person, record)
        if onward is None:
            return None
        place = onward
    if plan.steps:
        record.step(enrolment, END, at, StepOutcome.COMPLETED)
    return end(enrolment, EnrolmentState.COMPLETED, at)


def _carry_out(
    plan: Plan,
    enrolment: Enrolment,
    place: int,
    step: Delay | Wait | Branch | Split | Send | Record,
    at: int,
    person: Person,
    record: Recorder,
) -> int | None:
    """Carry out one step; give the next place, or None if the enrolment rests here."""
    match step:
        case Send():
            _rest_before_sending(plan, enrolment, place, at, person, record)
            return None
        case Delay():
            _rest(enrolment, place, at, delay_end(plan, step, at, person), record)
            return None
        case Wait():
            reason = _already(step, enrolment)
            if reason:
                record.step(enrolment, place, at, StepOutcome.MATCHED, reason)
                return step.then
            _rest(enrolment, place, at, at + step.timeout, record)
            return None
        case Branch():
            taken, onward = _choose(step, enrolment, person)
            record.step(enrolment, place, at, StepOutcome.TOOK, taken)
            return onward
        case Split():
            name, onward = _assign(step, person)
            record.step(enrolment, place, at, StepOutcome.ASSIGNED, name)
            enrolment.variant = name
            return onward
        case Record():
            record.step(enrolment, place, at, StepOutcome.RECORDED)
            change(person, step.sets)
            return step.onward
        case _:
            assert_never(step)


def end(enrolment: Enrolment, state: EnrolmentState, at: int) -> None:
    """End an enrolment; it rests nowhere any more."""
    enrolment.state, enrolment.ended_at, enrolment.due_at = state, at, NEVER


def _rest(enrolment: Enrolment, place: int, at: int, due_at: int, record: Recorder) -> None:
    record.step(enrolment, place, at, StepOutcome.WAITING, "", due_at)
    enrolment.place, enrolment.arrived_at, enrolment.due_at = place, at, due_at


def _rest_before_sending(
    plan: Plan, enrolment: Enrolment, place: int, at: int, person: Person, record: Recorder
) -> None:
    """Let the message become due now, or at the end of quiet hours."""
    due_at = at
    zone = person.zone or plan.zone
    if plan.quiet is not None and is_quiet(at, *plan.quiet, zone):
        due_at = quiet_end(at, *plan.quiet, zone)
        record.step(enrolment, place, at, StepOutcome.DEFERRED, QUIET, due_at)
    enrolment.place, enrolment.arrived_at, enrolment.due_at = place, at, due_at


def _send(plan: Plan, enrolment: Enrolment, step: Send, person: Person, record: Recorder) -> None:
    at = enrolment.due_at
    outcome = _check(plan, enrolment, at, person)
    if outcome is MessageOutcome.SENT and at < person.now - plan.stale_after:
        record.step(enrolment, enrolment.place, at, StepOutcome.WITHHELD, STALE)
        record.missed(enrolment, enrolment.place, at)
        return
    if outcome is MessageOutcome.SENT:
        person.sent_at.append(at)
        enrolment.sent |= step.bit
        record.step(enrolment, enrolment.place, at, StepOutcome.SENT)
    else:
        record.step(enrolment, enrolment.place, at, StepOutcome.WITHHELD, outcome.word)
    record.message(enrolment, enrolment.place, at, outcome)


def _check(plan: Plan, enrolment: Enrolment, at: int, person: Person) -> MessageOutcome:
    """Give the first reason that applies, in the order of 5.5."""
    if person.is_unsubscribed:
        return MessageOutcome.UNSUBSCRIBED
    if person.is_suppressed:
        return MessageOutcome.SUPPRESSED
    if not person.has_address:
        return MessageOutcome.NO_ADDRESS
    if enrolment.is_held_out:
        return MessageOutcome.HOLDOUT
    if plan.cap is not None and _sent_since(person, at - plan.cap[1]) >= plan.cap[0]:
        return MessageOutcome.FREQUENCY_CAP
    return MessageOutcome.SENT


def _sent_since(person: Person, since: int) -> int:
    """Count the messages sent after an instant."""
    return len(person.sent_at) - bisect_right(person.sent_at, since)


def delay_end(plan: Plan, step: Delay, at: int, person: Person) -> int:
    """Give when a delay ends (µs) for somebody who arrived at `at` (5.1)."""
    if step.lasting is not None:
        return at + step.lasting
    return next_local(at, step.clock, step.weekdays, person.zone or plan.zone)


def _already(step: Wait, enrolment: Enrolment) -> str:
    """Say why nothing needs to be waited for; empty where it does."""
    if step.is_reaction and enrolment.sent:
        return EVERYBODY
    return SINCE_ENTRY if step.since_entry and enrolment.seen & step.bit else ""


def _choose(step: Branch, enrolment: Enrolment, person: Person) -> tuple[str, int]:
    for number, (asked, onward) in enumerate(step.cases):
        if asked(enrolment, person):
            return f"cases[{number}]", onward
    return OTHERWISE, step.otherwise


def _assign(step: Split, person: Person) -> tuple[str, int]:
    """Give a person's variant and its way: the one they have already, whatever weights say now."""
    known = person.variants.get(step.name)
    for _, name, onward in step.arms:
        if name == known:
            return name, onward
    bucket = person.buckets[step.salt]
    name, onward = next((name, onward) for below, name, onward in step.arms if bucket < below)
    person.variants[step.name] = name
    return name, onward


def _held_bits(plan: Plan, enrolment: Enrolment, bits: int, property_of: PropertyOf) -> int:
    """Take away the bits of matchers that refer to another firing."""
    referring = bits & plan.referring_bits
    while referring:
        bit = referring & -referring
        referring -= bit
        if not _refers(enrolment, bit, property_of):
            bits -= bit
    return bits


def _refers(enrolment: Enrolment, bit: int, property_of: PropertyOf) -> bool:
    operands = enrolment.operands.get(bit)
    if operands is None:  # asked only by a version to which the enrolment was moved
        return False
    return all(
        holds(condition.op, property_of(condition.property), value) for condition, value in operands
    )
