"""What comes by the links of e-mails: read, taken down, answered."""

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from core.domain.instants import from_microseconds
from core.domain.machines import Visit
from core.domain.mail_choices import Choices
from core.domain.mail_links import MailLinks, Said, read_link
from core.domain.signed_links import LinkPurpose
from core.services import mail_choices
from core.services.composing import LiveComposer
from core.services.tracking import take_hit
from core.store import tracking
from core.store.database import reading
from core.store.live_outbox import SENT, UNKNOWN
from core.store.tracking import CLICK, OPEN

logger = logging.getLogger(__name__)

_KINDS = {LinkPurpose.CLICK: CLICK, LinkPurpose.OPEN: OPEN}


@dataclass(frozen=True, slots=True, kw_only=True)
class MailDoor:
    """The verbs behind the routes of e-mails; nothing is opened before one of them is called."""

    database: Callable[[], Engine]
    key: Callable[[], bytes]
    clock: Callable[[], datetime]
    composer: Callable[[], LiveComposer]

    def read(self, purpose: LinkPurpose, token: str) -> Said | None:
        """Read the token of a link; None for a forged one."""
        return read_link(self.key(), purpose, token)

    def note(self, purpose: LinkPurpose, said: Said, visit: Visit) -> None:
        """Take an opening or a click down; who came has been answered already."""
        try:
            take_hit(self.database(), _KINDS[purpose], said, visit, at=self.clock())
        except DBAPIError:
            logger.exception("a hit was lost", extra={"mail": said.message_key, "kind": purpose})

    def view(self, said: Said) -> str | None:
        """Give the e-mail of a link as it was sent; None where it was not, or is forgotten."""
        with reading(self.database()) as session:
            found = tracking.messages_by_key(session, [said.message_key])
        message = found.get(said.message_key)
        if message is None or message.state not in (SENT, UNKNOWN):
            return None
        sent_at = message.changed_at if message.begun_at is None else message.begun_at
        return self.composer().page(message, from_microseconds(sent_at), self.clock())

    def choices(self, said: Said) -> Choices:
        """Give what the owner of a link gets."""
        return mail_choices.choices_of(self.database(), said)

    def unsubscribe(self, said: Said) -> Choices:
        """Send no more to the owner of a link."""
        return mail_choices.unsubscribe(self.database(), said, at=self.clock())

    def choose(self, said: Said, given: Collection[str]) -> Choices:
        """Let the owner of a link get e-mails for some purposes only."""
        return mail_choices.choose(self.database(), said, given, at=self.clock())

    def preferences_path(self, said: Said) -> str:
        """Give the path of the page with all choices."""
        links = MailLinks(key=self.key(), public_url="")
        return links.preferences(said.message_key, said.user_id)
