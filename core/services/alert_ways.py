"""The ways by which alerts are told: an e-mail to one address, a call of a webhook."""

import json
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from enum import StrEnum

from core.domain.errors import UnusableInput
from core.domain.mail_servers import MailServer
from core.domain.webhook_signatures import signature, signing_bytes
from core.live.calling.addresses import refused_because
from core.live.calling.connections import Answered, post
from core.live.delivery.letters import Letter
from core.live.delivery.smtp import Connection
from core.live.delivery.verdicts import sentence
from core.live.delivery.ways import NoServer
from core.store.alerts import Notice

_ADDRESS = re.compile(r"[!#-'*+\-/-9=?A-Z^-~.]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_LONGEST = 300
_PLAIN = SMTP.clone(cte_type="7bit")  # not every server takes 8 bits
_SECONDS = 20.0
_LONGEST_SUBJECT = 120


class Way(StrEnum):
    """How an alert reaches somebody who does not look at the page."""

    EMAIL = "email"
    WEBHOOK = "webhook"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """What telling needs: the mail server with the sender, and what webhooks are signed with.

    `allowed` names private hosts that may be called; `secret` gives the secret of webhooks.
    """

    server: MailServer | None
    sender: str
    allowed: Collection[str]
    secret: Callable[[], str]
    clock: Callable[[], datetime]

    def tell(self, notice: Notice) -> str:
        """Tell a message; give an empty text, or a sentence on why it was not told."""
        if notice.way == Way.EMAIL:
            return self._mail(notice)
        return self._call(notice)

    def _mail(self, notice: Notice) -> str:
        address = parseaddr(self.sender)[1]
        if self.server is None or not address:
            return "There is no mail server or no sender; see the page Settings."
        now = self.clock()
        message = EmailMessage(policy=_PLAIN)
        message["From"], message["To"] = self.sender, notice.target
        message["Subject"] = f"Rehearsal: {notice.said}"[:_LONGEST_SUBJECT]
        message["Date"] = format_datetime(now)
        message["Message-ID"] = (
            f"<alert.{notice.id}.{notice.episode_id}@{address.partition('@')[2]}>"
        )
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(f"{notice.said}\n\nThe page Live of Rehearsal has the details.\n")
        letter = Letter(
            key=f"alert-{notice.id}",
            sender=address,
            recipients=(notice.target,),
            content=message.as_bytes(),
        )
        try:
            connection = Connection(self.server, _SECONDS)
        except NoServer as error:
            return str(error)
        try:
            return sentence(connection.hand_over(letter)) or ""
        finally:
            connection.close()

    def _call(self, notice: Notice) -> str:
        now = int(self.clock().timestamp())
        body = json.dumps(
            {"type": f"alert.{notice.kind}", "alert": notice.episode_id, "said": notice.said}
        ).encode()
        named = f"alert_{notice.id}"
        headers = {
            "content-type": "application/json",
            "user-agent": "Rehearsal",
            "webhook-id": named,
            "webhook-timestamp": str(now),
            "webhook-signature": signature(signing_bytes(self.secret()), named, now, body),
        }
        answer = post(notice.target, body, headers, allowed=self.allowed)
        if isinstance(answer, Answered):
            return "" if answer.is_taken else answer.said
        return answer.said


def check_targets(email: str, webhook: str, allowed: Collection[str]) -> tuple[str, str]:
    """Give both addresses without spaces around them; raises UnusableInput for one that is none."""
    email, webhook = email.strip(), webhook.strip()
    if email and (len(email) > _LONGEST or not _ADDRESS.fullmatch(email)):
        raise UnusableInput(f"{email[:80]!r} is no e-mail address; write it as name@example.com.")
    refusal = refused_because(webhook, allowed) if webhook else None
    if refusal is not None:
        raise UnusableInput(f"The webhook cannot be called: {refusal}")
    return email, webhook
