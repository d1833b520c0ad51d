"""What another system is told: the fields of the step, filled with what happened."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.domain.instants import iso
from core.domain.values import JsonValue, at_path, key_text

_NAME = r"[A-Za-z_][\w-]*(?:\.[\w-]+)*"
_PLACE = re.compile(
    rf"\$(?:key|campaign|step|variant|(?:user|trigger)\.{_NAME})(?![\w-])", re.ASCII
)
_TRIGGER, _USER = "$trigger.", "$user."
CONTEXT = "rehearsal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """The event behind an entry."""

    event_id: str
    event: str
    at: int  # µs
    properties: Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known about a call; `at` is when its step was reached, in µs."""

    call_id: str
    at: int
    campaign: str
    step: str
    user_id: str
    variant: str = ""
    key: str | None = None
    cause: Cause | None = None
    traits: Mapping[str, JsonValue] = field(default_factory=dict)


def body_of(fields: Mapping[str, Any], facts: Facts) -> bytes:
    """Write the body of a call as JSON: the step's own fields, and what they are about.

    `$key`, `$campaign`, `$step`, `$variant`, `$user.id`, `$user.TRAIT` and `$trigger.PROPERTY` are
    filled; a value that is unknown is null, or nothing inside a longer text.
    """
    told = {name: _filled(value, facts) for name, value in fields.items()}
    told.setdefault(CONTEXT, _context(facts))
    return json.dumps(told, separators=(",", ":"), ensure_ascii=True).encode()


def _filled(value: Any, facts: Facts) -> Any:
    if isinstance(value, str):
        return _filled_text(value, facts)
    if isinstance(value, Mapping):
        return {name: _filled(member, facts) for name, member in value.items()}
    if isinstance(value, Sequence):
        return [_filled(member, facts) for member in value]
    return value


def _filled_text(text: str, facts: Facts) -> JsonValue:
    """Fill a text; one that is nothing but a place keeps the value's kind, a number or a list."""
    if _PLACE.fullmatch(text):
        return _value(text, facts)
    if text.startswith(_TRIGGER) and facts.cause is not None:
        whole = facts.cause.properties.get(text.removeprefix(_TRIGGER))
        if whole is not None:
            return whole
    return _PLACE.sub(lambda place: key_text(_value(place[0], facts)) or "", text)


def _value(place: str, facts: Facts) -> JsonValue:
    if place.startswith(_TRIGGER):
        known = facts.cause.properties if facts.cause is not None else {}
        return at_path(known, place.removeprefix(_TRIGGER))
    if place.startswith(_USER):
        name = place.removeprefix(_USER)
        return facts.user_id if name == "id" else at_path(facts.traits, name)
    own = {"$key": facts.key, "$campaign": facts.campaign, "$step": facts.step}
    return own.get(place, facts.variant)


def _context(facts: Facts) -> dict[str, JsonValue]:
    cause = facts.cause
    return {
        "id": facts.call_id,
        "at": iso(facts.at),
        "campaign": facts.campaign,
        "step": facts.step,
        "variant": facts.variant,
        "user_id": facts.user_id,
        "key": facts.key,
        "event": None if cause is None else _event(cause),
    }


def _event(cause: Cause) -> dict[str, JsonValue]:
    return {
        "id": cause.event_id,
        "name": cause.event,
        "at": iso(cause.at),
        "properties": cause.properties,
    }
