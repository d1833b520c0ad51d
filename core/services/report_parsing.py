"""Reads reports of bounces and complaints: the messages of mail servers, and JSON of providers."""

import mailbox
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import Message
from email.utils import parsedate_to_datetime
from hashlib import sha256
from pathlib import Path

from core.domain.errors import UnusableInput
from core.domain.mail_reports import (
    MailReport,
    ReportKind,
    bounce_kind,
    telling_status,
)
from core.domain.values import JsonValue

LARGEST = 10_000_000  # bytes; a report that brings the whole message back may be large
_MOST_RECIPIENTS = 100
_ADDRESS = re.compile(r"[^\s<>;,\"]+@[^\s<>;,\"]+")
_ID = re.compile(r"<[^<>\s]{1,900}>")
_COMPLAINTS = frozenset({"abuse", "fraud", "virus"})


def reports_in_message(raw: bytes) -> list[MailReport]:
    """Read a delivery report (RFC 3464) or a complaint (RFC 5965); empty for any other message."""
    try:
        message = message_from_bytes(raw)
    except RecursionError:  # parts in parts without end, which no mail server sends
        return []
    if message.get_content_type() != "multipart/report" or not message.is_multipart():
        return []
    parts = [part for part in message.get_payload() if isinstance(part, Message)]
    content = sha256(raw).hexdigest()
    original = next((id_ for part in parts if (id_ := _original_id(part))), "")
    at = _date(_header(message, "Date"))
    found: list[MailReport] = []
    for part in parts:
        kind = part.get_content_type()
        if kind == "message/delivery-status":
            found += _bounces(part, content, original, at)
        elif kind == "message/feedback-report":
            found += _complaint(part, content, original, at)
    return found[:_MOST_RECIPIENTS]


def messages_in(path: Path) -> Iterator[bytes]:
    """Read the messages of a mailbox file (mbox), a Maildir, or a file that is one message.

    Raises UnusableInput where there is no such thing.
    """
    if path.is_dir():
        yield from _of_folder(path)
        return
    if not path.is_file():
        raise UnusableInput(f"{path} is no file; name a mailbox, a Maildir or a message.")
    with path.open("rb") as file:
        is_mailbox = file.read(5) == b"From "
    if not is_mailbox:
        yield _capped(path.read_bytes())
        return
    box = mailbox.mbox(path, create=False)
    try:
        for key in box.iterkeys():
            yield _capped(box.get_bytes(key))
    finally:
        box.close()


def report_in_json(said: Mapping[str, JsonValue]) -> MailReport:
    """Read a report as providers write it; raises UnusableInput for one that cannot be used.

    `type` is what happened, `address` whom it concerns, `message_id` our Message-ID; beside them
    `status`, `diagnostic` and `at`. Other spellings of these are understood.
    """
    # Where a provider says both, its type tells what kind of bounce the event is.
    kind_said = _text(said, "event", "type", "RecordType", "notificationType")
    status = telling_status(_text(said, "status", "code"), _text(said, *_REASONS))
    kind = _kind_said(kind_said, status, _text(said, *_SEVERITIES))
    message_id = _text(said, "message_id", "messageId", "MessageID", "message-id", "smtp-id")
    address = _text(said, "address", "email", "Email", "recipient", "Recipient")
    if not message_id and not _ADDRESS.fullmatch(address):
        raise UnusableInput("a report needs an address or our Message-ID, to say whose it is")
    at = _moment(said.get("at") or said.get("timestamp"))
    return MailReport(
        kind=kind,
        content="\n".join(("json", kind_said, message_id, address, str(at), status)),
        message_id=_in_brackets(message_id),
        address=address,
        at=at,
        status=status,
        diagnostic=_text(said, *_REASONS),
    )


_REASONS = ("diagnostic", "reason", "description", "Description", "response")
_SEVERITIES = ("bounce_type", "bounceType", "severity", "Type", "type")
_FOR_GOOD = frozenset(
    {"bounce", "bounced", "hardbounce", "hard", "permanent", "failed", "dropped", "bademailaddress"}
)
_SURELY_FOR_GOOD = frozenset({"hardbounce", "hard", "permanent"})
# Somebody's mailbox, or its owner, answered: the e-mail arrived.
_ANSWERED = frozenset({"autoresponder", "challengeverification", "subscribe", "addresschange"})
_FOR_NOW = frozenset(
    {"softbounce", "soft", "transient", "temporary", "undetermined", "blocked", "dnserror"}
)
_DELAYED = frozenset({"deferred", "delayed", "deliverydelay"})
_SPAM = frozenset({"complaint", "complained", "spam", "spamcomplaint", "spamreport", "abuse"})
_ARRIVED = frozenset({"delivered", "delivery"})


