"""Webhooks in: who calls us, how their signature is made, and what their words mean to us."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from core.domain.base import FileModel

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,58}[a-z0-9])?", re.ASCII)
# People are called `NAME:NUMBER`; these prefixes mean something else already.
_RESERVED = frozenset({"anon", "email"})
Text = Annotated[str, Field(max_length=500)]
ALL = "*"  # as a name: every member of the object that its path leads to


def is_source_name(text: str) -> bool:
    """Say whether a system that calls us may be called so: the name stands in its address."""
    return _NAME.fullmatch(text) is not None and text not in _RESERVED


class Preset(StrEnum):
    """Whose webhooks they are: how they are signed, and what they usually say."""

    GENERIC = "generic"
    SHOPIFY = "shopify"
    STRIPE = "stripe"
    HUBSPOT = "hubspot"
    SALESFORCE = "salesforce"


class HookRule(FileModel):
    """What one kind of item means: an event, traits, and of whom.

    `topic` is the kind: its name, one that ends in `*`, or nothing for all; `where` asks for values
    at paths. A value is a path (`$.customer.email`), several with ` | ` between (the first that is
    there counts), a text, or a text with paths in it: `deal:{$.id}`.
    """

    topic: Text = ""
    where: dict[Text, Text] = Field(default_factory=dict, max_length=10)
    event: Text = ""
    user_id: Text = ""
    email: Text = ""
    known_as: tuple[Text, ...] = Field(default=(), max_length=10)
    at: Text = ""
    properties: dict[Text, Text] = Field(default_factory=dict, max_length=100)
    traits: dict[Text, Text] = Field(default_factory=dict, max_length=100)


class HookMapping(FileModel):
    """How a delivery is read: where its items are, where the kind of one is, and what each means.

    Of several rules that fit, the first counts. Without `topic`, the vendor's header says it.
    """

    items: Text = "$"
    topic: Text = ""
    rules: tuple[HookRule, ...] = Field(default=(), max_length=50)


class HookOutcome(StrEnum):
    """What became of a delivery."""

    TAKEN = "taken"
    REPEATED = "repeated"
    IGNORED = "ignored"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class HookCall:
    """A call as it came: headers by name in lower case, `urls` as the caller may know us."""

    source: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    urls: tuple[str, ...]
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HookAnswer:
    """What is answered to a call."""

    status: int
    body: str
    media_type: str = "application/json"
    retry_after: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HookSource:
    """A system that calls us. Its secrets stay out of `repr`, and of every page."""

    id: int
    name: str
    preset: Preset
    organization: str
    mapping: HookMapping
    created_at: datetime
    secret: str = field(repr=False)
    former_secret: str | None = field(default=None, repr=False)
    former_until: datetime | None = None

    def secrets_at(self, now: datetime) -> tuple[str, ...]:
        """Give the secrets that are good at a time: a former one is for a while."""
        is_former_good = self.former_until is not None and now < self.former_until
        former = self.former_secret if is_former_good else None
        return (self.secret,) if former is None else (self.secret, former)


@dataclass(frozen=True, slots=True, kw_only=True)
class HookDelivery:
    """A call and what became of it; `reason` is a sentence, or nothing."""

    received_at: datetime
    outcome: HookOutcome
    reason: str
    topic: str
    item_count: int
    event_count: int
