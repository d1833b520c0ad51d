"""Webhooks in: systems that call us, and their calls taken in as events and traits."""

import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Protocol

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from core.domain.calls import Delivery
from core.domain.events import Event
from core.domain.hooks import (
    HookAnswer,
    HookCall,
    HookDelivery,
    HookOutcome,
    HookSource,
    Preset,
    is_source_name,
)
from core.services import hook_people, hook_reading
from core.services.hook_bodies import UnreadableBody
from core.services.hook_checks import NotGenuine, check
from core.services.hook_reading import Item, Meant
from core.services.ingesting import take_in
from core.store import hooks as store
from core.store.database import one_transaction, reading, writing

NOTED_EVERY = timedelta(seconds=1)
NOBODY = "It says of nobody: no user id, no e-mail."
_ACK = (
    '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv='
    '"http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body><notificationsResponse xmlns='
    '"http://soap.sforce.com/2005/09/outbound"><Ack>true</Ack></notificationsResponse>'
    "</soapenv:Body></soapenv:Envelope>"
)
_ORGANIZATION_LENGTH = 15  # of an id; three more letters of it only say capitals from small ones


class Understand(Protocol):
    """Understands messages of the Segment API: what is allowed in them, and what is dropped."""

    def __call__(
        self, messages: Sequence[Mapping[str, Any]], *, received_at: datetime, source: str
    ) -> Delivery:
        """Give what the messages mean, and which of them cannot be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a call says: items with what they mean (None: no rule fits), and whom they are about."""

    items: Sequence[Item]
    meanings: Sequence[Meant | None]


@dataclass(slots=True, kw_only=True)
class HookDoor:
    """Takes calls in, whoever they say they are from."""

    database: Callable[[], Engine]
    understand: Understand
    _noted: dict[int, datetime] = field(default_factory=dict)

    def take(self, call: HookCall) -> HookAnswer:
        """Take a call in, and give what is to be answered; the same once more changes nothing."""
        source = self._source(call.source)
        if source is None:
            return _refusal(404, "there is no webhook of this name")
        try:
            signed_id = check(source, call)
            _check_organization(source, call)
        except NotGenuine as refusal:
            self._note_stranger(source, call, str(refusal))
            return _refusal(401, str(refusal))
        except UnreadableBody as error:
            return self._unreadable(source, call, error)
        try:
            found = read(source, call.body, call.headers, signed_id=signed_id)
        except UnreadableBody as error:
            return self._unreadable(source, call, error)
        take_found(self.database(), source, found, call.received_at, self.understand)
        return _ack(source)

    def _source(self, name: str) -> HookSource | None:
        if not is_source_name(name):
            return None  # no database has to look for it
        with reading(self.database()) as session:
            return store.source_named(session, name)

    def _unreadable(self, source: HookSource, call: HookCall, error: UnreadableBody) -> HookAnswer:
        self._note(source, _refused(call, str(error)))
        return _refusal(400, str(error))

    def _note_stranger(self, source: HookSource, call: HookCall, reason: str) -> None:
        """Note a call that is not genuine, but not each of a flood of them."""
        noted = self._noted.get(source.id)
        if noted is None or call.received_at - noted >= NOTED_EVERY:
            self._noted[source.id] = call.received_at
            self._note(source, _refused(call, reason))

    def _note(self, source: HookSource, delivery: HookDelivery) -> None:
        with writing(self.database()) as session:
            store.add_delivery(session, source.id, delivery)


def read(
    source: HookSource, body: bytes, headers: Mapping[str, str], *, signed_id: str | None = None
) -> Found:
    """Read what a call says; raises UnreadableBody."""
    items = hook_reading.items_of(source.preset, source.mapping, body, headers, signed_id=signed_id)
    return Found(items=items, meanings=[hook_reading.meant(source.mapping, one) for one in items])


def take_found(
    database: Engine,
    source: HookSource,
    found: Found,
    received_at: datetime,
    understand: Understand,
) -> HookDelivery:
    """Store what a call says that is new, in one transaction with the note of it."""
    digests = [_digest(source.id, item.identity) for item in found.items]
    with one_transaction(database) as joined, Session(joined) as session:
        new = store.note_new(session, source.id, digests, seen_at=received_at)
        fresh = [
            (digest, meaning)
            for digest, meaning in zip(digests, found.meanings, strict=True)
            if digest in new
        ]
        told = [(digest, meaning) for digest, meaning in fresh if meaning is not None]
        delivery, reasons = _understood(session, source, told, received_at, understand)
        take_in(joined, [delivery])
        noted = _noted(found, len(fresh), len(told), delivery, reasons)
        store.add_delivery(session, source.id, noted)
    return noted


