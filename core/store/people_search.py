"""Finding people among what live knows."""

from collections.abc import Mapping

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from core.store.ingest_tables import PersonLinkRow
from core.store.live_events import ReceivedEvent
from core.store.live_sets import among, table_of
from core.store.live_tables import EventRow, ProfileRow

_EVENTS, _PROFILES = table_of(EventRow), table_of(ProfileRow)
_LINKS = table_of(PersonLinkRow)
_FIELDS = [_EVENTS.c[name] for name in ReceivedEvent._fields]


def find(session: Session, text: str, limit: int) -> list[str]:
    """Give the ids of people whose id, former id or address begins with a text, exact first."""
    connection = session.connection()
    owner = select(_LINKS.c.user_id).where(_LINKS.c.person_id == text)
    exact = [
        *connection.execute(owner).scalars(),
        *connection.execute(
            select(_PROFILES.c.user_id)
            .where(or_(_PROFILES.c.user_id == text, _PROFILES.c.email_key == text.lower()))
            .limit(limit)
        ).scalars(),
        *connection.execute(
            select(_EVENTS.c.user_id).where(_EVENTS.c.user_id == text).limit(1)
        ).scalars(),
    ]
    begins = [
        _PROFILES.c.user_id.startswith(text, autoescape=True),
        _PROFILES.c.email_key.startswith(text.lower(), autoescape=True),
    ]
    more = connection.execute(select(_PROFILES.c.user_id).where(or_(*begins)).limit(limit))
    return list(dict.fromkeys([*exact, *sorted(more.scalars())]))[:limit]


def latest(session: Session, limit: int, looked_at: int) -> list[str]:
    """Give the ids of those who did something last, among so many of the latest events."""
    last = select(_EVENTS.c.user_id, _EVENTS.c.seq).order_by(_EVENTS.c.seq.desc()).limit(looked_at)
    recent = last.subquery()
    rows = session.connection().execute(
        select(recent.c.user_id)
        .group_by(recent.c.user_id)
        .order_by(func.max(recent.c.seq).desc())
        .limit(limit)
    )
    return list(rows.scalars())


def some_profiles(session: Session, limit: int) -> list[str]:
    """Give the ids of some people with a profile."""
    rows = session.connection().execute(select(_PROFILES.c.user_id).limit(limit))
    return list(rows.scalars())


def emails_of(session: Session, user_ids: list[str]) -> Mapping[str, str]:
    """Give the addresses of those who have one."""
    rows = session.connection().execute(
        select(_PROFILES.c.user_id, _PROFILES.c.email).where(
            among(session, _PROFILES.c.user_id, user_ids), _PROFILES.c.email.is_not(None)
        )
    )
    return {row.user_id: row.email for row in rows}


def latest_events(session: Session, user_id: str, limit: int) -> list[ReceivedEvent]:
    """Give what somebody did, the latest first."""
    rows = session.connection().execute(
        select(*_FIELDS)
        .where(_EVENTS.c.user_id == user_id)
        .order_by(_EVENTS.c.at.desc(), _EVENTS.c.seq.desc())
        .limit(limit)
    )
    return [ReceivedEvent._make(row) for row in rows]


def same_address(session: Session, user_id: str, address: str) -> list[str]:
    """Give the ids of others with an address."""
    key = address.strip().lower()
    rows = session.connection().execute(
        select(_PROFILES.c.user_id)
        .where(_PROFILES.c.email_key == key, _PROFILES.c.user_id != user_id)
        .limit(20)
    )
    return list(rows.scalars())
