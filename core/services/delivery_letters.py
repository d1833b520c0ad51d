"""Letters of composed e-mails: who sends, to whom, under which id, signed by DKIM."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from core.domain.errors import CampaignError, UnusableInput
from core.live.delivery.dkim import signed_message
from core.live.delivery.identities import key_of_message_id, message_id
from core.live.delivery.letters import Composed, Composer, Composition, Letter, NotComposed
from core.rendering.mime import Mailbox, as_message
from core.services.delivering import Readied
from core.store import live_outbox
from core.store.live_outbox import OutboxMessage

logger = logging.getLogger(__name__)

SANDBOX_PREFIX = "[Sandbox] "
SANDBOX_HEADER = "X-Rehearsal-Sandbox"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A claimed message with its letter; `address` is the person's when it was claimed."""

    message: OutboxMessage
    letter: Letter
    address: str


def composed_each(
    composer: Composer, messages: Sequence[OutboxMessage], now: datetime
) -> list[Composition]:
    """Make e-mails; where that fails, halve the messages until those that fail stand alone.

    Else one person's data would keep everybody's e-mails from leaving, in each pass anew. What
    fails for all of them alike, the database or the renderer, is raised.
    """
    try:
        return list(composer.compose_many(messages, now))
    except (SQLAlchemyError, CampaignError, OSError):
        raise
    except Exception as error:
        if len(messages) == 1:
            logger.exception("an e-mail could not be made", extra={"message_id": messages[0].id})
            said = f"this person's data broke the making of the e-mail ({type(error).__name__})"
            return [NotComposed(message=said)]
    half = len(messages) // 2
    parts = (messages[:half], messages[half:])
    return [made for part in parts for made in composed_each(composer, part, now)]


def letter_of(
    message: OutboxMessage, composed: Composed, readied: Readied, secret: bytes, now: datetime
) -> Letter:
    """Write a message for the wire; that of a sandbox goes to the seed list alone.

    Raises UnusableInput where an address cannot stand in a message.
    """
    seeds = readied.settings.seed_addresses if message.is_sandbox else ()
    if message.is_sandbox and not seeds:
        # Whatever claimed it: what a sandbox decides never goes to the person themselves.
        raise UnusableInput("This is of a sandbox, and there is no seed list to send it to.")
    recipients = seeds or (composed.recipient.address,)
    to = Mailbox(address=seeds[0]) if seeds else composed.recipient
    sender, settings = readied.sender, readied.settings
    envelope = on_the_wire(sender.address)
    content = as_message(
        composed.rendered,
        sender=sender,
        recipient=to,
        message_id=message_id(message.key, secret, envelope.rpartition("@")[2]),
        sent_at=now,
        unsubscribe_url=composed.unsubscribe_url,
        unsubscribe_mail=composed.unsubscribe_mail,
        reply_to=Mailbox(address=settings.reply_to) if settings.reply_to else None,
        subject_prefix=SANDBOX_PREFIX if message.is_sandbox else "",
        headers={**composed.headers, SANDBOX_HEADER: "yes"} if seeds else composed.headers,
    )
    if readied.key is not None:
        content = signed_message(
            content,
            readied.key,
            settings.dkim_domain,
            settings.dkim_selector,
            int(now.timestamp()),
        )
    return Letter(
        key=message.key,
        sender=on_the_wire(settings.bounce_address or sender.address),
        recipients=_all_on_the_wire(recipients),
        content=content,
    )


def message_of_id(session: Session, text: str, secret: bytes) -> OutboxMessage | None:
    """Give the message that a Message-ID names; None for one that is not ours."""
    key = key_of_message_id(text, secret)
    found = [] if key is None else live_outbox.messages(session, {"key": key}, None, 1)
    return found[0] if found else None


def on_the_wire(address: str) -> str:
    """Write an address as servers take it: the name of its domain in ASCII."""
    local, _, domain = address.strip().rpartition("@")
    try:
        return f"{local}@{domain.encode('idna').decode('ascii')}"
    except UnicodeError as error:
        raise UnusableInput(f"{address[:80]!r} is no e-mail address; check its domain") from error


def as_on_the_wire(address: str) -> str:
    """Write an address as it goes on the wire, in lower case; one that cannot stays as it is."""
    try:
        return on_the_wire(address).lower()
    except UnusableInput:
        return address.strip().lower()


def _all_on_the_wire(addresses: Sequence[str]) -> tuple[str, ...]:
    return tuple(on_the_wire(address) for address in addresses)
