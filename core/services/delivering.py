"""Whether e-mails may leave, by which way, and what is missing: what pages ask about delivery."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parseaddr
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from sqlalchemy import Engine

from core.domain.errors import UnusableInput
from core.domain.instants import as_microseconds, iso
from core.domain.mail_servers import MailServer
from core.live.delivery import dkim
from core.live.delivery.reasons import DeliveryReason
from core.live.delivery.smtp import Connection
from core.rendering.mime import Mailbox
from core.services.company import Company, company
from core.services.delivery_settings import DeliverySettings, delivery_settings, is_mailbox
from core.store.app_settings import keep_setting, setting
from core.store.database import reading, writing

TROUBLE = "delivery_trouble"  # the setting that holds what the mail server said last

REASON_WORDS: Mapping[str, str] = MappingProxyType(
    {
        DeliveryReason.FOLDER: "written into the folder of e-mails, as no mail server is set",
        DeliveryReason.TEMPLATE: "the e-mail could not be made for this person",
        DeliveryReason.ADDRESS: "the address cannot be written to",
        DeliveryReason.BOUNCED: "the recipient's server refused it for good",
        DeliveryReason.REFUSED: "your mail server refused this e-mail for good",
        DeliveryReason.DEFERRED: "the server did not take it yet; it is tried again by itself",
        DeliveryReason.SENDER_REFUSED: "your mail server does not let this sender send",
        DeliveryReason.LIMIT: "waits for its turn, because of your limits",
        DeliveryReason.NO_REPLY: (
            "the connection was lost before the server answered: it may have arrived, so it is "
            "not sent again"
        ),
        DeliveryReason.SENDER_GONE: (
            "the program ended while it was being sent: it may have arrived, so it is not sent "
            "again"
        ),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """What the environment says of delivery; `folder` takes the e-mails if no server does.

    `sender` counts where the marketer set none.
    """

    server: MailServer | None
    sender: str
    folder: Path
    dkim_key: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """Whether e-mails may leave; each of `missing` is a sentence that says how to mend it.

    `trouble` is what the mail server said last where it takes nothing at present.
    """

    is_ready: bool
    how: Literal["smtp", "folder"]
    missing: Sequence[str]
    folder: Path
    trouble: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Readied:
    """All that a letter needs beside its content; None for DKIM is no signature."""

    settings: DeliverySettings
    sender: Mailbox
    key: dkim.DkimKey | None = field(default=None, repr=False)


def readiness(database: Engine, outgoing: Outgoing) -> Readiness:
    """Say whether e-mails may leave now, by which way, and what is missing."""
    missing = _missing(company(database), delivery_settings(database), outgoing)
    return Readiness(
        is_ready=not missing,
        how="folder" if outgoing.server is None else "smtp",
        missing=missing,
        folder=outgoing.folder,
        trouble=_trouble(database),
    )


def readied(database: Engine, outgoing: Outgoing) -> Readied | None:
    """Give what letters need; None while anything is missing (see `readiness`)."""
    own, settings = company(database), delivery_settings(database)
    if _missing(own, settings, outgoing):
        return None
    name, address = parseaddr(own.sender or outgoing.sender)
    return Readied(
        settings=settings,
        sender=Mailbox(address=address, name=name),
        key=dkim_key(outgoing) if settings.dkim_domain else None,
    )


def dkim_key(outgoing: Outgoing) -> dkim.DkimKey | None:
    """Read the key that signs, if one is named; raises UnusableInput where it cannot be used."""
    return None if outgoing.dkim_key is None else dkim.read_key(outgoing.dkim_key)


def dns_record(settings: DeliverySettings, outgoing: Outgoing) -> tuple[str, str] | None:
    """Give name and text of the DNS record that proves the signatures; None without DKIM.

    Raises UnusableInput where the key cannot be used.
    """
    key = dkim_key(outgoing)
    if key is None or not settings.dkim_domain:
        return None
    name = dkim.record_name(settings.dkim_domain, settings.dkim_selector)
    return name, dkim.record_text(key)


def try_connection(server: MailServer, *, seconds: float = 15.0) -> None:
    """Connect to the mail server, sign in and leave; no e-mail is sent.

    Raises NoServer (a CampaignError) with the reason in one sentence.
    """
    Connection(server, seconds).leave()


def note_trouble(database: Engine, trouble: str, *, at: datetime) -> None:
    """Keep what keeps e-mails from leaving, for the pages; empty once they leave again."""
    if _trouble(database) == trouble:
        return
    with writing(database) as session:
        kept = {"said": trouble, "since": iso(as_microseconds(at))}
        keep_setting(session, TROUBLE, kept, changed_at=at)


def _trouble(database: Engine) -> str:
    with reading(database) as session:
        kept = setting(session, TROUBLE)
    return str(kept.get("said") or "") if isinstance(kept, Mapping) else ""


def _missing(own: Company, settings: DeliverySettings, outgoing: Outgoing) -> list[str]:
    missing = []
    if not own.is_set:
        missing.append(
            "E-mails show your company's name, postal address, shop and cart address, and not all "
            "of them are set; fill them in on the page Settings under “Your company”."
        )
    sender = parseaddr(own.sender or outgoing.sender)[1]
    if not sender:
        missing.append(
            "E-mails need a sender's address; set it on the page Settings under “Who e-mails come "
            "from”."
        )
    elif not is_mailbox(sender):
        missing.append(
            f"The sender's address {sender[:80]!r} is none that every server takes; write it as "
            "hello@example.com on the page Settings under “Who e-mails come from”."
        )
    if outgoing.server is not None and not settings.public_url:
        missing.append(
            "Links in e-mails, also the one to unsubscribe, need the address at which everybody "
            "reaches this server; set the public address on the page Settings under “How e-mails "
            "leave”."
        )
    return missing + _missing_for_dkim(settings, outgoing)


def _missing_for_dkim(settings: DeliverySettings, outgoing: Outgoing) -> list[str]:
    """Say what keeps e-mails from being signed that are meant to be."""
    if not settings.dkim_domain:
        return []
    try:
        key = dkim_key(outgoing)
    except UnusableInput as error:
        return [str(error)]
    if key is not None:
        return []
    return [
        f"E-mails are to be signed for {settings.dkim_domain}, but there is no key; start "
        "Rehearsal with REHEARSAL_DKIM_KEY set to the file of your private key, or empty the DKIM "
        "fields on the page Settings."
    ]
