"""Who sends the e-mails: the company as the marketer set it, and as templates see it."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy import Engine

from core.domain.email_context import Plain
from core.domain.errors import UnusableInput
from core.store.app_settings import keep_setting, setting
from core.store.database import reading, writing

SETTING = "company"
LONGEST = 300  # characters

# What an e-mail shows until the marketer has set their own.
STAND_INS: Plain = {
    "name": "Your company",
    "address": "Your postal address",
    "url": "https://your-shop.example",
    "cart_url": "https://your-shop.example/cart",
}
_MAILBOX = re.compile(
    r"[^\s@<>()\[\]\\,;:\"]{1,64}@(?P<domain>[^\s@<>()\[\]\\,;:\"]+\.[^\s@.]{2,})"
)
_LANGUAGE = re.compile(r"[a-z]{2,3}([-_][A-Za-z]{2,4})?")
_CURRENCY = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """The sender of all e-mails; what is empty was not set.

    `language` and `currency` are for people and amounts that name none: `de`, `EUR`.
    """

    name: str = ""
    address: str = ""
    url: str = ""
    cart_url: str = ""
    sender_name: str = ""
    sender_address: str = ""
    language: str = ""
    currency: str = ""

    @property
    def is_set(self) -> bool:
        """Say whether nothing of what e-mails show of a company is a stand-in."""
        return all(getattr(self, name) for name in STAND_INS)

    @property
    def sender(self) -> str:
        """Write the sender as mail programs do, `"Name" <address>`; empty without an address."""
        if not self.sender_address:
            return ""
        name = re.sub(r'([\\"])', r"\\\1", self.sender_name or self.name)
        return f'"{name}" <{self.sender_address}>' if name else self.sender_address

    def as_context(self) -> Plain:
        """Give what templates see as `company`, with stand-ins for what they show and was not set.

        The sender's mailbox is no part of it.
        """
        said = {name: value for name, value in asdict(self).items() if value}
        own = {name: value for name, value in said.items() if not name.startswith("sender_")}
        return {**STAND_INS, **own}


NOBODY = Company()


def company(database: Engine) -> Company:
    """Give the company as it was kept last."""
    with reading(database) as session:
        kept = setting(session, SETTING)
    known = kept if isinstance(kept, Mapping) else {}
    return Company(**{name: str(known.get(name) or "") for name in asdict(Company())})


def keep_company(database: Engine, given: Company, *, changed_at: datetime) -> Company:
    """Keep the company, tidied; raises UnusableInput for the first value that cannot be used."""
    checked = _checked(given)
    with writing(database) as session:
        keep_setting(session, SETTING, dict(asdict(checked)), changed_at=changed_at)
    return checked


def _checked(given: Company) -> Company:
    """Give the company without spaces too many, or say what cannot be used."""
    tidied = {name: " ".join(value.split()) for name, value in asdict(given).items()}
    for name, value in tidied.items():
        _check_text(value, _CALLED[name])
    tidy = Company(**tidied)
    if tidy.sender_name and not tidy.sender_address:
        raise UnusableInput("The sender has a name and no address; write the address too.")
    _check_mailbox(tidy.sender_address)
    if tidy.language and not _LANGUAGE.fullmatch(tidy.language):
        raise UnusableInput(
            f"The language {tidy.language!r} is none; write it as two letters, such as en or de-AT."
        )
    currency = tidy.currency.upper()
    if currency and not _CURRENCY.fullmatch(currency):
        raise UnusableInput(
            f"The currency {tidy.currency!r} is none; write it as three letters, such as EUR."
        )
    url, cart_url = (_web_address(getattr(tidy, name), _CALLED[name]) for name in _ADDRESSES)
    # Templates write {{ company.url }}/new.
    return replace(tidy, url=url.rstrip("/"), cart_url=cart_url, currency=currency)


_ADDRESSES = ("url", "cart_url")
_CALLED = {
    "name": "company name",
    "address": "postal address",
    "url": "shop address",
    "cart_url": "cart address",
    "sender_name": "sender's name",
    "sender_address": "sender's address",
    "language": "language",
    "currency": "currency",
}


def _check_text(text: str, called: str) -> None:
    if len(text) > LONGEST:
        raise UnusableInput(
            f"The {called} has {len(text)} characters; {LONGEST} are the most, so shorten it."
        )
    if not text.isprintable():
        raise UnusableInput(f"The {called} holds a character that cannot be seen; type it anew.")


def _check_mailbox(address: str) -> None:
    found = _MAILBOX.fullmatch(address)
    try:
        is_usable = found is not None and bool(found["domain"].encode("idna"))
    except UnicodeError:
        is_usable = False
    if address and not is_usable:
        raise UnusableInput(
            f"The sender's address {address!r} is no e-mail address; write it as "
            "hello@example.com, and the name in its own field."
        )


def _web_address(text: str, called: str) -> str:
    """Give a web address as it is; raises UnusableInput for anything that no browser opens."""
    try:
        parts = urlsplit(text)
        is_usable = parts.scheme in ("http", "https") and _is_host(parts.hostname or "")
        is_usable = is_usable and (parts.port is None or parts.port > 0)
    except ValueError:
        is_usable = False
    if text and (not is_usable or " " in text):
        raise UnusableInput(
            f"The {called} {text!r} is no web address; write it with https://, such as "
            "https://shop.example.com."
        )
    return text


def _is_host(name: str) -> bool:
    return "." in name.strip(".") or name == "localhost"
