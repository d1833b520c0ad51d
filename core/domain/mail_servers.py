"""The mail server that sends, as its URL names it."""

from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_address
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from core.domain.errors import UnusableInput


class Encryption(StrEnum):
    """How the connection is encrypted: from the start, by STARTTLS, or where offered, or never."""

    TLS = "tls"
    STARTTLS = "starttls"
    OFFERED = "offered"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """Where e-mails are handed over; the password stays out of `repr`."""

    host: str
    port: int
    encryption: Encryption
    user: str = ""
    password: str = field(default="", repr=False)


def read_mail_server(url: str, named: str) -> MailServer:
    """Read `smtp://USER:PASSWORD@HOST:587` or `smtps://…:465`; `named` is the setting's name.

    Without `?encryption=none` the connection is encrypted, except to this machine, where it is if
    the server offers it. Raises UnusableInput, whose text never repeats the password.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise _unusable(named, "is no URL that can be read") from error
    if parts.scheme not in ("smtp", "smtps"):
        raise _unusable(named, "begins neither with smtp:// nor with smtps://")
    if not host or any(sign.isspace() for sign in host) or port == 0:
        raise _unusable(named, "names no server")
    if parts.path not in ("", "/") or parts.fragment:
        raise _unusable(named, "has something behind the server, perhaps a / or # in the password")
    encryption = _encryption(parts, host, named)
    return MailServer(
        host=host,
        port=port or (465 if encryption is Encryption.TLS else 587),
        encryption=encryption,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )


def _encryption(parts: SplitResult, host: str, named: str) -> Encryption:
    asked = parse_qs(parts.query, keep_blank_values=True)
    if parts.scheme == "smtps" and not asked:
        return Encryption.TLS
    if asked == {"encryption": ["none"]} and parts.scheme == "smtp":
        return Encryption.NONE
    if asked:
        raise _unusable(named, "has a ? that is not the one of smtp://…?encryption=none")
    return Encryption.OFFERED if _is_this_machine(host) else Encryption.STARTTLS


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _unusable(named: str, reason: str) -> UnusableInput:
    return UnusableInput(
        f"{named} {reason}; write it as smtp://USER:PASSWORD@HOST:587, with signs such as @ / # in "
        "the password written as %40 %2F %23"
    )
