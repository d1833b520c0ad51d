"""The outbox: messages on their way, each taken by one sender and settled once (DESIGN 5)."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from core.store.live_sets import is_sqlite, table_of
from core.store.live_tables import LaunchRow, MessageRow

QUEUED, SENDING, SENT = "queued", "sending", "sent"
FAILED, UNKNOWN, WITHHELD = "failed", "unknown", "withheld"

_MESSAGES, _LAUNCHES = table_of(MessageRow), table_of(LaunchRow)


class OutboxMessage(NamedTuple):
    """One message; times in µs. `key` is the same whenever the same decision is made again."""

    id: int
    key: str
    launch_id: int
    version_id: int
    enrolment_id: str
    user_id: str
    entered_at: int
    step: str
    template: str
    subject: str | None
    variant: str
    due_at: int
    state: str
    reason: str
    is_sandbox: bool
    address: str | None
    attempt_count: int
    changed_at: int


_FIELDS = [_MESSAGES.c[name] for name in OutboxMessage._fields]


def claim(
    session: Session, now: int, limit: int, *, is_sandbox: bool = False
) -> list[OutboxMessage]:
    """Take queued messages of running launches that are due for sending, the earliest first."""
    running = select(_LAUNCHES.c.id).where(_LAUNCHES.c.state == "running")
    wanted = (
        select(_MESSAGES.c.id)
        .where(
            _MESSAGES.c.state == QUEUED,
            _MESSAGES.c.due_at <= now,
            _MESSAGES.c.is_sandbox == is_sandbox,
            _MESSAGES.c.launch_id.in_(running),
        )
        .order_by(_MESSAGES.c.due_at, _MESSAGES.c.id)
        .limit(limit)
    )
    if not is_sqlite(session):
        wanted = wanted.with_for_update(skip_locked=True)
    rows = session.connection().execute(
        update(_MESSAGES)
        .where(_MESSAGES.c.id.in_(wanted.scalar_subquery()))
        .values(state=SENDING, attempt_count=_MESSAGES.c.attempt_count + 1, changed_at=now)
        .returning(*_FIELDS)
    )
    return sorted(map(OutboxMessage._make, rows), key=lambda message: (message.due_at, message.id))


def settle(
    session: Session,
    key: str,
    state: str,
    *,
    now: int,
    reason: str = "",
    address: str | None = None,
) -> bool:
    """Note what became of a message that was being sent; False if it was settled already."""
    done = session.connection().execute(
        update(_MESSAGES)
        .where(_MESSAGES.c.key == key, _MESSAGES.c.state == SENDING)
        .values(state=state, reason=reason, address=address, changed_at=now)
        .returning(_MESSAGES.c.id)
    )
    return done.first() is not None


def give_up_silent(session: Session, before: int, now: int) -> int:
    """Call messages unknown whose sender was not heard of since an instant (µs); count them."""
    done = session.connection().execute(
        update(_MESSAGES)
        .where(_MESSAGES.c.state == SENDING, _MESSAGES.c.changed_at < before)
        .values(state=UNKNOWN, reason="sender_gone", changed_at=now)
        .returning(_MESSAGES.c.id)
    )
    return len(done.all())


def messages(
    session: Session, only: Mapping[str, Any], before_id: int | None, limit: int
) -> list[OutboxMessage]:
    """List messages that fit, the latest first."""
    asked = select(*_FIELDS)
    for name, value in only.items():
        if value is not None:
            asked = asked.where(_MESSAGES.c[name] == value)
    if before_id is not None:
        asked = asked.where(_MESSAGES.c.id < before_id)
    rows = session.connection().execute(asked.order_by(_MESSAGES.c.id.desc()).limit(limit))
    return [OutboxMessage._make(row) for row in rows.all()]


def state_counts(session: Session, launch_id: int | None = None) -> dict[str, int]:
    """Count messages by state, those of sandboxes as `sandbox`."""
    asked = select(_MESSAGES.c.state, _MESSAGES.c.is_sandbox, func.count())
    if launch_id is not None:
        asked = asked.where(_MESSAGES.c.launch_id == launch_id)
    counts: dict[str, int] = {}
    for state, is_sandbox, count in session.connection().execute(
        asked.group_by(_MESSAGES.c.state, _MESSAGES.c.is_sandbox)
    ):
        name = "sandbox" if is_sandbox else state
        counts[name] = counts.get(name, 0) + count
    return counts


def counts_by_launch(session: Session) -> dict[int, dict[str, int]]:
    """Count the messages of each launch by state."""
    asked = select(_MESSAGES.c.launch_id, _MESSAGES.c.state, func.count())
    counts: dict[int, dict[str, int]] = {}
    for launch_id, state, count in session.connection().execute(
        asked.group_by(_MESSAGES.c.launch_id, _MESSAGES.c.state)
    ):
        counts.setdefault(launch_id, {})[state] = count
    return counts
