"""Makes the e-mail that leaves: rendered for its person, its links led through us."""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from threading import Lock

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from core.domain.email_context import EmailContext, Plain
from core.domain.email_sources import EmailVersion
from core.domain.errors import UnusableInput
from core.domain.mail_links import MailLinks
from core.domain.outcomes import MessageOutcome
from core.domain.reach import SUPPRESSED, is_yes
from core.live.delivery.letters import Composed, Composition, NotComposed, Withheld
from core.rendering.emails import EmailTemplate, Mode, Outcome, RenderedEmail
from core.rendering.mime import Mailbox
from core.rendering.renderer import Renderer
from core.rendering.tracked import tracked
from core.services.company import company
from core.services.emails import Starters, template_of
from core.services.live_context import LiveContexts
from core.services.signing import signing_key
from core.store import emails as email_store
from core.store import live_people
from core.store.database import reading
from core.store.live_outbox import OutboxMessage
from core.store.live_people import Profile

_KEPT_TEMPLATES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """What goes into the e-mail of a message."""

    message: OutboxMessage
    template: EmailTemplate
    context: EmailContext


class LiveComposer:
    """Makes e-mails of messages in the outbox; safe for several threads.

    Each is the version of its e-mail that is the latest when it is made; a starter that nobody
    changed as it came. What it says of its person is as of the time it was due.
    """

    def __init__(
        self,
        database: Engine,
        home: Path,
        starters: Starters,
        renderer: Renderer,
        public_url: Callable[[], str],
    ) -> None:
        """Begin; `public_url` gives the address, without a slash at its end, that links lead to."""
        self._database, self._starters, self._renderer = database, starters, renderer
        self._public_url = public_url
        self._contexts = LiveContexts(database, home)
        self._templates = _Templates(starters)
        self._key: bytes | None = None

    def compose(self, message: OutboxMessage, now: datetime) -> Composition:
        """Make the e-mail of a message; raises UnusableInput, in a sentence, where none comes."""
        (made,) = self.compose_many([message], now)
        if isinstance(made, NotComposed):
            raise UnusableInput(made.message)
        return made

    def compose_many(self, messages: Sequence[OutboxMessage], now: datetime) -> list[Composition]:
        """Make the e-mails of messages, in their order; nobody's poison keeps others from theirs.

        What people did is read for all of them at once: give 50 to 500 of them.
        """
        links = self.links(now)
        made: dict[int, Composition] = {}
        with reading(self._database) as session:
            recipients = self._recipients(session, messages, made)
            names = {message.template for message in recipients}
            versions = {name: email_store.latest(session, name) for name in names}
            drafts = self._drafts(session, list(recipients), versions, links, now, made)
        for draft, outcome in self._rendered(drafts):
            place = draft.message.id
            made[place] = self._composed(draft, outcome, recipients[draft.message], links)
        return [made[message.id] for message in messages]

    def page(self, message: OutboxMessage, sent_at: datetime, now: datetime) -> str | None:
        """Give the e-mail that was sent for a message as HTML, for a browser; None without one."""
        links = self.links(now)
        with reading(self._database) as session:
            versions = email_store.versions(session, message.template)
            then = next((version for version in versions if version.saved_at <= sent_at), None)
            template = self._templates.of(then, message.template)
            if template is None:
                return None
            found = [(message, _as_sent(template, message))]
            (draft,) = self._in_context(session, found, links, now)
        outcome = self._renderer.render(draft.template, draft.context.as_mapping(), Mode.SEND)
        if not isinstance(outcome, RenderedEmail):
            return None
        return self._led(draft.message, outcome, links, with_picture=False).html

    def links(self, now: datetime) -> MailLinks:
        """Give what writes and reads the links of this installation."""
        if self._key is None:
            self._key = signing_key(self._database, now)
        return MailLinks(key=self._key, public_url=self._public_url())

    def _recipients(
        self, session: Session, messages: Sequence[OutboxMessage], made: dict[int, Composition]
    ) -> dict[OutboxMessage, Mailbox]:
        """Look whom each message goes to, and who must not get it any more."""
        profiles = live_people.profiles_of(session, {message.user_id for message in messages})
        addresses = [profile.email for profile in profiles.values() if profile.email]
        suppressed = live_people.suppressed_among(session, addresses)
        asks_consent = live_people.asks_consent(session)
        found: dict[OutboxMessage, Mailbox] = {}
        for message in messages:
            profile = profiles.get(message.user_id)
            reason = _reason_against(profile, suppressed, asks_consent=asks_consent)
            if reason is not None:
                made[message.id] = Withheld(reason=reason.word)
            elif profile is not None and profile.email:
                found[message] = Mailbox(address=profile.email.strip())
        return found

    def _drafts(
        self,
        session: Session,
        messages: Sequence[OutboxMessage],
        versions: Mapping[str, EmailVersion | None],
        links: MailLinks,
        now: datetime,
        made: dict[int, Composition],
    ) -> list[_Draft]:
        """Find the template and the context of each message."""
        found: list[tuple[OutboxMessage, EmailTemplate]] = []
        for message in messages:
            template = self._templates.of(versions[message.template], message.template)
            if template is None:
                made[message.id] = NotComposed(message=_no_template(message))
            else:
                found.append((message, _as_sent(template, message)))
        return self._in_context(session, found, links, now)

    def _in_context(
        self,
        session: Session,
        found: Sequence[tuple[OutboxMessage, EmailTemplate]],
        links: MailLinks,
        now: datetime,
    ) -> list[_Draft]:
        said = self._company()
        messages = [message for message, _ in found]
        contexts = self._contexts.of(
            session, messages, lambda message: _context_links(message, links), said, now
        )
        return [
            _Draft(message=message, template=template, context=context)
            for (message, template), context in zip(found, contexts, strict=True)
        ]

    def _company(self) -> Plain:
        return company(self._database).as_context()

    def _rendered(self, drafts: Sequence[_Draft]) -> list[tuple[_Draft, Outcome]]:
        """Render drafts, all of one template in a row."""
        groups: dict[tuple[str, str], list[_Draft]] = {}
        for draft in drafts:
            groups.setdefault((draft.template.name, draft.template.subject), []).append(draft)
        rendered: list[tuple[_Draft, Outcome]] = []
        for group in groups.values():
            contexts = [draft.context.as_mapping() for draft in group]
            if len(group) == 1:
                outcomes = [self._renderer.render(group[0].template, contexts[0], Mode.SEND)]
            else:
                outcomes = list(self._renderer.render_many(group[0].template, contexts, Mode.SEND))
            rendered += zip(group, outcomes, strict=True)
        return rendered

    def _composed(
        self, draft: _Draft, outcome: Outcome, recipient: Mailbox, links: MailLinks
    ) -> Composition:
        message = draft.message
        if not isinstance(outcome, RenderedEmail):
            said = f"The e-mail {message.template!r} for {message.user_id!r}: {outcome.message}"
            return NotComposed(message=said)
        return Composed(
            rendered=self._led(message, outcome, links, with_picture=True),
            recipient=recipient,
            unsubscribe_url=links.unsubscribe(message.key, message.user_id),
        )

    def _led(
        self,
        message: OutboxMessage,
        rendered: RenderedEmail,
        links: MailLinks,
        *,
        with_picture: bool,
    ) -> RenderedEmail:
        """Let the links of an e-mail lead through us, but those that do so already."""
        return tracked(
            rendered,
            lambda url: links.click(message.key, url),
            but=set(_context_links(message, links).values()),
            picture=links.opening(message.key) if with_picture else None,
        )


