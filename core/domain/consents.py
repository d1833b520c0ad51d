"""What people agree to: purposes, and what was said about one, when and by which way."""

import re
from dataclasses import dataclass
from enum import StrEnum

MARKETING_NAME = "marketing"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


class ConsentState(StrEnum):
    """What a person said; pending is asked for and not confirmed."""

    GIVEN = "given"
    WITHDRAWN = "withdrawn"
    PENDING = "pending"


class ConsentSource(StrEnum):
    """The ways by which consent is recorded; API is what a profile says without a record."""

    DOUBLE_OPT_IN = "double opt-in"
    PREFERENCE_PAGE = "preference page"
    UNSUBSCRIBE_LINK = "unsubscribe link"
    COMPLAINT = "complaint"
    PEOPLE_PAGE = "page People"
    SAME_ADDRESS = "same address, another id"
    API = "shop or file"


@dataclass(frozen=True, slots=True, kw_only=True)
class Purpose:
    """Something that people can agree to; `name` is its name in links and exports."""

    name: str
    title: str
    description: str = ""

    def __post_init__(self) -> None:
        """Refuse a name that is none, and a purpose without a title."""
        if not _NAME.fullmatch(self.name) or not self.title.strip():
            raise ValueError(f"{self.name!r} is no purpose")


MARKETING = Purpose(
    name=MARKETING_NAME,
    title="Marketing e-mails",
    description="News, offers and reminders by e-mail.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentRecord:
    """What was said about a purpose at an instant (µs); `evidence` is what proves it."""

    purpose: str
    state: ConsentState
    at: int
    source: str
    evidence: str = ""
