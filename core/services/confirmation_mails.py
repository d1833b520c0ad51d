"""The e-mails that ask people to confirm a sign-up: sent whatever their consent is, once each."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr

from sqlalchemy import Engine

from core.domain.email_context import Plain
from core.domain.errors import UnusableInput
from core.domain.instants import as_microseconds, from_microseconds
from core.domain.values import JsonValue
from core.live.delivery.dkim import signed_message
from core.live.delivery.folder import write_letter
from core.live.delivery.letters import Letter
from core.live.delivery.smtp import Connection
from core.live.delivery.verdicts import Refused, Stage, Taken, Unanswered, Verdict, sentence
from core.live.delivery.ways import NoServer
from core.rendering.emails import EmailTemplate, RenderedEmail
from core.rendering.renderer import Renderer
from core.services.company import company
from core.services.consents import purposes
from core.services.delivering import Outgoing, Readied, readied
from core.services.delivery_letters import on_the_wire
from core.services.double_opt_in import VALID_FOR, confirmation_token
from core.services.signing import signing_key
from core.store import sign_ups
from core.store.database import writing
from core.store.sign_ups import FAILED, QUEUED, SENT, SignUp

_AT_ONCE = 20
# Not every server takes 8 bits, and one that had to rewrite them would break the signature.
_PLAIN = SMTP.clone(cte_type="7bit")
_WAITS = (1, 5, 15, 60, 240)  # minutes after the first, second … try


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmations:
    """Sends what is due; `public_url` gives the address, without a slash, that links lead to."""

    database: Engine
    outgoing: Outgoing
    template: Callable[[], EmailTemplate]
    renderer: Callable[[], Renderer]
    public_url: Callable[[], str]

    def run(self, now: datetime) -> int:
        """Send e-mails that are due, and give how many were tried: the errand.

        While nothing may leave (see `delivering.readiness`) they wait, as long as they are valid.
        """
        at, since = as_microseconds(now), as_microseconds(now - VALID_FOR)
        ready = readied(self.database, self.outgoing)
        if ready is None:
            return 0
        with writing(self.database) as session:
            claimed = sign_ups.claim(session, at, since, _AT_ONCE)
        for one in claimed:
            self._settle(one, self._sent(one, ready, now), now)
        return len(claimed)

    def _sent(self, one: SignUp, ready: Readied, now: datetime) -> Verdict | str:
        """Hand the e-mail of a sign-up over; a text says why there is none."""
        rendered = self.renderer().render(self.template(), self._context(one, now))
        if not isinstance(rendered, RenderedEmail):
            return rendered.message
        try:
            letter = self._letter(one, rendered, ready, now)
        except (UnusableInput, ValueError) as error:
            # Nobody's impossible address keeps others from their e-mails.
            return Refused(stage=Stage.RECIPIENT, code=553, status="5.1.3", said=str(error))
        if self.outgoing.server is None:
            write_letter(self.outgoing.folder, letter)
            return Taken()
        try:
            connection = Connection(self.outgoing.server)
        except NoServer as error:
            return str(error)
        try:
            return connection.hand_over(letter)
        finally:
            connection.close()

    def _context(self, one: SignUp, now: datetime) -> Plain:
        token = confirmation_token(signing_key(self.database, now), one)
        known = {purpose.name: purpose.title for purpose in purposes(self.database)}
        titles: list[JsonValue] = [known[name] for name in one.purposes if name in known]
        asked_at = from_microseconds(one.asked_at)
        return {
            "company": company(self.database).as_context(),
            "links": {"confirm": f"{self.public_url()}/t/k/{token}"},
            "purposes": titles,
            "asked_on": asked_at.strftime("%-d %b %Y"),
            "valid_until": (asked_at + VALID_FOR).strftime("%-d %b %Y"),
        }

    def _letter(
        self, one: SignUp, rendered: RenderedEmail, ready: Readied, now: datetime
    ) -> Letter:
        envelope = on_the_wire(ready.sender.address)
        message = EmailMessage(policy=_PLAIN)
        message["From"] = formataddr((ready.sender.name, envelope))
        message["To"] = on_the_wire(one.address)
        message["Subject"] = rendered.subject
        message["Date"] = format_datetime(now)
        # With the time: after an erasure the number may be somebody else's.
        key = f"sign-up-{one.id}.{one.asked_at}"
        message["Message-ID"] = f"<{key}@{envelope.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(rendered.text)
        message.add_alternative(rendered.html, subtype="html")
        content = message.as_bytes()
        if ready.key is not None:
            domain, selector = ready.settings.dkim_domain, ready.settings.dkim_selector
            content = signed_message(content, ready.key, domain, selector, int(now.timestamp()))
        return Letter(
            key=key,
            sender=on_the_wire(ready.settings.bounce_address or ready.sender.address),
            recipients=(on_the_wire(one.address),),
            content=content,
        )

    def _settle(self, one: SignUp, verdict: Verdict | str, now: datetime) -> None:
        """Note what became of it: what may have arrived is not sent again."""
        at = as_microseconds(now)
        said = verdict if isinstance(verdict, str) else sentence(verdict) or ""
        # What the server has against us is mended by us, and nobody signs up twice for it.
        is_lost = isinstance(verdict, Refused) and verdict.is_for_good and not verdict.is_of_us
        if isinstance(verdict, Taken | Unanswered):
            state, try_at = SENT, at
        elif is_lost or one.attempt_count > len(_WAITS):
            state, try_at = FAILED, at
        else:
            wait = timedelta(minutes=_WAITS[one.attempt_count - 1])
            state, try_at = QUEUED, as_microseconds(now + wait)
        with writing(self.database) as session:
            sign_ups.settle(session, one.id, state, try_at=try_at, detail=said)
