"""Makes a message for the wire of a rendered e-mail: headers that stay whole, two parts of text."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

from core.domain.errors import UnusableInput
from core.rendering.emails import RenderedEmail
from core.rendering.header_text import (
    address_header,
    header_text,
    text_header,
    verbatim_header,
)
from core.rendering.transfer import encoded_part

LONGEST_LINE = 998  # bytes, RFC 5322
LONGEST_NAME = 120

_ADDRESS = re.compile(r"[!#-'*+\-/-9=?A-Z^-~]+(?:\.[!#-'*+\-/-9=?A-Z^-~]+)*@[A-Za-z0-9.-]+")
_LONGEST_ADDRESS = 254
_ID = re.compile(r"<[!-;=?-~]+@[!-;=?-~]+>")
_URL = re.compile(r"(?:https?://|mailto:)[!-;=?-~]+")
_HEADER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """An address with the name of who is behind it."""

    address: str
    name: str = ""


def as_message(
    rendered: RenderedEmail,
    *,
    sender: Mailbox,
    recipient: Mailbox,
    message_id: str,
    sent_at: datetime,
    unsubscribe_url: str,
    unsubscribe_mail: str | None = None,
    reply_to: Mailbox | None = None,
    subject_prefix: str = "",
    headers: Mapping[str, str] | None = None,
) -> bytes:
    """Write the message with its HTML and text parts; the same input gives the same bytes.

    Raises UnusableInput if an address, the message id or a header cannot stand in a message.
    """
    lines = [
        _address_header("From", sender),
        _address_header("To", recipient),
        _address_header("Reply-To", reply_to) if reply_to is not None else "",
        text_header("Subject", header_text(subject_prefix + rendered.subject)),
        verbatim_header("Date", format_datetime(sent_at)),
        verbatim_header("Message-ID", _matching(message_id, _ID, "message id", "<a@example.com>")),
        verbatim_header("List-Unsubscribe", *_unsubscribe(unsubscribe_url, unsubscribe_mail)),
        verbatim_header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
    ]
    for name, value in (headers or {}).items():
        checked = _matching(name, _HEADER_NAME, "name of a header", "X-Campaign")
        lines.append(text_header(checked, header_text(value)))
    # "=" is never followed by "_", nor in base64 by anything, so no text can hold the boundary.
    boundary = f"=_{hashlib.sha256(message_id.encode()).hexdigest()[:32]}"
    lines.append("MIME-Version: 1.0\r\nContent-Type: multipart/alternative;\r\n")
    lines.append(f' boundary="{boundary}"\r\n\r\n')
    return "".join(lines).encode("ascii") + _body(rendered, boundary.encode("ascii"))


def _body(rendered: RenderedEmail, boundary: bytes) -> bytes:
    parts = ((b"plain", rendered.text), (b"html", rendered.html))
    written = [
        b'--%b\r\nContent-Type: text/%b; charset="utf-8"\r\n'
        b"Content-Transfer-Encoding: %b\r\n\r\n%b\r\n" % (boundary, kind, *encoded_part(text))
        for kind, text in parts
    ]
    return b"%b--%b--\r\n" % (b"".join(written), boundary)


def _address_header(name: str, mailbox: Mailbox) -> str:
    address = mailbox.address.strip()
    local, _, domain = address.rpartition("@")
    try:
        written = f"{local}@{domain.encode('idna').decode('ascii')}"
    except UnicodeError as error:
        raise _unusable(address) from error
    if len(written) > _LONGEST_ADDRESS or not _ADDRESS.fullmatch(written):
        raise _unusable(address)
    return address_header(name, written, header_text(mailbox.name)[:LONGEST_NAME].strip())


def _unusable(address: str) -> UnusableInput:
    return UnusableInput(
        f"{address[:80]!r} is no e-mail address that can be written to; it needs the form "
        "name@example.com"
    )


def _unsubscribe(url: str, mail: str | None) -> list[str]:
    words = [url] if mail is None else [url, f"mailto:{mail.removeprefix('mailto:')}"]
    checked = [_matching(word, _URL, "unsubscribe address", "https://…") for word in words]
    return [f"<{word}>{',' if word != checked[-1] else ''}" for word in checked]


def _matching(text: str, form: re.Pattern[str], what: str, example: str) -> str:
    if not form.fullmatch(text) or len(text) > LONGEST_LINE - 30:
        raise UnusableInput(f"{text[:80]!r} is no usable {what}; it needs the form {example}")
    return text
