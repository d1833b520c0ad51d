"""How e-mails leave, as the marketer set it: public address, limits, replies, seed list, DKIM."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from ipaddress import ip_address
from urllib.parse import urlsplit

from sqlalchemy import Engine

from core.domain.errors import UnusableInput
from core.domain.values import JsonValue
from core.store.app_settings import keep_setting, setting
from core.store.database import reading, writing

SETTING = "delivery"
LONGEST = 300  # characters
MOST_SEEDS = 20
MOST_CONNECTIONS = 20
MOST_PER_SECOND = 1_000.0
LEAST_PER_SECOND = 0.1

# What stands before the @ is ASCII: most servers take nothing else, and cut no dots in two.
_ATOM = r"[!#-'*+\-/-9=?A-Z^-~]+"
_MAILBOX = re.compile(
    rf"(?=[^@]{{1,64}}@){_ATOM}(?:\.{_ATOM})*"
    r"@(?P<domain>[^\s@<>()\[\]\\,;:\"]+\.[^\s@.]{2,})"
)
_LONGEST_MAILBOX = 254
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"({_LABEL}\.)+{_LABEL}")
_SELECTOR = re.compile(rf"{_LABEL}(\.{_LABEL})*")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverySettings:
    """How e-mails leave; what is empty was not set.

    `public_url` is where the links of e-mails lead: the address at which the world reaches this
    server. The limits are e-mails a second, over all and to addresses of one domain. Answers go to
    `reply_to`, bounces to `bounce_address`, both else to the sender. What a sandbox decides is sent
    to `seed_addresses` alone.
    """

    public_url: str = ""
    per_second: float = 20.0
    per_domain_per_second: float = 10.0
    connection_count: int = 8
    reply_to: str = ""
    bounce_address: str = ""
    seed_addresses: tuple[str, ...] = ()
    dkim_domain: str = ""
    dkim_selector: str = ""


USUAL = DeliverySettings()


def delivery_settings(database: Engine) -> DeliverySettings:
    """Give the settings as they were kept last."""
    with reading(database) as session:
        kept = setting(session, SETTING)
    known = kept if isinstance(kept, Mapping) else {}
    return _read(known)


def keep_delivery_settings(
    database: Engine, given: DeliverySettings, *, changed_at: datetime
) -> DeliverySettings:
    """Keep the settings, tidied; raises UnusableInput for the first value that cannot be used."""
    checked = _checked(given)
    document: dict[str, JsonValue] = {
        **asdict(checked),
        "seed_addresses": list(checked.seed_addresses),
    }
    with writing(database) as session:
        keep_setting(session, SETTING, document, changed_at=changed_at)
    return checked


def public_url_or_local(settings: DeliverySettings, local_url: str) -> str:
    """Give where links lead, without a slash at its end: to this machine until it is set."""
    return settings.public_url or local_url


def is_mailbox(address: str) -> bool:
    """Say whether an address can stand in an e-mail and be named to a mail server."""
    found = _MAILBOX.fullmatch(address)
    try:
        domain = "" if found is None else found["domain"].encode("idna").decode("ascii")
    except UnicodeError:
        return False
    written = f"{address.rpartition('@')[0]}@{domain}"
    is_plain = _DOMAIN.fullmatch(domain.lower()) is not None
    return is_plain and address.isprintable() and len(written) <= _LONGEST_MAILBOX


def seed_list(text: str) -> tuple[str, ...]:
    """Read addresses that stand one per line, or are separated by commas."""
    return tuple(part for part in re.split(r"[\s,;]+", text) if part)


def _read(known: Mapping[str, JsonValue]) -> DeliverySettings:
    """Read what was kept; a release may know fields that the one before did not."""
    usual = asdict(USUAL)
    values = {name: known[name] for name in usual if known.get(name) is not None}
    seeds = values.get("seed_addresses", ())
    values["seed_addresses"] = tuple(map(str, seeds)) if isinstance(seeds, list) else ()
    return DeliverySettings(**{**usual, **values})


def _checked(given: DeliverySettings) -> DeliverySettings:
    _check_number(given.per_second, "limit of e-mails a second")
    _check_number(given.per_domain_per_second, "limit a second to one provider")
    if not 1 <= given.connection_count <= MOST_CONNECTIONS:
        raise UnusableInput(
            f"The number of connections is {given.connection_count}; it goes from 1 to "
            f"{MOST_CONNECTIONS}."
        )
    domain, selector = _dkim(given)
    return replace(
        given,
        public_url=_web_address(given.public_url.strip()),
        reply_to=_mailbox(given.reply_to, "address for answers"),
        bounce_address=_mailbox(given.bounce_address, "address for bounces"),
        seed_addresses=_seeds(given.seed_addresses),
        dkim_domain=domain,
        dkim_selector=selector,
    )


def _check_number(number: float, called: str) -> None:
    if not LEAST_PER_SECOND <= number <= MOST_PER_SECOND:
        raise UnusableInput(
            f"The {called} is {number:g}; it goes from {LEAST_PER_SECOND:g} to "
            f"{MOST_PER_SECOND:,.0f}."
        )


def _mailbox(address: str, called: str) -> str:
    tidy = address.strip()
    if tidy and not is_mailbox(tidy):
        raise UnusableInput(
            f"The {called} {tidy[:80]!r} is no e-mail address that every server takes; write it "
            "as hello@example.com."
        )
    return tidy


def _seeds(addresses: Sequence[str]) -> tuple[str, ...]:
    given = [address.strip() for address in addresses if address.strip()]
    if len(given) > MOST_SEEDS:
        raise UnusableInput(
            f"The seed list has {len(given)} addresses; {MOST_SEEDS} are the most, so leave some "
            "out."
        )
    return tuple(dict.fromkeys(_mailbox(address, "seed address") for address in given))


def _web_address(text: str) -> str:
    """Give the public address without a slash at its end."""
    try:
        parts = urlsplit(text)
        is_usable = parts.scheme in ("http", "https") and bool(parts.hostname)
        is_usable = is_usable and (parts.port is None or parts.port > 0)
    except ValueError:
        is_usable = False
    is_plain = text.isascii() and text.isprintable() and not set(text) & set(' "<>?#')
    if text and (not is_usable or not is_plain or len(text) > LONGEST or "@" in parts.netloc):
        raise UnusableInput(
            f"The public address {text[:80]!r} is no web address; write it with https://, and "
            "nothing behind the name of your server, such as https://mail.example.com."
        )
    if parts.scheme == "http" and not _is_near(parts.hostname or ""):
        raise UnusableInput(
            f"The public address {text[:80]!r} is not encrypted, and mail programs offer to "
            "unsubscribe by one click only over https:// (RFC 8058); write it with https://."
        )
    return text.rstrip("/")


def _is_near(host: str) -> bool:
    """Say whether a host is none of the public web: for trying things out http:// does."""
    try:
        return not ip_address(host).is_global
    except ValueError:
        return "." not in host


def _dkim(given: DeliverySettings) -> tuple[str, str]:
    domain, selector = given.dkim_domain.strip().lower(), given.dkim_selector.strip().lower()
    if bool(domain) != bool(selector):
        raise UnusableInput("DKIM needs both a domain and a selector; write both, or neither.")
    if domain and not _DOMAIN.fullmatch(domain):
        raise UnusableInput(
            f"The DKIM domain {domain[:80]!r} is no domain; write it as example.com."
        )
    if selector and not _SELECTOR.fullmatch(selector):
        raise UnusableInput(
            f"The DKIM selector {selector[:80]!r} cannot be one; use letters, digits and hyphens, "
            "such as rehearsal1."
        )
    return domain, selector
