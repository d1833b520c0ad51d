"""What people choose by the links of an e-mail: to get no more, or what they get."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from core.domain.consents import MARKETING_NAME, ConsentSource, ConsentState
from core.domain.instants import as_microseconds
from core.domain.mail_choices import Choice, Choices
from core.domain.mail_events import MailEvent
from core.domain.mail_links import Said
from core.live.outcome_events import note_outcomes
from core.services.consents import Consent, consents_of, purposes, record_consent
from core.services.tracking import outcome_of
from core.store import live_launches, live_people, person_links, tracking
from core.store.address_holders import holders_of
from core.store.consents import standing
from core.store.database import once_more, reading, writing
from core.store.live_outbox import OutboxMessage

_SHOWN = 2  # letters of an address that its owner knows it by


def choices_of(database: Engine, said: Said) -> Choices:
    """Give what the owner of a link gets."""
    with reading(database) as session:
        message = _message(session, said)
        owner = _owner(session, said.user_id)
        profile = live_people.profiles_of(session, [owner]).get(owner)
    address = "" if profile is None or not profile.email else veiled(profile.email)
    return Choices(
        address=address,
        choices=[_choice(consent) for consent in consents_of(database, owner)],
        is_test=message is not None and message.is_sandbox,
        is_known=profile is not None,
    )


def unsubscribe(database: Engine, said: Said, *, at: datetime) -> Choices:
    """Send no campaign any more to the owner of a link, nor to anybody else at their address.

    Doing it again changes nothing; in an e-mail of a test nothing is changed at all.
    """

    def withdraw() -> None:
        with writing(database) as session:
            message = _message(session, said)
            if message is None or not message.is_sandbox:
                _withdraw(session, said, message, ConsentSource.UNSUBSCRIBE_LINK, at)

    once_more(withdraw)
    return choices_of(database, said)


def choose(database: Engine, said: Said, given: Collection[str], *, at: datetime) -> Choices:
    """Let the owner of a link get e-mails for some purposes, by name, and for no others."""
    before = choices_of(database, said)
    if before.is_test or not before.is_known:
        return before
    known = {purpose.name for purpose in purposes(database)}
    changed = [c for c in before.choices if c.name in known and c.is_given != (c.name in given)]
    with writing(database) as session:
        person_links.begin(session, links=True)
        for choice in changed:
            _change(session, said, choice, at)
    return choices_of(database, said)


def veiled(address: str) -> str:
    """Write an address so that its owner knows it and nobody else learns it: an…@example.org."""
    name, _, domain = address.strip().rpartition("@")
    return f"{name[:_SHOWN]}…@{domain}"


def _change(session: Session, said: Said, choice: Choice, at: datetime) -> None:
    source, owner = ConsentSource.PREFERENCE_PAGE, _owner(session, said.user_id)
    if choice.name == MARKETING_NAME and choice.is_given:
        _withdraw(session, said, _message(session, said), source, at)
        return
    state = ConsentState.WITHDRAWN if choice.is_given else ConsentState.GIVEN
    evidence = _evidence(said)
    record_consent(session, owner, choice.name, state, at=at, source=source, evidence=evidence)


def _withdraw(
    session: Session,
    said: Said,
    message: OutboxMessage | None,
    source: ConsentSource,
    at: datetime,
) -> None:
    """Withdraw the consent of all who have the address, and note it as what became of the mail."""
    person_links.begin(session, links=True)
    owner = _owner(session, said.user_id)
    profiles = live_people.profiles_of(session, [owner, said.user_id])
    addresses = [profile.email for profile in profiles.values() if profile.email]
    addresses += [message.address] if message is not None and message.address else []
    others = {user for users in holders_of(session, addresses).values() for user in users}
    own = profiles.get(owner) or profiles.get(said.user_id)
    if message is not None and own is not None and not own.unsubscribed:
        _note(session, message, at)
    word = standing(session, MARKETING_NAME, {*profiles, *others})
    known = live_people.profiles_of(session, {*profiles, *others})
    for user_id in sorted(known):
        is_done = known[user_id].unsubscribed and word.get(user_id) is ConsentState.WITHDRAWN
        if is_done:
            continue
        record_consent(
            session,
            user_id,
            MARKETING_NAME,
            ConsentState.WITHDRAWN,
            at=at,
            source=source,
            evidence=_evidence(said),
        )


def _note(session: Session, message: OutboxMessage, at: datetime) -> None:
    names = {launch.id: launch.name for launch in live_launches.stored_launches(session)}
    now = as_microseconds(at)
    outcome = outcome_of(
        message, MailEvent.UNSUBSCRIBED, names[message.launch_id], at=now, once=str(now)
    )
    note_outcomes(session, [outcome], now=now)


def _message(session: Session, said: Said) -> OutboxMessage | None:
    return tracking.messages_by_key(session, [said.message_key]).get(said.message_key)


def _owner(session: Session, user_id: str) -> str:
    return person_links.owners(session, [user_id]).get(user_id, user_id)


def _evidence(said: Said) -> str:
    return f"link of the message {said.message_key}"


def _choice(consent: Consent) -> Choice:
    purpose = consent.purpose
    return Choice(
        name=purpose.name,
        title=purpose.title,
        description=purpose.description,
        is_given=consent.is_reachable,
    )
