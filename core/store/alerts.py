"""Alerts: the times in which a rule was broken, and the messages about them until they are told."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from core.store.live_sets import add_all, insert_into, is_sqlite, table_of
from core.store.watching_tables import AlertEpisodeRow, AlertNoticeRow

QUEUED, SENDING, TOLD, FAILED = "queued", "sending", "told", "failed"

_EPISODES, _NOTICES = table_of(AlertEpisodeRow), table_of(AlertNoticeRow)


class Episode(NamedTuple):
    """A time in which a rule was broken, as it was `said` then; open while `closed_at` is None."""

    id: int
    rule: str
    raised_at: datetime
    closed_at: datetime | None
    said: str


class Notice(NamedTuple):
    """A message about an episode, to an address by one way; `reason` says why it was not told."""

    id: int
    episode_id: int
    kind: str
    way: str
    target: str
    said: str
    state: str
    reason: str
    attempt_count: int
    due_at: datetime

    @property
    def is_told(self) -> bool:
        """Say whether it was told."""
        return self.state == TOLD


_FIELDS = [_NOTICES.c[name] for name in Notice._fields]


def episodes(session: Session, *, is_open: bool | None = None, limit: int = 100) -> list[Episode]:
    """List episodes, the latest first: those that are open, the others, or all."""
    asked = select(*(_EPISODES.c[name] for name in Episode._fields))
    if is_open is not None:
        closed = _EPISODES.c.closed_at
        asked = asked.where(closed.is_(None) if is_open else closed.is_not(None))
    latest = asked.order_by(_EPISODES.c.id.desc()).limit(limit)
    return [Episode._make(row) for row in session.connection().execute(latest)]


def raise_episode(session: Session, rule: str, *, at: datetime, said: str) -> int | None:
    """Begin an episode and give its id; None if one of that rule is open."""
    statement = insert_into(session, _EPISODES).values(rule=rule, raised_at=at, said=said)
    returning = statement.on_conflict_do_nothing().returning(_EPISODES.c.id)
    found: int | None = session.connection().execute(returning).scalar_one_or_none()
    return found


def close_episode(session: Session, episode_id: int, *, at: datetime) -> bool:
    """End an episode; False if it had ended."""
    done = session.connection().execute(
        update(_EPISODES)
        .where(_EPISODES.c.id == episode_id, _EPISODES.c.closed_at.is_(None))
        .values(closed_at=at)
        .returning(_EPISODES.c.id)
    )
    return done.first() is not None


def add_notices(
    session: Session,
    episode_id: int,
    kind: str,
    said: str,
    ways: Sequence[tuple[str, str]],
    *,
    at: datetime,
) -> None:
    """Let messages about an episode be told by some ways, each with its address."""
    rows = [
        {
            "episode_id": episode_id,
            "kind": kind,
            "way": way,
            "target": target,
            "said": said,
            "state": QUEUED,
            "reason": "",
            "attempt_count": 0,
            "due_at": at,
        }
        for way, target in ways
    ]
    add_all(session, _NOTICES, rows)


def claim_notice(session: Session, *, now: datetime, lease: timedelta) -> Notice | None:
    """Take a message that is to be told; whoever took it and died gives it back with the lease."""
    wanted = (
        select(_NOTICES.c.id)
        .where(
            or_(_NOTICES.c.state == QUEUED, _NOTICES.c.state == SENDING), _NOTICES.c.due_at <= now
        )
        .order_by(_NOTICES.c.due_at, _NOTICES.c.id)
        .limit(1)
    )
    if not is_sqlite(session):
        wanted = wanted.with_for_update(skip_locked=True)
    row = session.connection().execute(
        update(_NOTICES)
        .where(_NOTICES.c.id.in_(wanted.scalar_subquery()))
        .values(state=SENDING, attempt_count=_NOTICES.c.attempt_count + 1, due_at=now + lease)
        .returning(*_FIELDS)
    )
    found = row.first()
    return None if found is None else Notice._make(found)


def settle_notice(
    session: Session, notice_id: int, state: str, *, reason: str, due_at: datetime
) -> None:
    """Note what became of a message, and when to try again."""
    session.connection().execute(
        update(_NOTICES)
        .where(_NOTICES.c.id == notice_id, _NOTICES.c.state == SENDING)
        .values(state=state, reason=reason, due_at=due_at)
    )


def notices(session: Session, episode_ids: Sequence[int]) -> list[Notice]:
    """List the messages about some episodes, in order."""
    rows = session.connection().execute(
        select(*_FIELDS).where(_NOTICES.c.episode_id.in_(episode_ids)).order_by(_NOTICES.c.id)
    )
    return [Notice._make(row) for row in rows.all()]


def forget_before(session: Session, at: datetime) -> int:
    """Delete episodes that ended before an instant; count them."""
    old = _EPISODES.c.closed_at < at
    count = session.connection().execute(select(func.count()).where(old)).scalar_one()
    if count:
        session.connection().execute(delete(_EPISODES).where(old))
    return int(count)
