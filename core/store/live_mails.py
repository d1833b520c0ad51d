"""The outbox as somebody looks at it, and messages that are queued anew because they asked."""

from collections.abc import Sequence

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core.store.live_outbox import (
    FAILED,
    QUEUED,
    SENDING,
    SENT,
    UNKNOWN,
    WITHHELD,
    OutboxMessage,
)
from core.store.live_sets import table_of
from core.store.live_tables import LaunchRow, MessageRow

STATES = (QUEUED, SENDING, SENT, FAILED, UNKNOWN, WITHHELD)

_MESSAGES, _LAUNCHES = table_of(MessageRow), table_of(LaunchRow)
_FIELDS = [_MESSAGES.c[name] for name in OutboxMessage._fields]


def latest_messages(
    session: Session,
    *,
    state: str | None,
    launch_id: int | None,
    user_id: str | None,
    limit: int,
) -> list[OutboxMessage]:
    """List messages that fit, the latest due first.

    Each state of each launch is asked for by itself: so an index gives the latest, whatever there
    is in all.
    """
    if user_id is not None:
        return _of_person(session, user_id, state, launch_id, limit)
    asked = select(_LAUNCHES.c.id).order_by(_LAUNCHES.c.id.desc())
    launches = [row[0] for row in session.connection().execute(asked)]
    found: list[OutboxMessage] = []
    for place in launches if launch_id is None else [launch_id]:
        for one in STATES if state is None else (state,):
            fitting = select(*_FIELDS).where(
                _MESSAGES.c.launch_id == place, _MESSAGES.c.state == one
            )
            latest = fitting.order_by(_MESSAGES.c.due_at.desc()).limit(limit)
            found += map(OutboxMessage._make, session.connection().execute(latest))
    return _latest_first(found, limit)


def _of_person(
    session: Session, user_id: str, state: str | None, launch_id: int | None, limit: int
) -> list[OutboxMessage]:
    asked = select(*_FIELDS).where(_MESSAGES.c.user_id == user_id)
    if state is not None:
        asked = asked.where(_MESSAGES.c.state == state)
    if launch_id is not None:
        asked = asked.where(_MESSAGES.c.launch_id == launch_id)
    rows = session.connection().execute(asked)
    return _latest_first([OutboxMessage._make(row) for row in rows.all()], limit)


def _latest_first(found: list[OutboxMessage], limit: int) -> list[OutboxMessage]:
    return sorted(found, key=lambda message: (message.due_at, message.id), reverse=True)[:limit]


def message_of(session: Session, key: str) -> OutboxMessage | None:
    """Give the message of a key; None if there is none."""
    row = session.connection().execute(select(*_FIELDS).where(_MESSAGES.c.key == key)).first()
    return None if row is None else OutboxMessage._make(row)


def queue_again(session: Session, key: str, states: Sequence[str], *, now: int) -> bool:
    """Let a message in one of the states wait to be sent once more; False if it is in another."""
    done = session.connection().execute(
        update(_MESSAGES)
        .where(_MESSAGES.c.key == key, _MESSAGES.c.state.in_(states))
        .values(
            state=QUEUED,
            reason="",
            detail=None,
            claimed_by=None,
            begun_at=None,
            try_at=None,
            domain=None,
            told_at=None,
            attempt_count=0,
            changed_at=now,
        )
        .returning(_MESSAGES.c.id)
    )
    return done.first() is not None
