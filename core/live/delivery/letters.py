"""What is handed over: e-mails as composed for one person, and letters ready for the wire."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from core.rendering.emails import RenderedEmail
from core.rendering.mime import Mailbox
from core.store.live_outbox import OutboxMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """An e-mail for one person: links rewritten, pixel in, and where to unsubscribe by one click.

    `headers` are further ones beside those that every e-mail has.
    """

    rendered: RenderedEmail
    recipient: Mailbox
    unsubscribe_url: str
    unsubscribe_mail: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Withheld:
    """An e-mail that is not to be sent, with the word of the reason: `unsubscribed`, …"""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NotComposed:
    """An e-mail that could not be made; `message` says why in a sentence for the marketer."""

    message: str


Composition = Composed | Withheld | NotComposed


class Composer(Protocol):
    """Makes the e-mails of messages; safe to be called by several threads at once."""

    def compose_many(
        self, messages: Sequence[OutboxMessage], now: datetime
    ) -> Sequence[Composition]:
        """Make the e-mails as of `now`, in the order given; one that fails fails alone."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A message for the wire: who sends, to whom, and its bytes with CR LF line ends.

    `key` names it, always the same for the same message.
    """

    key: str
    sender: str
    recipients: tuple[str, ...]
    content: bytes = field(repr=False)
