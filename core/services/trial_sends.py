"""Sends one e-mail to somebody who wants to see it in their own mailbox; no statistic counts it."""

import hashlib
import smtplib
import ssl
from datetime import datetime
from email.utils import parseaddr

from core.domain.errors import CampaignError, UnusableInput
from core.domain.mail_servers import Encryption, MailServer
from core.rendering.emails import RenderedEmail
from core.rendering.mime import Mailbox, as_message

SUBJECT_PREFIX = "[Test] "
# What counts opens, clicks, bounces or replies leaves out messages with this header.
TEST_HEADER = "X-Rehearsal-Test"
SECONDS = 15.0


def send_test(
    server: MailServer | None,
    sender: str,
    rendered: RenderedEmail,
    recipient: str,
    *,
    sent_at: datetime,
    unsubscribe_url: str,
    seconds: float = SECONDS,
) -> None:
    """Send a rendered e-mail to an address, with `[Test]` in front of its subject.

    `sender` is an address, or a name and an address in angle brackets. Raises UnusableInput where
    a setting or an address is missing or wrong, CampaignError where the server did not take it.
    """
    if server is None:
        raise UnusableInput(
            "There is no mail server yet; set REHEARSAL_SMTP_URL to smtp://USER:PASSWORD@HOST:587."
        )
    own = _mailbox(sender)
    message = as_message(
        rendered,
        sender=own,
        recipient=Mailbox(address=recipient.strip()),
        message_id=_message_id(rendered, recipient, own, sent_at),
        sent_at=sent_at,
        unsubscribe_url=unsubscribe_url,
        subject_prefix=SUBJECT_PREFIX,
        headers={TEST_HEADER: "yes"},
    )
    _deliver(server, _on_the_wire(own.address), _on_the_wire(recipient), message, seconds)


def _mailbox(sender: str) -> Mailbox:
    name, address = parseaddr(sender)
    if not address:
        raise UnusableInput(
            "There is no sender yet; set REHEARSAL_SENDER to an address of yours, such as "
            "Fellgrove <hello@example.com>."
        )
    return Mailbox(address=address, name=name)


def _message_id(rendered: RenderedEmail, recipient: str, sender: Mailbox, sent_at: datetime) -> str:
    said = f"{recipient}\n{sent_at.isoformat()}\n{rendered.subject}\n{rendered.html}"
    domain = _on_the_wire(sender.address).rpartition("@")[2]
    return f"<test.{hashlib.sha256(said.encode()).hexdigest()[:32]}@{domain}>"


def _on_the_wire(address: str) -> str:
    """Write an address as servers take it: the name of its domain in ASCII."""
    local, _, domain = address.strip().rpartition("@")
    try:
        return f"{local}@{domain.encode('idna').decode('ascii')}"
    except UnicodeError as error:
        raise UnusableInput(f"{address[:80]!r} is no e-mail address; check its domain") from error


def _deliver(
    server: MailServer, sender: str, recipient: str, message: bytes, seconds: float
) -> None:
    place = f"the mail server {server.host}:{server.port}"
    try:
        with _connected(server, seconds) as connection:
            if server.user:
                connection.login(server.user, server.password)
            connection.sendmail(sender, [recipient], message)
    except (smtplib.SMTPException, OSError, UnicodeError) as error:
        raise CampaignError(f"The test was not sent: {_reason(error, place, recipient)}") from error


def _connected(server: MailServer, seconds: float) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if server.encryption is Encryption.OFFERED:
        # This very machine: nobody stands between, and its certificate names another host.
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if server.encryption is Encryption.TLS:
        return smtplib.SMTP_SSL(server.host, server.port, timeout=seconds, context=context)
    connection = smtplib.SMTP(server.host, server.port, timeout=seconds)
    try:
        connection.ehlo_or_helo_if_needed()
        is_offered = connection.has_extn("starttls")
        is_wanted = server.encryption is Encryption.STARTTLS
        if is_wanted or (is_offered and server.encryption is Encryption.OFFERED):
            connection.starttls(context=context)
    except (smtplib.SMTPException, OSError):
        connection.close()
        raise
    return connection


def _reason(error: Exception, place: str, recipient: str) -> str:
    """Say in one sentence what went wrong and what to look at."""
    match error:
        case smtplib.SMTPAuthenticationError():
            return f"{place} refused the user or password; check REHEARSAL_SMTP_URL."
        case smtplib.SMTPRecipientsRefused():
            answer = _answer(*next(iter(error.recipients.values())))
            return f"{place} refused the address {recipient} ({answer})."
        case smtplib.SMTPSenderRefused():
            answer = _answer(error.smtp_code, error.smtp_error)
            return f"{place} refused the sender ({answer}); check REHEARSAL_SENDER."
        case smtplib.SMTPResponseException():
            return f"{place} refused it ({_answer(error.smtp_code, error.smtp_error)})."
        case UnicodeError():
            return f"{place} takes no user or password with such letters; use another password."
        case _:
            return _reason_of_connection(error, place)


def _reason_of_connection(error: Exception, place: str) -> str:
    # smtplib hides a time-out behind an exception of its own.
    if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
        return f"{place} did not answer in time; check host and port, or a firewall."
    match error:
        case smtplib.SMTPNotSupportedError():
            return (
                f"{place} does not offer what is needed ({error}); use another port, smtps://, or "
                "?encryption=none in REHEARSAL_SMTP_URL."
            )
        case smtplib.SMTPServerDisconnected():
            return f"{place} hung up ({error}); check port and encryption in REHEARSAL_SMTP_URL."
        case ssl.SSLCertVerificationError():
            return f"{place} has a certificate that cannot be trusted ({error.verify_message})."
        case ssl.SSLError():
            return f"{place} does not speak TLS on this port; check REHEARSAL_SMTP_URL."
        case _:
            reason = getattr(error, "strerror", None) or error
            return f"{place} cannot be reached ({reason}); check REHEARSAL_SMTP_URL."


def _answer(code: int, said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return f"{code} {' '.join(text.split())}"[:200]
