"""The outbox: messages on their way, each taken by one sender and settled once (DESIGN 5).

A message is claimed, then begun, then settled, each in a transaction of its own. Only the sender
that claimed it can begin it, and only what was begun may go on the wire: so that a message whose
sender is gone goes back to the queue for certain until it was begun, and is unknown from then on.
"""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    and_,
    bindparam,
    column,
    func,
    or_,
    quoted_name,
    select,
    table,
    text,
    update,
)
from sqlalchemy.orm import Session

from core.store.live_sets import among, is_sqlite, table_of
from core.store.live_tables import LaunchRow, MessageRow

QUEUED, SENDING, SENT = "queued", "sending", "sent"
FAILED, UNKNOWN, WITHHELD = "failed", "unknown", "withheld"
SENDER_GONE = "sender_gone"

_MESSAGES, _LAUNCHES = table_of(MessageRow), table_of(LaunchRow)


class OutboxMessage(NamedTuple):
    """One message; times in µs. `key` is the same whenever the same decision is made again.

    `attempt_count` is how often a sender began to hand it over, `begun_at` when the last one did,
    `detail` a sentence or the answer of the mail server.
    """

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
    claimed_by: str | None = None
    begun_at: int | None = None
    try_at: int | None = None
    domain: str | None = None
    detail: str | None = None


_FIELDS = [_MESSAGES.c[name] for name in OutboxMessage._fields]
_RUNNING = select(_LAUNCHES.c.id).where(_LAUNCHES.c.state == "running")
# In the words of its index: with parameters in it, SQLite would not see that they are the same.
_UNTOLD = text("state = 'withheld' AND told_at IS NULL AND NOT is_sandbox")
_IS_OPEN = or_(
    _MESSAGES.c.state == SENDING,
    and_(_MESSAGES.c.state == UNKNOWN, _MESSAGES.c.reason == SENDER_GONE),
)
# Made once: writing a statement costs more than carrying it out.
_SETTLED = (
    update(_MESSAGES)
    .where(_MESSAGES.c.key == bindparam("own_key"))
    .values(
        {name: bindparam(name) for name in ("state", "reason", "address", "detail", "changed_at")}
    )
    .returning(_MESSAGES.c.id)
)
_SETTLE_ANY = _SETTLED.where(_MESSAGES.c.state == SENDING)
_SETTLE_OWN = _SETTLED.where(_MESSAGES.c.claimed_by == bindparam("own_sender"), _IS_OPEN)
_STOPPED = select(_LAUNCHES.c.id).where(_LAUNCHES.c.state == "stopped")


def claim(
    session: Session,
    now: int,
    limit: int,
    *,
    is_sandbox: bool = False,
    sender: str = "",
    domain: str | None = None,
    since: int = 0,
) -> list[OutboxMessage]:
    """Take queued messages of running launches that are due for sending, the earliest first.

    `sender` names this claim and no other; what was due before `since` (µs) stays. What had to wait
    for the server of its address is taken by `domain` alone, so that it does not stand in the way
    of the others.
    """
    wanted = (
        select(_MESSAGES.c.id)
        .where(
            _MESSAGES.c.state == QUEUED,
            _MESSAGES.c.domain.is_(None) if domain is None else _MESSAGES.c.domain == domain,
            _MESSAGES.c.due_at.between(since, now),
            _is_time(now),
            _MESSAGES.c.is_sandbox == is_sandbox,
            _MESSAGES.c.launch_id.in_(_RUNNING),
        )
        .order_by(_MESSAGES.c.due_at, _MESSAGES.c.id)
        .limit(limit)
    )
    if not is_sqlite(session):
        wanted = wanted.with_for_update(skip_locked=True)
    # Asked once and before the update, which PostgreSQL else may do several times.
    taken = wanted.cte("taken")
    rows = session.connection().execute(
        update(_MESSAGES)
        .where(_MESSAGES.c.id.in_(select(taken.c.id)))
        .values(state=SENDING, claimed_by=sender, begun_at=None, changed_at=now)
        .returning(*_FIELDS)
    )
    return sorted(map(OutboxMessage._make, rows), key=lambda message: (message.due_at, message.id))


def has_work(session: Session, now: int, before: int, *, with_sandbox: bool) -> bool:
    """Say whether a sender has anything to do: what is due, or silent since an instant (µs)."""
    due = and_(_MESSAGES.c.state == QUEUED, _MESSAGES.c.due_at <= now, _is_time(now))
    if not with_sandbox:
        due = and_(due, ~_MESSAGES.c.is_sandbox)
    silent = and_(_MESSAGES.c.state == SENDING, _MESSAGES.c.changed_at < before)
    # One after the other: each has an index of its own.
    asked = [select(_MESSAGES.c.id).where(which) for which in (due, silent)]
    connection = session.connection()
    return any(connection.execute(one.limit(1)).first() for one in [*asked, _untold_ids(session)])


def waiting_domains(session: Session, now: int, limit: int) -> list[str]:
    """Name the domains of addresses for which messages had to wait that may be tried now."""
    rows = session.connection().execute(
        select(_MESSAGES.c.domain)
        .distinct()
        .where(
            _MESSAGES.c.state == QUEUED,
            _MESSAGES.c.domain.is_not(None),
            _is_time(now),
            _MESSAGES.c.launch_id.in_(_RUNNING),
        )
        .limit(limit)
    )
    return [row[0] for row in rows.all()]


def held(session: Session, ids: Collection[int], sender: str) -> dict[int, tuple[str, str]]:
    """Give of the messages that a claim still holds: person and the launch's state, by message."""
    rows = session.connection().execute(
        select(_MESSAGES.c.id, _MESSAGES.c.user_id, _LAUNCHES.c.state)
        .join(_LAUNCHES, _LAUNCHES.c.id == _MESSAGES.c.launch_id)
        .where(*_mine(ids, sender))
    )
    return {row[0]: (row[1], row[2]) for row in rows}


