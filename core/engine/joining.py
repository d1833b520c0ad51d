"""Two people turn out to be one: their walks and what triggers remember of them put together."""

from collections.abc import Mapping, Sequence
from itertools import zip_longest

from core.domain.outcomes import EnrolmentState
from core.domain.triggers import (
    AbsenceTrigger,
    Anchor,
    CountTrigger,
    EventTrigger,
    InactivityTrigger,
    SequenceTrigger,
    SumTrigger,
    Trigger,
)
from core.domain.values import JsonValue
from core.engine.enrolments import Enrolment
from core.engine.flow import Recorder
from core.engine.keeping import Entry
from core.engine.profile_changes import change
from core.engine.versions import leave
from core.engine.walk import Course, Walk

JOINED = "joined"


def join_walks(walk: Walk, other: Walk, at: int, record: Recorder) -> None:
    """Let a walk go on with all that another one was at.

    Where both are under way in a campaign that has nobody twice, the other's way ends at `at` (µs).
    """
    walk.heed(other.heeded)
    walk.closed_at = max(walk.closed_at, other.closed_at)
    person, former = walk.person, other.person
    person.sent_at[:] = sorted([*person.sent_at, *former.sent_at])
    person.variants = {**former.variants, **person.variants}
    change(person, _without(former.changed, person.changed))
    busy = [_has_active(course) for course in walk.courses()]
    timers = other.timers()
    for course, own, is_busy in zip(walk.courses(), other.courses(), busy, strict=True):
        for key, admitted_at in own.admitted_at.items():
            course.admitted_at[key] = max(admitted_at, course.admitted_at.get(key, admitted_at))
        for enrolment in own.followed:
            if is_busy and _is_active(enrolment) and not course.plan.campaign.concurrent:
                leave(enrolment, at, JOINED, record)
        course.followed += own.followed
    rest = [(timer[1], timer[2], timer[4]) for timer in timers if timer[4] is not None]
    walk.take_up([found for found in rest if _is_active(found[2])])


def joined_entries(trigger: Trigger, one: Sequence[Entry], two: Sequence[Entry]) -> list[Entry]:
    """Put together what a trigger remembers of two people, key by key (see `keeping`)."""
    joined = {entry[0]: entry for entry in one}
    for entry in two:
        known = joined.get(entry[0])
        joined[entry[0]] = entry if known is None else _joined(trigger, known, entry)
    return list(joined.values())


def _joined(trigger: Trigger, one: Entry, two: Entry) -> Entry:
    match trigger:
        case CountTrigger() | SumTrigger():
            rows = sorted([*zip(*one[1:], strict=True), *zip(*two[1:], strict=True)])
            return [one[0], *(list(column) for column in zip(*rows, strict=True))]
        case AbsenceTrigger() | InactivityTrigger():
            is_first = isinstance(trigger, AbsenceTrigger) and trigger.anchor is Anchor.FIRST
            return (min if is_first else max)(one, two, key=lambda entry: entry[1])
        case SequenceTrigger():
            return [one[0], [_later(*pair) for pair in zip_longest(one[1], two[1])]]
        case EventTrigger():
            return one


def _later(one: int | None, two: int | None) -> int | None:
    return max((at for at in (one, two) if at is not None), default=None)


def _has_active(course: Course) -> bool:
    return any(_is_active(enrolment) for kin in course.kin for enrolment in kin.followed)


def _is_active(enrolment: Enrolment) -> bool:
    return enrolment.state is EnrolmentState.ACTIVE


def _without(
    traits: Mapping[str, JsonValue], known: Mapping[str, JsonValue]
) -> dict[str, JsonValue]:
    return {name: value for name, value in traits.items() if name not in known}
