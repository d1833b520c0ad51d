"""Reports as mail servers write them."""

from email.utils import format_datetime

from core.live.delivery.identities import message_id
from tests.api.mailing import SENT, Mailing

DOMAIN = "shop.example"


def id_of(mailing: Mailing) -> str:
    """Give the Message-ID with which ann's message left."""
    return message_id(mailing.message.key, mailing.links.key, DOMAIN)


def delivery_report(
    original: str,
    *,
    status: str = "5.1.1",
    action: str = "failed",
    address: str = "ann@example.org",
    returned: str = "message/rfc822",
) -> bytes:
    """Write a delivery report (RFC 3464); `returned` says how the message comes back."""
    parts = [
        "Content-Type: text/plain\n\nThis is the mail system. I could not deliver your message.\n",
        "Content-Type: message/delivery-status\n\n"
        "Reporting-MTA: dns; mx.example.org\n"
        f"Arrival-Date: {format_datetime(SENT)}\n\n"
        f"Original-Recipient: rfc822;{address}\n"
        f"Final-Recipient: rfc822; elsewhere@mx.example.org\n"
        f"Action: {action}\nStatus: {status}\n"
        f"Diagnostic-Code: smtp; 550 {status} <{address}>: User\n unknown\n",
    ]
    fields = f"From: shop@{DOMAIN}\nTo: {address}\nSubject: Your cart\nMessage-ID: {original}\n"
    if returned:
        rest = "" if "headers" in returned else "\nStill there.\n"
        parts.append(f"Content-Type: {returned}\n\n{fields}{rest}")
    return _report("delivery-status", parts)


def complaint(original: str, kind: str = "abuse") -> bytes:
    """Write a complaint (RFC 5965)."""
    return _report(
        "feedback-report",
        [
            "Content-Type: text/plain\n\nThis is a complaint of one of our users.\n",
            "Content-Type: message/feedback-report\n\n"
            f"Feedback-Type: {kind}\nUser-Agent: Example/1\nVersion: 1\n"
            "Original-Rcpt-To: <ann@example.org>\n",
            f"Content-Type: text/rfc822-headers\n\nMessage-ID: {original}\nSubject: Your cart\n",
        ],
    )


def _report(kind: str, parts: list[str]) -> bytes:
    head = (
        "From: MAILER-DAEMON@mx.example.org\nTo: bounces@shop.example\nSubject: Undelivered\n"
        f"Date: {format_datetime(SENT)}\nMIME-Version: 1.0\n"
        f'Content-Type: multipart/report; report-type={kind}; boundary="b"\n\n'
    )
    return (head + "".join(f"--b\n{part}\n" for part in parts) + "--b--\n").encode()