def _understood(
    session: Session,
    source: HookSource,
    told: Sequence[tuple[str, Meant]],
    received_at: datetime,
    understand: Understand,
) -> tuple[Delivery, list[str]]:
    known = hook_people.who(session, source.name, [meaning for _, meaning in told])
    messages = [
        message
        for (digest, meaning), person in zip(told, known.people, strict=True)
        for message in messages_of(meaning, person, digest, person in known.without_address)
    ]
    way = f"webhook {source.name}"
    delivery = understand(messages, received_at=received_at, source=way)
    calls = [*known.links, *delivery.calls]
    whole = Delivery(
        calls=calls, received_at=received_at, source=way, rejections=delivery.rejections
    )
    reasons = [NOBODY for one in known.people if not one]
    return whole, reasons + [one.reason for one in delivery.rejections]


def messages_of(
    meaning: Meant, person: str, event_id: str, is_without_address: bool
) -> list[dict[str, Any]]:
    """Write what an item means as messages of the Segment API; nothing of nobody."""
    if not person:
        return []
    traits = dict(meaning.traits)
    if is_without_address and hook_people.is_address(meaning.email):
        traits.setdefault("email", meaning.email)
    messages: list[dict[str, Any]] = []
    if traits:
        messages.append({"type": "identify", "userId": person, "traits": traits})
    if meaning.event:
        event: dict[str, Any] = {
            "type": "track",
            "userId": person,
            "event": meaning.event,
            "messageId": event_id,
            "properties": dict(meaning.properties),
        }
        messages.append({**event, "timestamp": meaning.at} if meaning.at else event)
    return messages


def _noted(
    found: Found, fresh_count: int, told_count: int, delivery: Delivery, reasons: Sequence[str]
) -> HookDelivery:
    topics = sorted({item.topic for item in found.items if item.topic})
    outcome, reason = HookOutcome.TAKEN, reasons[0] if reasons else ""
    if not found.items:
        outcome, reason = HookOutcome.IGNORED, "It says nothing: there is no item in it."
    elif not fresh_count:
        outcome, reason = HookOutcome.REPEATED, "It came before, and changed nothing."
    elif not told_count:
        named = topics[0] if topics else "this kind"
        outcome, reason = HookOutcome.IGNORED, f"No rule is for {named}."
    elif not delivery.calls:
        outcome, reason = HookOutcome.REFUSED, reason or "It says nothing that the rules ask for."
    return HookDelivery(
        received_at=delivery.received_at,
        outcome=outcome,
        reason=reason,
        topic=", ".join(topics)[:200],
        item_count=len(found.items),
        event_count=sum(isinstance(call, Event) for call in delivery.calls),
    )


def _check_organization(source: HookSource, call: HookCall) -> None:
    if source.preset is not Preset.SALESFORCE:
        return
    own = source.organization[:_ORGANIZATION_LENGTH]
    given = hook_reading.organization_of(call.body)[:_ORGANIZATION_LENGTH]
    if not hmac.compare_digest(own.encode(), given.encode()):
        raise NotGenuine("It comes from another organization than the one that was named.")


def _refused(call: HookCall, reason: str) -> HookDelivery:
    return HookDelivery(
        received_at=call.received_at,
        outcome=HookOutcome.REFUSED,
        reason=reason,
        topic="",
        item_count=0,
        event_count=0,
    )


def _ack(source: HookSource) -> HookAnswer:
    if source.preset is Preset.SALESFORCE:
        return HookAnswer(status=200, body=_ACK, media_type="text/xml")
    return HookAnswer(status=200, body='{"success": true}')


def _refusal(status: int, message: str) -> HookAnswer:
    return HookAnswer(status=status, body=json.dumps({"success": False, "message": message}))


def _digest(source_id: int, identity: str) -> str:
    return "hook-" + sha256(f"{source_id}:{identity}".encode()).hexdigest()[:32]
