"""What a call says, item by item, in our words: the mapping of its source put to use."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from core.domain.errors import UnusableInput
from core.domain.hooks import ALL, HookMapping, HookRule, Preset
from core.domain.values import JsonValue, as_number, key_text
from core.services.hook_bodies import UnreadableBody, read_json, read_outbound_message
from core.services.hook_paths import MOST_FOUND, check_value, value_at, values_at

TOPIC_HEADERS = ("x-shopify-topic", "x-topic", "x-event-type", "x-github-event")
_MILLISECONDS_FROM = 100_000_000_000  # as seconds, this is the year 5138
_REPEATED = ("attemptNumber", "attempt_number")  # of HubSpot: the same thing told once more


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing that a call tells: its kind, and what is the same whenever it is told again."""

    topic: str
    content: Any
    identity: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """What an item means: of whom (ids as the vendor writes them), an event, traits."""

    topic: str
    user_id: str = ""
    email: str = ""
    known_as: tuple[str, ...] = ()
    event: str = ""
    at: str | None = None
    properties: Mapping[str, JsonValue] = field(default_factory=dict)
    traits: Mapping[str, JsonValue] = field(default_factory=dict)


def items_of(
    preset: Preset,
    mapping: HookMapping,
    body: bytes,
    headers: Mapping[str, str],
    *,
    signed_id: str | None = None,
) -> list[Item]:
    """Take a body apart; raises UnreadableBody."""
    if preset is Preset.SALESFORCE:
        return _notifications(body)
    content = read_json(body)
    header = next((headers[name] for name in TOPIC_HEADERS if name in headers), "")
    values = values_at(mapping.items, content)
    if len(values) > MOST_FOUND:
        raise UnreadableBody(f"The body holds more than {MOST_FOUND:,} items; send less at once.")
    found = [one for one in values if isinstance(one, dict)]
    if mapping.items == "$":
        return [
            _whole(mapping, one, header, signed_id or _own_id(preset, one), body) for one in found
        ]
    return _told_apart(mapping, found, header)


def meant(mapping: HookMapping, item: Item) -> Meant | None:
    """Say what an item means by the first rule that fits; None if there is no such rule."""
    rule = next((rule for rule in mapping.rules if _fits(rule, item)), None)
    if rule is None:
        return None
    content = item.content
    known_as = (_text(value_at(value, content)) for value in rule.known_as)
    return Meant(
        topic=item.topic,
        user_id=_text(value_at(rule.user_id, content)),
        email=_text(value_at(rule.email, content)).strip().lower(),
        known_as=tuple(dict.fromkeys(one for one in known_as if one and not one.endswith(":"))),
        event=_text(value_at(rule.event, content)),
        at=_instant(value_at(rule.at, content)) if rule.at else None,
        properties=_members(rule.properties, content),
        traits=_members(rule.traits, content),
    )


def check_mapping(mapping: HookMapping) -> None:
    """Raise UnusableInput, in a sentence, for a path that cannot be used."""
    if not mapping.items.startswith("$") or " | " in mapping.items:
        raise UnusableInput("Where the items are is a path, such as $ or $.events[*]")
    check_value(mapping.items, "where the items are")
    check_value(mapping.topic, "the kind of an item")
    for number, rule in enumerate(mapping.rules, start=1):
        called = f"in rule {number}, "
        for name in ("event", "user_id", "email", "at"):
            check_value(getattr(rule, name), called + name)
        for value in rule.known_as:
            check_value(value, called + "known_as")
        for pairs, what in ((rule.properties, "the property"), (rule.traits, "the trait")):
            for name, value in pairs.items():
                check_value(name, f"{called}{what}")
                check_value(value, f"{called}{what} {name[:60]!r}")
        for path in rule.where:
            check_value(path, called + "where")


def _notifications(body: bytes) -> list[Item]:
    items: Any = read_outbound_message(body)["items"]
    return [Item(topic=one["type"], content=one["object"], identity=one["id"]) for one in items]


def organization_of(body: bytes) -> str:
    """Name the organization that sent an outbound message; raises UnreadableBody."""
    return str(read_outbound_message(body)["organization"])


def _own_id(preset: Preset, content: Any) -> str:
    """Give the id under which a vendor tells the same again, perhaps in other words; "" if none.

    Stripe counts in each call how many systems are still to be told.
    """
    return key_text(content.get("id")) or "" if preset is Preset.STRIPE else ""


def _whole(mapping: HookMapping, content: Any, header: str, named: str, body: bytes) -> Item:
    """Take a body as one item; without an id, it is the same if it says and means the same.

    An order that is paid at once is told twice in the same words: as made, and as paid.
    """
    topic = _topic(mapping, content, header)
    item = Item(topic=topic, content=content, identity=named or _digest(body))
    meaning = None if named or mapping.topic else meant(mapping, item)
    return replace(item, identity=f"{item.identity}-{meaning.event}") if meaning else item


def _topic(mapping: HookMapping, item: Any, header: str) -> str:
    return _text(value_at(mapping.topic, item)) if mapping.topic else header


def _told_apart(mapping: HookMapping, found: Sequence[Any], header: str) -> list[Item]:
    """Tell items from others by what they say; identical ones in one call count each."""
    before = Counter[str]()
    items = []
    for one in found:
        told = _digest(_told(one).encode())
        topic = _topic(mapping, one, header)
        items.append(Item(topic=topic, content=one, identity=f"{told}-{before[told]}"))
        before[told] += 1
    return items


def _told(item: dict[str, Any]) -> str:
    return json.dumps({k: v for k, v in item.items() if k not in _REPEATED}, sort_keys=True)


def _digest(said: bytes) -> str:
    return sha256(said).hexdigest()[:32]


def _fits(rule: HookRule, item: Item) -> bool:
    topic = rule.topic
    if topic.endswith(ALL):
        is_kind = item.topic.startswith(topic[:-1])
    else:
        is_kind = topic in ("", item.topic)
    return is_kind and all(
        _text(value_at(path, item.content)) == wanted for path, wanted in rule.where.items()
    )


def _members(pairs: Mapping[str, str], content: Any) -> dict[str, JsonValue]:
    found: dict[str, JsonValue] = {}
    for name, written in pairs.items():
        value = value_at(written, content)
        if name == ALL:
            found |= value if isinstance(value, dict) else {}
            continue
        called = _text(value_at(name, content))
        if called and value is not None:
            found[called] = value
    return found


def _text(value: JsonValue) -> str:
    return key_text(value) or ""


def _instant(value: JsonValue) -> str | None:
    """Write a time as text: seconds or milliseconds since 1970 are understood, text stays."""
    number = as_number(value)
    if number is None:
        return value if isinstance(value, str) and value else None
    seconds = float(number)
    if abs(seconds) >= _MILLISECONDS_FROM:
        seconds /= 1_000
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        return str(value)
