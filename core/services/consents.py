"""Consent by purpose: what people can agree to, what they said, and what counts now."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from core.domain.consents import (
    MARKETING,
    MARKETING_NAME,
    ConsentRecord,
    ConsentSource,
    ConsentState,
    Purpose,
)
from core.domain.errors import UnusableInput
from core.domain.instants import as_microseconds
from core.domain.values import JsonValue
from core.live.heeded import forget_unsubscribed
from core.live.people import profile_of
from core.live.withdrawals import mirror
from core.store import consents, live_people, person_links
from core.store.app_settings import keep_setting, setting
from core.store.consents import SaidBy, standing
from core.store.database import reading, writing
from core.store.live_people import Profile

SETTING = "purposes"
MOST_PURPOSES = 20
_LONGEST_TITLE, _LONGEST_DESCRIPTION = 60, 400
_NO_LETTER = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """What counts for one purpose; `state` None is nothing said, `at` (µs) is when it was said.

    `is_reachable` says whether e-mails for this purpose may go out as far as consent is concerned.
    """

    purpose: Purpose
    state: ConsentState | None
    at: int | None = None
    source: str = ""
    is_reachable: bool = False


def purposes(database: Engine) -> list[Purpose]:
    """List what people can agree to; marketing is always the first."""
    with reading(database) as session:
        return _purposes(session)


def keep_purposes(
    database: Engine, given: Sequence[tuple[str, str]], *, changed_at: datetime
) -> list[Purpose]:
    """Keep the purposes beside marketing, each as title and description; their names follow.

    A purpose keeps its name while its title makes the same one. Raises UnusableInput for a title
    that is empty, too long, or there twice.
    """
    kept = [_purpose(title, description) for title, description in given]
    names = [purpose.name for purpose in kept]
    twice = next((p for p in kept if names.count(p.name) > 1 or p.name == MARKETING_NAME), None)
    if twice is not None:
        raise UnusableInput(f"There are two purposes called {twice.title!r}; rename one of them.")
    if len(kept) > MOST_PURPOSES:
        raise UnusableInput(f"{MOST_PURPOSES} purposes are the most; people read no more.")
    documents: list[JsonValue] = [
        {"name": p.name, "title": p.title, "description": p.description} for p in kept
    ]
    with writing(database) as session:
        keep_setting(session, SETTING, documents, changed_at=changed_at)
    return [MARKETING, *kept]


def record_consent(
    where: Engine | Session,
    user_id: str,
    purpose: str,
    state: ConsentState | str,
    *,
    at: datetime,
    source: str,
    evidence: str = "",
) -> None:
    """Add what somebody said about a purpose to the log, with where it came from and its proof.

    What is said about marketing reaches the profile in the same transaction, so that nothing is
    sent any more from that moment on. Within a session it joins the caller's transaction. Raises
    UnusableInput for a purpose that is not there.
    """
    if isinstance(where, Session):
        _record(where, user_id, purpose, ConsentState(state), at, source, evidence)
    else:
        with writing(where) as session:
            _record(session, user_id, purpose, ConsentState(state), at, source, evidence)


def consents_of(
    database: Engine,
    user_id: str,
    *,
    loaded: Mapping[str, JsonValue] | None = None,
    loaded_asks: bool = False,
) -> list[Consent]:
    """Give what counts for each purpose, marketing first.

    What a shop or a file says in the profile counts where it is newer than the log, or alone.
    `loaded` is the profile in loaded data, for somebody live does not know yet: a launch takes it
    over as it stands; `loaded_asks` says that any profile of that data tells of consent.
    """
    with reading(database) as session:
        known = live_people.profiles_of(session, [user_id]).get(user_id)
        asks = live_people.asks_consent(session)
        if known is None and loaded is not None:
            known, asks = profile_of(user_id, loaded), asks or loaded_asks
        said = consents.consents_of(session, user_id)
        found = [_counting(purpose, said, known, asks) for purpose in _purposes(session)]
        email = None if known is None else known.email
        return [_at_address(session, one, email) for one in found]


def history_of(database: Engine, user_id: str) -> list[ConsentRecord]:
    """Give all that somebody said, the latest first; beside it what the profile says by itself."""
    with reading(database) as session:
        said = consents.consents_of(session, user_id)
        known = live_people.profiles_of(session, [user_id]).get(user_id)
        changed_at = live_people.changed_at(session, user_id)
    told = _told_by_profile(said, known, changed_at)
    return sorted([*said, *told], key=lambda record: record.at, reverse=True)


def _record(
    session: Session,
    user_id: str,
    purpose: str,
    state: ConsentState,
    at: datetime,
    source: str,
    evidence: str,
) -> None:
    if purpose not in {known.name for known in _purposes(session)}:
        raise UnusableInput(f"There is no purpose {purpose!r}; Settings lists those there are.")
    person_links.begin(session, links=True)
    owner = person_links.owners(session, [user_id]).get(user_id, user_id)
    record = ConsentRecord(
        purpose=purpose, state=state, at=as_microseconds(at), source=source, evidence=evidence
    )
    former = [r for r in consents.consents_of(session, owner) if r.purpose == purpose]
    if not former or former[-1] != record:
        consents.add_consents(session, [SaidBy(owner, record)])
    if purpose == MARKETING_NAME:
        if standing(session, MARKETING_NAME, [owner]).get(owner) is ConsentState.GIVEN:
            forget_unsubscribed(session, owner)
        mirror(session, owner, now=as_microseconds(at))


def _purposes(session: Session) -> list[Purpose]:
    kept = setting(session, SETTING)
    own = kept if isinstance(kept, list) else []
    return [MARKETING, *(_read(one) for one in own if isinstance(one, Mapping))]


def _read(kept: Mapping[str, JsonValue]) -> Purpose:
    return Purpose(
        name=str(kept.get("name")),
        title=str(kept.get("title")),
        description=str(kept.get("description") or ""),
    )


def _purpose(title: str, description: str) -> Purpose:
    called, about = " ".join(title.split()), " ".join(description.split())
    name = _NO_LETTER.sub("_", called.lower()).strip("_")[:40]
    if not name or not name[0].isalpha() or len(called) > _LONGEST_TITLE:
        raise UnusableInput(
            f"{called!r} is no title of a purpose; take 1 to {_LONGEST_TITLE} characters that "
            "begin with a letter, such as Newsletter."
        )
    if len(about) > _LONGEST_DESCRIPTION:
        raise UnusableInput(
            f"The description of {called!r} has {len(about)} characters; "
            f"{_LONGEST_DESCRIPTION} are the most, so shorten it."
        )
    return Purpose(name=name, title=called, description=about)


def _counting(
    purpose: Purpose, said: Sequence[ConsentRecord], known: Profile | None, asks: bool
) -> Consent:
    own = [record for record in said if record.purpose == purpose.name]
    words = [record for record in own if record.state is not ConsentState.PENDING] or own
    last = words[-1] if words else None
    if purpose.name == MARKETING_NAME and known is not None:
        return _counting_marketing(last, known, asks)
    if last is None:
        return Consent(purpose=purpose, state=None)
    is_given = last.state is ConsentState.GIVEN
    return Consent(
        purpose=purpose, state=last.state, at=last.at, source=last.source, is_reachable=is_given
    )


def _counting_marketing(last: ConsentRecord | None, known: Profile, asks: bool) -> Consent:
    """Say what sends go by, which is the profile, and where it has that from."""
    is_reachable = not known.unsubscribed and (known.consent is True or not asks)
    told = _state_told(known)
    if last is not None and (last.state is told or told is None or not _is_no(last, told)):
        return Consent(
            purpose=MARKETING,
            state=last.state,
            at=last.at,
            source=last.source,
            is_reachable=is_reachable,
        )
    source = "" if told is None else ConsentSource.API.value
    return Consent(purpose=MARKETING, state=told, source=source, is_reachable=is_reachable)


def _at_address(session: Session, one: Consent, email: str | None) -> Consent:
    """Let a withdrawal of marketing at an address count for everybody who has it."""
    if one.purpose.name != MARKETING_NAME or not one.is_reachable or not email:
        return one
    objected = consents.objected_addresses(session, MARKETING_NAME, [email])
    at = next(iter(objected.values()), None)
    if at is None:
        return one
    source = ConsentSource.SAME_ADDRESS.value
    return Consent(purpose=one.purpose, state=ConsentState.WITHDRAWN, at=at, source=source)


def _is_no(last: ConsentRecord, told: ConsentState) -> bool:
    """Say whether the profile says no to what the log says yes to: only that may be newer."""
    return last.state is ConsentState.GIVEN and told is ConsentState.WITHDRAWN


def _state_told(known: Profile) -> ConsentState | None:
    if known.unsubscribed or known.consent is False:
        return ConsentState.WITHDRAWN
    return ConsentState.GIVEN if known.consent else None


def _told_by_profile(
    said: Sequence[ConsentRecord], known: Profile | None, changed_at: int | None
) -> list[ConsentRecord]:
    """Give what a profile says by itself, as of its last change; nothing where the log says it."""
    told = None if known is None else _state_told(known)
    own = [record for record in said if record.purpose == MARKETING_NAME]
    if told is None or changed_at is None or (own and not _is_no(own[-1], told)):
        return []
    source = ConsentSource.API.value
    return [ConsentRecord(purpose=MARKETING_NAME, state=told, at=changed_at, source=source)]