class _Templates:
    """E-mails as they were saved last, read again only where there is a later version."""

    def __init__(self, starters: Starters) -> None:
        self._starters = starters
        self._kept: OrderedDict[tuple[object, ...], EmailTemplate] = OrderedDict()
        self._lock = Lock()

    def of(self, version: EmailVersion | None, name: str) -> EmailTemplate | None:
        """Give an e-mail in a version, or without one as it came; None where there is none."""
        if version is None:
            return self._starters.get(name)
        place = (name, version.number, version.saved_at)
        with self._lock:
            if place not in self._kept:
                self._kept[place] = template_of(version.source, self._starters)
                while len(self._kept) > _KEPT_TEMPLATES:
                    self._kept.popitem(last=False)
            return self._kept[place]


def _reason_against(
    profile: Profile | None, suppressed: set[str], *, asks_consent: bool
) -> MessageOutcome | None:
    """Say why somebody must not get an e-mail now, whatever held when it became due (5.5)."""
    if profile is None:
        return MessageOutcome.NO_ADDRESS
    if profile.unsubscribed or (asks_consent and not profile.consent):
        return MessageOutcome.UNSUBSCRIBED
    address = (profile.email or "").strip().lower()
    if address in suppressed or is_yes(profile.traits.get(SUPPRESSED)):
        return MessageOutcome.SUPPRESSED
    return None if profile.email else MessageOutcome.NO_ADDRESS


def _as_sent(template: EmailTemplate, message: OutboxMessage) -> EmailTemplate:
    return template if message.subject is None else replace(template, subject=message.subject)


def _context_links(message: OutboxMessage, links: MailLinks) -> dict[str, str]:
    return {
        "unsubscribe": links.unsubscribe(message.key, message.user_id),
        "preferences": links.preferences(message.key, message.user_id),
        "browser": links.view(message.key),
    }


def _no_template(message: OutboxMessage) -> str:
    return (
        f"There is no e-mail {message.template!r} any more, which the step {message.step!r} sends; "
        "save one of that name, or publish a version of the campaign without it."
    )
