"""What people do with e-mails as it comes in, and what else e-mails are made of."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from core.store.launch_changes import launch_changes
from core.store.live_outbox import OutboxMessage
from core.store.live_sets import add_all, among, is_sqlite, table_of
from core.store.live_tables import EnrolmentRow, EventRow, MessageRow
from core.store.tracking_tables import HitRow

OPEN, CLICK = "open", "click"

_HITS, _MESSAGES = table_of(HitRow), table_of(MessageRow)
_ENROLMENTS, _EVENTS = table_of(EnrolmentRow), table_of(EventRow)


class Hit(NamedTuple):
    """A request for the picture or a link of an e-mail; times in µs, `sign` as in `HitRow`."""

    id: int
    message_key: str
    user_id: str
    kind: str
    url: str
    at: int
    sign: str
    noted_at: int | None
    is_machine: bool


_FIELDS = [_HITS.c[name] for name in Hit._fields]
_MESSAGE_FIELDS = [_MESSAGES.c[name] for name in OutboxMessage._fields]


def histories(session: Session) -> dict[int, str]:
    """Name the dataset that each launch was given last, if any."""
    return {
        change.launch_id: change.dataset
        for change in launch_changes(session)
        if change.dataset is not None
    }


def keys_of_enrolments(session: Session, ids: Iterable[str]) -> dict[str, str | None]:
    """Give the keys of some enrolments, None for those without."""
    asked = select(_ENROLMENTS.c.id, _ENROLMENTS.c.key).where(among(session, _ENROLMENTS.c.id, ids))
    return {row[0]: row[1] for row in session.connection().execute(asked)}


def latest_events(session: Session, count: int) -> list[tuple[str, str]]:
    """Give name and properties (JSON text) of the events received last."""
    latest = select(_EVENTS.c.event, _EVENTS.c.properties).order_by(_EVENTS.c.seq.desc())
    return [(row[0], row[1]) for row in session.connection().execute(latest.limit(count))]


def messages_by_key(session: Session, keys: Iterable[str]) -> dict[str, OutboxMessage]:
    """Read messages by their keys."""
    asked = select(*_MESSAGE_FIELDS).where(among(session, _MESSAGES.c.key, keys))
    return {row.key: OutboxMessage._make(row) for row in session.connection().execute(asked)}


def last_sent_to(
    session: Session, user_ids: Iterable[str], address: str, since: int
) -> OutboxMessage | None:
    """Give what was handed over last to an address, since an instant (µs), for some people."""
    asked = (
        select(*_MESSAGE_FIELDS)
        .where(
            among(session, _MESSAGES.c.user_id, user_ids),
            func.lower(_MESSAGES.c.address) == address.strip().lower(),
            _MESSAGES.c.state.in_(("sent", "unknown")),
            _MESSAGES.c.changed_at >= since,
            _MESSAGES.c.is_sandbox.is_(False),
        )
        .order_by(_MESSAGES.c.changed_at.desc(), _MESSAGES.c.id.desc())
        .limit(1)
    )
    row = session.connection().execute(asked).first()
    return None if row is None else OutboxMessage._make(row)


def add_hit(
    session: Session, *, message_key: str, user_id: str, kind: str, url: str, at: int, sign: str
) -> None:
    """Take a request down; it waits to become an event."""
    row = {
        "message_key": message_key,
        "user_id": user_id,
        "kind": kind,
        "url": url,
        "at": at,
        "sign": sign,
        "is_machine": False,
    }
    add_all(session, _HITS, [row])


def is_flooded(session: Session, message_key: str, most: int) -> bool:
    """Say whether so many requests about a message are kept already."""
    kept = select(_HITS.c.id).where(_HITS.c.message_key == message_key).limit(most).subquery()
    count = session.connection().execute(select(func.count()).select_from(kept)).scalar_one()
    return int(count) >= most


def take_hits(session: Session, until: int, limit: int) -> list[Hit]:
    """Give requests up to an instant (µs) that are no events yet, the earliest first.

    They are this transaction's: another process takes others.
    """
    asked = (
        select(*_FIELDS)
        .where(_HITS.c.noted_at.is_(None), _HITS.c.at <= until)
        .order_by(_HITS.c.at, _HITS.c.id)
        .limit(limit)
    )
    if not is_sqlite(session):
        asked = asked.with_for_update(skip_locked=True)
    return [Hit._make(row) for row in session.connection().execute(asked)]


def hits_around(session: Session, keys: Iterable[str], since: int) -> list[Hit]:
    """Give all requests about some messages since an instant (µs), the earliest first."""
    asked = select(*_FIELDS).where(among(session, _HITS.c.message_key, keys), _HITS.c.at >= since)
    rows = session.connection().execute(asked.order_by(_HITS.c.at, _HITS.c.id))
    return [Hit._make(row) for row in rows]


def mark_noted(session: Session, ids: Sequence[int], *, is_machine: bool, now: int) -> None:
    """Note that requests became events, or need not become any."""
    if ids:
        session.connection().execute(
            update(_HITS)
            .where(among(session, _HITS.c.id, ids))
            .values(noted_at=now, is_machine=is_machine)
        )


def forget_hits(session: Session, before: int) -> None:
    """Forget requests that became events before an instant (µs)."""
    session.connection().execute(delete(_HITS).where(_HITS.c.noted_at < before))
