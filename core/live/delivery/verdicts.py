"""What became of a letter that was handed over to a mail server."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never


class Stage(StrEnum):
    """How far a letter was when the mail server answered, in the words of SMTP."""

    SENDER = "MAIL FROM"
    RECIPIENT = "RCPT TO"
    CONTENT = "DATA"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """The letter is in the server's hands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The server's answer that it does not take the letter: for now (4xx), or for good (5xx).

    `status` is the enhanced code (RFC 3463) such as `5.1.1`, empty where it said none.
    """

    stage: Stage
    code: int
    status: str
    said: str

    @property
    def is_for_good(self) -> bool:
        """Say whether trying again is of no use."""
        return self.code >= 500

    @property
    def is_too_large(self) -> bool:
        """Say whether it is this very e-mail that the server does not take, whoever it is for."""
        if self.status:
            return self.status in _TOO_LARGE
        # Said of a recipient, 552 means that their mailbox is full.
        return self.code == 552 and self.stage is not Stage.RECIPIENT

    @property
    def is_of_us(self) -> bool:
        """Say whether the server takes nothing from us: not this sender, or not without sign-in."""
        if not self.is_for_good or self.is_too_large or self.is_no_such_address:
            return False
        is_relaying = self.stage is Stage.RECIPIENT and _RELAYING.search(self.said) is not None
        return self.stage is Stage.SENDER or self.code == 530 or is_relaying

    @property
    def is_no_such_address(self) -> bool:
        """Say whether the server knows that nobody has this address."""
        return self.stage is not Stage.SENDER and self.status in _NO_SUCH_ADDRESS


@dataclass(frozen=True, slots=True, kw_only=True)
class NotTaken:
    """The connection was lost, or not made, before the letter was whole: it was not accepted."""

    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """The letter was whole on the wire and no answer came: it may have been accepted."""

    said: str


_TOO_LARGE = {"5.3.4", "5.2.3"}  # of RFC 3463: for the system, for the mailbox
# What servers say to a recipient whom they would reach for those only who signed in.
_RELAYING = re.compile(
    r"(?<![@.\w-])(?:relay(?:ing)?(?![@.-]?\w)|authenticate\b|authentication (?:is )?required)",
    re.IGNORECASE,
)
# Of RFC 3463: 5.1.7 and 5.1.8 speak of the sender's address, 5.1.0 and 5.1.4 of no certain thing.
_NO_SUCH_ADDRESS = {"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"}

Verdict = Taken | Refused | NotTaken | Unanswered


def sentence(verdict: Verdict) -> str | None:
    """Tell what the server said, in one line; None where it took the letter."""
    match verdict:
        case Taken():
            return None
        case Refused():
            return f"{verdict.code} {verdict.said}".strip()
        case NotTaken() | Unanswered():
            return verdict.said
        case _:
            assert_never(verdict)
