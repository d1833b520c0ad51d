"""What a sign-up form sends, and what the link that confirms it is worth."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from core.domain.consents import MARKETING_NAME


@dataclass(frozen=True, slots=True, kw_only=True)
class SignUpForm:
    """What a form sends; `shown` is what it said next to its button, kept as proof.

    `page` is where it stands, `host` the internet address that sent it.
    """

    address: str
    purposes: Sequence[str] = (MARKETING_NAME,)
    anonymous_id: str = ""
    shown: str = ""
    page: str = ""
    host: str = ""


class LinkState(StrEnum):
    """What a link for confirming is worth."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    TOO_OLD = "too old"


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedSignUp:
    """What is to be confirmed: for which address, the titles of the purposes, and how it stands."""

    state: LinkState
    address: str
    titles: Sequence[str]
