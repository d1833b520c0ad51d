"""What a sample of a webhook would come to, without anything being stored."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Engine

from core.domain.calls import Traits
from core.domain.errors import UnusableInput
from core.domain.events import Event
from core.domain.hooks import HookMapping, HookSource
from core.domain.values import JsonValue
from core.services import hook_people
from core.services.hook_bodies import UnreadableBody
from core.services.hook_people import Known
from core.services.hook_reading import TOPIC_HEADERS, Meant, check_mapping
from core.services.hooks import NOBODY, Understand, messages_of, read
from core.store.database import reading

MOST_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What one item would come to: an event and traits of a person, or a reason why nothing."""

    topic: str
    person: str = ""
    event: str = ""
    at: datetime | None = None
    properties: Mapping[str, JsonValue] = field(default_factory=dict)
    traits: Mapping[str, JsonValue] = field(default_factory=dict)
    reason: str = ""


def tried(
    database: Engine,
    source: HookSource,
    mapping: HookMapping,
    sample: str,
    *,
    topic: str,
    understand: Understand,
    now: datetime,
) -> list[Trial]:
    """Read a sample by a mapping, at most MOST_SHOWN items of it.

    `topic` is what the vendor's header would say. Raises UnusableInput for a mapping or a sample
    that cannot be used.
    """
    check_mapping(mapping)
    as_drafted = replace(source, mapping=mapping)
    try:
        found = read(as_drafted, sample.encode("utf-8", "replace"), {TOPIC_HEADERS[0]: topic})
    except UnreadableBody as error:
        raise UnusableInput(str(error)) from error
    pairs = list(zip(found.items, found.meanings, strict=True))[:MOST_SHOWN]
    with reading(database) as session:
        known = hook_people.who(session, source.name, [one for _, one in pairs if one])
    people = iter(known.people)
    return [
        Trial(topic=item.topic, reason=f"No rule is for {item.topic or 'this'}.")
        if meaning is None
        else _trial(meaning, next(people), known, understand, now)
        for item, meaning in pairs
    ]


def _trial(
    meaning: Meant, person: str, known: Known, understand: Understand, now: datetime
) -> Trial:
    if not person:
        return Trial(topic=meaning.topic, reason=NOBODY)
    messages = messages_of(meaning, person, "sample", person in known.without_address)
    delivery = understand(messages, received_at=now, source="sample")
    trial = Trial(topic=meaning.topic, person=person)
    for call in delivery.calls:
        if isinstance(call, Event):
            trial = replace(trial, event=call.event, at=call.timestamp, properties=call.properties)
        elif isinstance(call, Traits):
            trial = replace(trial, traits=call.traits)
    if delivery.rejections:
        return replace(trial, reason=f"{delivery.rejections[0].reason}.")
    return trial