def begin(
    session: Session, ids: Collection[int], sender: str, now: int, *, is_repeatable: bool = False
) -> set[int]:
    """Note that messages of a claim are about to be handed over; give those that may be.

    Once this is committed nobody else hands them over, unless that is repeatable: then a sender's
    end does not make them unknown.
    """
    done = session.connection().execute(
        update(_MESSAGES)
        .where(*_mine(ids, sender), _MESSAGES.c.begun_at.is_(None))
        .values(
            begun_at=None if is_repeatable else now,
            attempt_count=_MESSAGES.c.attempt_count + 1,
            changed_at=now,
        )
        .returning(_MESSAGES.c.id)
    )
    return {row[0] for row in done}


def settle(
    session: Session,
    key: str,
    state: str,
    *,
    now: int,
    reason: str = "",
    address: str | None = None,
    detail: str | None = None,
    sender: str | None = None,
) -> bool:
    """Note what became of a message that was being sent; False if it was settled already.

    Its sender (the claim's name) may still tell of a message that somebody else called unknown.
    """
    said = {"state": state, "reason": reason, "address": address, "detail": detail}
    statement = _SETTLE_ANY if sender is None else _SETTLE_OWN
    done = session.connection().execute(
        statement, {"own_key": key, "own_sender": sender, "changed_at": now, **said}
    )
    return done.first() is not None


def put_back(
    session: Session,
    ids: Collection[int],
    sender: str,
    *,
    now: int,
    try_at: int | None = None,
    domain: str | None = None,
    reason: str = "",
    detail: str | None = None,
) -> int:
    """Let messages of a claim wait again, of which none was taken; give how many did.

    They are not tried before `try_at`, and then as those of their `domain`, if one is given.
    """
    done = session.connection().execute(
        update(_MESSAGES)
        .where(_MESSAGES.c.id.in_(list(ids)), _MESSAGES.c.claimed_by == sender, _IS_OPEN)
        .values(
            state=QUEUED,
            claimed_by=None,
            begun_at=None,
            try_at=try_at,
            domain=domain,
            reason=reason,
            detail=detail,
            changed_at=now,
        )
        .returning(_MESSAGES.c.id)
    )
    return len(done.all())


def requeue_silent(session: Session, before: int, now: int) -> int:
    """Let messages wait again that were not begun by a sender not heard of since an instant (µs).

    That sender can begin them no more, so nobody gets them twice.
    """
    done = session.connection().execute(
        update(_MESSAGES)
        .where(
            _MESSAGES.c.state == SENDING,
            _MESSAGES.c.begun_at.is_(None),
            _MESSAGES.c.changed_at < before,
        )
        .values(state=QUEUED, claimed_by=None, changed_at=now)
        .returning(_MESSAGES.c.id)
    )
    return len(done.all())


def give_up_silent(session: Session, before: int, now: int) -> int:
    """Call begun messages unknown whose sender was not heard of since an instant (µs).

    They may have arrived, so they are never sent again.
    """
    done = session.connection().execute(
        update(_MESSAGES)
        .where(
            _MESSAGES.c.state == SENDING,
            _MESSAGES.c.begun_at.is_not(None),
            _MESSAGES.c.changed_at < before,
        )
        .values(state=UNKNOWN, reason=SENDER_GONE, changed_at=now)
        .returning(_MESSAGES.c.id)
    )
    return len(done.all())


def withhold_stopped(session: Session, reason: str, now: int) -> int:
    """Withhold what came back to the queue after its launch was stopped."""
    done = session.connection().execute(
        update(_MESSAGES)
        .where(
            _MESSAGES.c.state == QUEUED,
            _MESSAGES.c.launch_id.in_(_STOPPED),
            ~_MESSAGES.c.is_sandbox,
        )
        .values(state=WITHHELD, reason=reason, changed_at=now)
        .returning(_MESSAGES.c.id)
    )
    return len(done.all())


def untold(session: Session, limit: int) -> list[OutboxMessage]:
    """List withheld messages of which no event tells yet, whoever withheld them."""
    found = session.connection().execute(_untold_ids(session).order_by(text("id")).limit(limit))
    ids = [row[0] for row in found]
    if not ids:
        return []
    asked = select(*_FIELDS).where(_MESSAGES.c.id.in_(ids), _UNTOLD).order_by(_MESSAGES.c.id)
    if not is_sqlite(session):
        asked = asked.with_for_update(skip_locked=True)
    return [OutboxMessage._make(row) for row in session.connection().execute(asked)]


def mark_told(session: Session, ids: Collection[int], now: int) -> None:
    """Note that events tell of withheld messages."""
    session.connection().execute(
        update(_MESSAGES).where(among(session, _MESSAGES.c.id, ids)).values(told_at=now)
    )


def _untold_ids(session: Session) -> Select[Any]:
    """Ask for the untold by their own index; SQLite else looks at all that was ever withheld."""
    named = "live_messages INDEXED BY ix_live_messages_untold"
    source = table(quoted_name(named if is_sqlite(session) else "live_messages", quote=False))
    return select(column("id", BigInteger)).select_from(source).where(_UNTOLD)


def _is_time(now: int) -> ColumnElement[bool]:
    return or_(_MESSAGES.c.try_at.is_(None), _MESSAGES.c.try_at <= now)


def _mine(ids: Collection[int], sender: str) -> list[ColumnElement[bool]]:
    return [
        _MESSAGES.c.id.in_(list(ids)),
        _MESSAGES.c.state == SENDING,
        _MESSAGES.c.claimed_by == sender,
    ]


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