def _kind_said(said: str, status: str, severity: str) -> ReportKind:
    word, how = _bare(said), _bare(severity)
    if word in _SPAM:
        return ReportKind.COMPLAINT
    if word in _ARRIVED:
        return ReportKind.DELIVERED
    if word in _DELAYED:
        return ReportKind.DELAYED
    if word in _FOR_NOW or how in _FOR_NOW:
        return ReportKind.SOFT
    if word in _FOR_GOOD and how in _ANSWERED:
        return ReportKind.DELIVERED
    if word in _FOR_GOOD:
        # What a provider calls neither: nobody is written off for a word that we do not know.
        is_known = not how or how in _FOR_GOOD or word in _SURELY_FOR_GOOD
        return bounce_kind(status) if is_known else ReportKind.SOFT
    raise UnusableInput(
        f"the type {said[:40]!r} is not known; it is bounce, soft_bounce, complaint or delivered"
    )


def _bare(word: str) -> str:
    return re.sub(r"[^a-z]", "", word.lower())


def _of_folder(path: Path) -> Iterator[bytes]:
    if (path / "cur").is_dir() or (path / "new").is_dir():
        files = [file for part in ("new", "cur") for file in sorted((path / part).glob("*"))]
    else:
        files = sorted(path.glob("*.eml"))
    if not files and not (path / "cur").is_dir():
        raise UnusableInput(f"{path} is no Maildir and holds no .eml files.")
    for file in files:
        if file.is_file():
            yield _capped(file.read_bytes())


def _capped(raw: bytes) -> bytes:
    return raw[:LARGEST]


def _bounces(part: Message, content: str, original: str, at: datetime | None) -> list[MailReport]:
    """Read the recipients of a delivery report, each a block of fields behind the first."""
    payload = part.get_payload()
    blocks = [block for block in payload if isinstance(block, Message)] if payload else []
    found = []
    for number, block in enumerate(blocks):
        action = _header(block, "Action").strip().lower()
        if not action and not _header(block, "Final-Recipient"):
            continue
        diagnostic = _header(block, "Diagnostic-Code")
        status = telling_status(_header(block, "Status"), diagnostic)
        found.append(
            MailReport(
                kind=_kind_of(action, status),
                content=f"{content}.{number}",
                message_id=original,
                address=_recipient(block),
                at=_date(_header(block, "Last-Attempt-Date")) or at,
                status=status,
                diagnostic=diagnostic.partition(";")[2].strip() or diagnostic,
            )
        )
    return found


def _kind_of(action: str, status: str) -> ReportKind:
    if action == "failed":
        return bounce_kind(status)
    return ReportKind.DELAYED if action in ("delayed", "") else ReportKind.DELIVERED


def _complaint(part: Message, content: str, original: str, at: datetime | None) -> list[MailReport]:
    fields = _fields(part)
    if fields is None or _header(fields, "Feedback-Type").strip().lower() not in _COMPLAINTS:
        return []  # such as not-spam
    address = _ADDRESS.search(_header(fields, "Original-Rcpt-To"))
    return [
        MailReport(
            kind=ReportKind.COMPLAINT,
            content=content,
            message_id=original,
            address="" if address is None else address[0],
            # The date of arrival, which it also has, is that of our e-mail.
            at=at,
            diagnostic=_header(fields, "Feedback-Type"),
        )
    ]


def _recipient(block: Message) -> str:
    """Give the address we wrote to, else the one it was led on to."""
    for name in ("Original-Recipient", "Final-Recipient"):
        found = _ADDRESS.search(_header(block, name).partition(";")[2])
        if found is not None:
            return found[0]
    return ""


def _original_id(part: Message) -> str:
    """Read the Message-ID of what came back: the message, or its headers alone."""
    kind = part.get_content_type()
    if kind not in ("message/rfc822", "text/rfc822-headers", "message/rfc822-headers"):
        return ""
    fields = _fields(part)
    found = None if fields is None else _ID.search(_header(fields, "Message-ID"))
    return "" if found is None else found[0]


def _fields(part: Message) -> Message | None:
    """Give the fields in a part, whether it was read as a message of its own or as text."""
    payload = part.get_payload()
    if isinstance(payload, list):
        return next((inner for inner in payload if isinstance(inner, Message)), None)
    raw = part.get_payload(decode=True)
    return message_from_bytes(raw.lstrip()) if isinstance(raw, bytes) else None


def _header(message: Message, name: str) -> str:
    return " ".join(str(message.get(name, "")).split())


def _date(text: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(text)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _moment(value: JsonValue) -> datetime | None:
    """Read an instant: ISO text, or seconds or milliseconds since 1970."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1000 if value > 1e11 else value, UTC)
        at = datetime.fromisoformat(str(value))
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _text(said: Mapping[str, JsonValue], *names: str) -> str:
    for name in names:
        value = said.get(name)
        if isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip():
            return str(value).strip()
    return ""


def _in_brackets(message_id: str) -> str:
    return message_id if not message_id or message_id.startswith("<") else f"<{message_id}>"
