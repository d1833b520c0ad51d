"""What a flow changes of the person who walks through it (SEMANTICS 5.6)."""

from collections.abc import Mapping

from core.domain.reach import SUPPRESSED, TIMEZONE, UNSUBSCRIBED, is_yes, settable, zone_called
from core.domain.values import JsonValue
from core.engine.enrolments import Person


def change(person: Person, traits: Mapping[str, JsonValue]) -> None:
    """Set traits of a person, for all that follows: branches, audiences, zones and sends.

    In a rehearsal it counts in that run alone, live the evaluator keeps it as well: so both decide
    alike.
    """
    new = settable(traits)
    if not new:
        return
    person.changed.update(new)
    person.traits = {**_without_parts(person.traits, new), **new}
    if TIMEZONE in new:
        person.zone = zone_called(new[TIMEZONE])
    person.is_unsubscribed |= is_yes(new.get(UNSUBSCRIBED))
    person.is_suppressed |= is_yes(new.get(SUPPRESSED))
    if not person.has_profile:
        # Now there is one, and it says nothing of consent.
        person.has_profile = True
        person.is_unsubscribed |= person.asks_consent


def _without_parts(
    traits: Mapping[str, JsonValue], new: Mapping[str, JsonValue]
) -> dict[str, JsonValue]:
    """Drop what was known of the inside of a trait that is set as a whole: `a.b` beside `a`."""
    return {
        name: value
        for name, value in traits.items()
        if "." not in name or name in new or not any(name.startswith(f"{n}.") for n in new)
    }
