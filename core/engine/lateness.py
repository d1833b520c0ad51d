"""What an event still means that comes after later things were decided (SEMANTICS 8.1)."""

from collections.abc import Mapping, Sequence

from core.domain.durations import to_microseconds
from core.domain.triggers import AbsenceTrigger, InactivityTrigger, Trigger
from core.domain.values import JsonValue, at_path, key_text
from core.engine.happenings import MAIL_EVENTS
from core.engine.keeping import Entry
from core.engine.plans import Plan

Properties = Mapping[str, JsonValue]


def disarmed(
    trigger: Trigger, entries: Sequence[Entry], name: str, properties: Properties, at: int, row: int
) -> list[Entry]:
    """Take away the deadlines that a late event disarms, among a person's kept entries.

    It must lie between the start and the deadline, which it always precedes. Where it is a start as
    well, the deadline is set anew from it: whoever was active later is silent for less long.
    """
    match trigger:
        case AbsenceTrigger():
            absence = trigger
        case InactivityTrigger():
            absence = trigger.as_absence()
        case _:
            return list(entries)
    plain = dict(properties)
    key = None if absence.key is None else key_text(at_path(properties, absence.key))
    is_keyed = absence.key is not None
    if (is_keyed and key is None) or not absence.unless.accepts(name, plain):
        return list(entries)
    within = to_microseconds(absence.within)
    left: list[Entry] = []
    for entry in entries:
        if entry[0] != key or entry[1] - within > at:
            left.append(entry)
        elif absence.start.accepts(name, plain):
            left.append([key, at + within, row])
    return left


def bits_alone(plan: Plan, name: str, properties: Properties) -> int:
    """Give the bits of a plan's matchers that one event satisfies on its own."""
    plain = dict(properties)
    return sum(
        1 << number
        for number, awaited in enumerate(plan.awaited)
        if awaited.matcher.accepts(name, plain)
    )


def mail_bits(name: str) -> int:
    """Give what an event says of its person's address."""
    return MAIL_EVENTS.get(name, 0)
