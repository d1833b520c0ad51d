"""Bounces and complaints: whose message it was, and whether the address gets anything any more."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from core.domain.consents import MARKETING_NAME, ConsentSource, ConsentState
from core.domain.durations import to_microseconds
from core.domain.instants import as_microseconds, from_microseconds
from core.domain.mail_events import MailEvent
from core.domain.mail_reports import MailReport, ReportKind, ReportOutcome
from core.domain.values import JsonValue
from core.live.delivery.identities import key_of_message_id
from core.live.outcome_events import note_outcomes
from core.services.consents import record_consent
from core.services.delivery_letters import as_on_the_wire
from core.services.signing import signing_key
from core.services.tracking import outcome_of
from core.store import live_launches, live_people, mail_reports, person_links, tracking
from core.store.address_holders import holders_of
from core.store.database import reading, writing
from core.store.live_outbox import OutboxMessage
from core.store.mail_reports import StoredReport
from core.store.personal_rows import ERASED

# In a row, without an opening or a click in between.
MOST_SOFT = 5
HARD, SOFT, COMPLAINT = "bounce", "soft_bounces", "complaint"  # reasons of suppressions
# Without our id only a message that was sent not longer ago can be meant.
_RECENT = timedelta(days=7)
_LONGEST_TEXT = 500
_AT_ONCE = 100


def take_reports(
    database: Engine,
    reports: Sequence[MailReport],
    *,
    source: str,
    now: datetime,
    is_trusted: bool = False,
) -> Mapping[ReportOutcome, int]:
    """Take reports, each once, and count what came of the new ones.

    A report names its message by our Message-ID, which nobody else can make. A source that is
    trusted may name it by the address alone. What names no message of ours is listed and changes
    nothing.
    """
    secret = signing_key(database, now)
    counts: Counter[ReportOutcome] = Counter()
    for start in range(0, len(reports), _AT_ONCE):
        with writing(database) as session:
            # Before any row: who unsubscribes takes them in this order too.
            person_links.begin(session, links=True)
            for report in reports[start : start + _AT_ONCE]:
                outcome = _take(session, report, secret, source, now, is_trusted=is_trusted)
                if outcome is not None:
                    counts[outcome] += 1
    return counts


def latest_reports(database: Engine, limit: int = 100) -> list[StoredReport]:
    """List the reports taken last, also those that named no message of ours."""
    with reading(database) as session:
        return mail_reports.latest_reports(session, limit)


def note_bounce(
    session: Session,
    message: OutboxMessage,
    *,
    is_hard: bool,
    status: str,
    diagnostic: str,
    at: int,
    now: int,
    source: str = "smtp",
) -> None:
    """Note in the caller's transaction that an address does not take a message (times in µs).

    For good, or at the last of too many bounces in a row, it gets nothing any more: then it is an
    event, and only then, because an address that bounced gets nothing for good (SEMANTICS 5.5).
    """
    address = _address_of(session, message)
    if not is_hard:
        count = 0 if not address else mail_reports.count_soft(session, address, now)
        if count < MOST_SOFT:
            return
    details: dict[str, JsonValue] = {
        "kind": "hard" if is_hard else "soft",
        "status": status,
        "reply": diagnostic[:_LONGEST_TEXT],
    }
    _note(session, message, MailEvent.BOUNCED, at=at, now=now, details=details)
    _suppress(session, address, HARD if is_hard else SOFT, source, now)


def _take(
    session: Session,
    report: MailReport,
    secret: bytes,
    source: str,
    now: datetime,
    *,
    is_trusted: bool,
) -> ReportOutcome | None:
    """Take a report; None for one that was taken before."""
    message = _message_of(session, report, secret, now, is_trusted=is_trusted)
    at = as_microseconds(min(report.at or now, now))
    outcome = _outcome_of(report.kind, message)
    is_erased = message is None and _is_erased(session, report.address)
    stored = StoredReport(
        digest=_digest(report, message),
        source=source,
        kind=report.kind,
        outcome=outcome,
        address="" if is_erased else _tidy(report.address),
        message_key=None if message is None else message.key,
        user_id=None if message is None else message.user_id,
        status=_tidy(report.status),
        diagnostic="" if is_erased else _tidy(report.diagnostic),
        at=at,
        received_at=as_microseconds(now),
    )
    if not mail_reports.add_report(session, stored):
        return None
    if message is not None and outcome is not ReportOutcome.TEST:
        _carry_out(session, report, message, source, at=at, now=as_microseconds(now))
    return outcome


def _is_erased(session: Session, address: str) -> bool:
    """Say whether a report, which may come days later, would write down again who was erased."""
    return bool(address) and live_people.suppression_reason(session, address) == ERASED


def _outcome_of(kind: ReportKind, message: OutboxMessage | None) -> ReportOutcome:
    if message is None:
        return ReportOutcome.UNKNOWN
    if message.is_sandbox:
        return ReportOutcome.TEST
    return _OUTCOMES[kind]


_OUTCOMES = {
    ReportKind.HARD: ReportOutcome.BOUNCED,
    ReportKind.SOFT: ReportOutcome.COUNTED,
    ReportKind.DELAYED: ReportOutcome.WAITS,
    ReportKind.COMPLAINT: ReportOutcome.COMPLAINED,
    ReportKind.DELIVERED: ReportOutcome.REACHED,
}


def _carry_out(
    session: Session, report: MailReport, message: OutboxMessage, source: str, *, at: int, now: int
) -> None:
    if report.kind in (ReportKind.HARD, ReportKind.SOFT):
        note_bounce(
            session,
            message,
            is_hard=report.kind is ReportKind.HARD,
            status=_tidy(report.status),
            diagnostic=_tidy(report.diagnostic),
            at=at,
            now=now,
            source=source,
        )
    elif report.kind is ReportKind.COMPLAINT:
        _complain(session, message, source, at=at, now=now)
    elif report.kind is ReportKind.DELIVERED:
        mail_reports.reached(session, [_address_of(session, message)])
        _note(session, message, MailEvent.DELIVERED, at=at, now=now)


def _complain(session: Session, message: OutboxMessage, source: str, *, at: int, now: int) -> None:
    """Who calls it spam gets nothing any more, neither at this address nor at another."""
    _note(session, message, MailEvent.COMPLAINED, at=at, now=now)
    _suppress(session, _address_of(session, message), COMPLAINT, source, now)
    if live_people.profiles_of(session, [message.user_id]):
        record_consent(
            session,
            message.user_id,
            MARKETING_NAME,
            ConsentState.WITHDRAWN,
            at=from_microseconds(now),
            source=ConsentSource.COMPLAINT,
            evidence=f"complaint about the message {message.key}",
        )


def _note(
    session: Session,
    message: OutboxMessage,
    event: MailEvent,
    *,
    at: int,
    now: int,
    details: Mapping[str, JsonValue] | None = None,
) -> None:
    names = {launch.id: launch.name for launch in live_launches.stored_launches(session)}
    outcome = outcome_of(message, event, names[message.launch_id], at=at, details=details)
    note_outcomes(session, [outcome], now=now)


def _suppress(session: Session, address: str, reason: str, source: str, at: int) -> None:
    if address:
        live_people.suppress(session, [address], reason=reason, source=source, at=at)


def _address_of(session: Session, message: OutboxMessage) -> str:
    """Give the address a message went to, or (of one that left nobody's hands) its person's.

    Written as their profile has it, by which sends ask: on the wire a domain is in ASCII.
    """
    profile = live_people.profiles_of(session, [message.user_id]).get(message.user_id)
    own = "" if profile is None else (profile.email or "").strip()
    sent_to = message.address or ""
    if not sent_to or "," in sent_to or as_on_the_wire(own) == as_on_the_wire(sent_to):
        return own
    return sent_to


def _message_of(
    session: Session, report: MailReport, secret: bytes, now: datetime, *, is_trusted: bool
) -> OutboxMessage | None:
    key = key_of_message_id(report.message_id, secret) if report.message_id else None
    if key is not None:
        return tracking.messages_by_key(session, [key]).get(key)
    if not is_trusted or not report.address:
        return None
    since = as_microseconds(now) - to_microseconds(_RECENT)
    holders = {user for users in holders_of(session, [report.address]).values() for user in users}
    return tracking.last_sent_to(session, holders, report.address, since)


def _digest(report: MailReport, message: OutboxMessage | None) -> str:
    """Name a report: a message bounces once, and is complained of once, whoever tells it."""
    said = report.content if message is None else f"{report.kind}\n{message.key}"
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()


def _tidy(text: str) -> str:
    """Write what a stranger said so that every database and page can hold it."""
    plain = "".join(sign if sign.isprintable() else " " for sign in text)
    return " ".join(plain.split())[:_LONGEST_TEXT]
