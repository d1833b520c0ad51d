"""Calls of other systems on their way: each taken by one caller at a time, tried again, or dead.

Times in µs. The `key` of an effect is its id for the other side, the same at each try.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, exists, func, or_, select, update
from sqlalchemy.orm import Session

from core.store.live_sets import among, is_sqlite, table_of
from core.store.live_tables import EffectRow, EnrolmentRow, LaunchRow

WEBHOOK = "webhook"
QUEUED, CALLING, DONE, DEAD, WITHHELD = "queued", "calling", "done", "dead", "withheld"
STOPPED, HOLDOUT, SANDBOX = "stopped", "holdout", "sandbox"

_EFFECTS, _LAUNCHES = table_of(EffectRow), table_of(LaunchRow)
_ENROLMENTS = table_of(EnrolmentRow)
_IS_CALL = _EFFECTS.c.kind == WEBHOOK


class StoredCall(NamedTuple):
    """One call; `document` is the step as JSON, `at` when it was reached."""

    id: int
    key: str
    launch_id: int
    enrolment_id: str
    user_id: str
    step: str
    document: str
    at: int
    state: str
    attempt_count: int
    host: str | None
    answer: str | None
    changed_at: int


_FIELDS = [_EFFECTS.c[name] for name in StoredCall._fields]


def has_due(session: Session, now: int) -> bool:
    """Say whether a call waits that could be tried now."""
    is_due = or_(_EFFECTS.c.next_at.is_(None), _EFFECTS.c.next_at <= now)
    asked = select(_EFFECTS.c.id).where(_IS_CALL, _EFFECTS.c.state.in_([QUEUED, CALLING]), is_due)
    return session.connection().execute(asked.limit(1)).first() is not None


def withhold(session: Session, now: int) -> None:
    """Withhold calls of sandboxes, of people who are held out, and of launches that were stopped.

    One that a person asked for again goes out in any case.
    """
    own = _ENROLMENTS.c.id == _EFFECTS.c.enrolment_id
    held_out = exists().where(own, _ENROLMENTS.c.is_held_out)
    stopped = select(_LAUNCHES.c.id).where(_LAUNCHES.c.state == "stopped")
    is_fresh = _EFFECTS.c.next_at.is_(None)
    reasons: tuple[tuple[str, ColumnElement[bool]], ...] = (
        (SANDBOX, _EFFECTS.c.is_sandbox & is_fresh),
        (HOLDOUT, held_out & is_fresh),
        (STOPPED, _EFFECTS.c.launch_id.in_(stopped) & _EFFECTS.c.resent_at.is_(None)),
    )
    for reason, applies in reasons:
        session.connection().execute(
            update(_EFFECTS)
            .where(_IS_CALL, _EFFECTS.c.state == QUEUED, applies)
            .values(state=WITHHELD, answer=reason, changed_at=now)
        )


def fresh_calls(session: Session, limit: int) -> list[tuple[int, str]]:
    """List calls nobody looked at yet: id and document."""
    asked = (
        select(_EFFECTS.c.id, _EFFECTS.c.document)
        .where(_IS_CALL, _EFFECTS.c.state == QUEUED, _EFFECTS.c.next_at.is_(None))
        .order_by(_EFFECTS.c.id)
        .limit(limit)
    )
    if not is_sqlite(session):
        asked = asked.with_for_update(skip_locked=True)
    return [(row[0], row[1]) for row in session.connection().execute(asked)]


def note_hosts(session: Session, hosts: Mapping[int, str], now: int) -> None:
    """Note where calls go, and let them be tried from now on."""
    for host in sorted(set(hosts.values())):
        ids = [call_id for call_id, name in hosts.items() if name == host]
        session.connection().execute(
            update(_EFFECTS)
            .where(among(session, _EFFECTS.c.id, ids))
            .values(host=host, next_at=now)
        )


def claim(
    session: Session, now: int, until: int, free: Mapping[str, int], per_host: int, limit: int
) -> list[StoredCall]:
    """Take calls that are due, the longest due first; nobody else takes them before `until`.

    `free` says for busy hosts how many more calls they may get now; others may get `per_host`.
    """
    taken: list[int] = []
    left = dict(free)
    while len(taken) < limit:
        full = [host for host, count in left.items() if count <= 0]
        found = _due(session, now, full, taken, limit)
        before = len(taken)
        for call_id, host in found:
            if len(taken) < limit and left.setdefault(host, per_host) > 0:
                left[host] -= 1
                taken.append(call_id)
        if len(found) < limit or len(taken) == before:
            break
    return _mark_taken(session, taken, now, until)


def settle(
    session: Session,
    call: StoredCall,
    state: str,
    *,
    now: int,
    answer: str | None = None,
    next_at: int | None = None,
) -> bool:
    """Note what became of a call; False if somebody else has taken it over meanwhile."""
    values = {"state": state, "answer": answer, "changed_at": now}
    if next_at is not None:
        values["next_at"] = next_at
    done = session.connection().execute(
        update(_EFFECTS)
        .where(
            _EFFECTS.c.id == call.id,
            _EFFECTS.c.state == CALLING,
            _EFFECTS.c.attempt_count == call.attempt_count,
        )
        .values(**values)
        .returning(_EFFECTS.c.id)
    )
    return done.first() is not None


def dead_calls(session: Session, launch_id: int | None, limit: int) -> list[StoredCall]:
    """List calls that were given up, the latest first."""
    asked = select(*_FIELDS).where(_IS_CALL, _EFFECTS.c.state == DEAD)
    if launch_id is not None:
        asked = asked.where(_EFFECTS.c.launch_id == launch_id)
    latest = asked.order_by(_EFFECTS.c.changed_at.desc(), _EFFECTS.c.id.desc()).limit(limit)
    return [StoredCall._make(row) for row in session.connection().execute(latest)]


def queue_again(session: Session, call_id: int, now: int) -> StoredCall | None:
    """Let a call that was given up be tried anew; None if there is no such call."""
    again = session.connection().execute(
        update(_EFFECTS)
        .where(_IS_CALL, _EFFECTS.c.id == call_id, _EFFECTS.c.state == DEAD)
        .values(state=QUEUED, attempt_count=0, next_at=now, resent_at=now, changed_at=now)
        .returning(*_FIELDS)
    )
    row = again.first()
    return None if row is None else StoredCall._make(row)


def call_counts(session: Session) -> dict[str, int]:
    """Count calls by state."""
    asked = select(_EFFECTS.c.state, func.count()).where(_IS_CALL).group_by(_EFFECTS.c.state)
    return {row[0]: row[1] for row in session.connection().execute(asked)}


def _due(
    session: Session, now: int, full: Collection[str], taken: Sequence[int], limit: int
) -> list[tuple[int, str]]:
    paused = select(_LAUNCHES.c.id).where(_LAUNCHES.c.state == "paused")
    asked = (
        select(_EFFECTS.c.id, _EFFECTS.c.host)
        .where(
            _IS_CALL,
            # One that is being called by somebody who was killed is due again as well.
            _EFFECTS.c.state.in_([QUEUED, CALLING]),
            _EFFECTS.c.next_at <= now,
            _EFFECTS.c.host.not_in(full),
            _EFFECTS.c.id.not_in(taken),
            or_(_EFFECTS.c.launch_id.not_in(paused), _EFFECTS.c.resent_at.is_not(None)),
        )
        .order_by(_EFFECTS.c.next_at, _EFFECTS.c.id)
        .limit(limit)
    )
    if not is_sqlite(session):
        asked = asked.with_for_update(skip_locked=True)
    return [(row[0], row[1]) for row in session.connection().execute(asked)]


def _mark_taken(session: Session, ids: Sequence[int], now: int, until: int) -> list[StoredCall]:
    if not ids:
        return []
    rows = session.connection().execute(
        update(_EFFECTS)
        .where(among(session, _EFFECTS.c.id, ids))
        .values(
            state=CALLING,
            next_at=until,
            attempt_count=_EFFECTS.c.attempt_count + 1,
            changed_at=now,
        )
        .returning(*_FIELDS)
    )
    return sorted(map(StoredCall._make, rows), key=lambda call: call.id)


class CallContext(NamedTuple):
    """What an entry says about a call: the campaign, and the person's way so far."""

    effect_id: int
    campaign: str
    variant: str
    key: str | None


def contexts(session: Session, ids: Sequence[int]) -> dict[int, CallContext]:
    """Read what entries say about calls, by the calls' ids."""
    rows = session.connection().execute(
        select(_EFFECTS.c.id, _LAUNCHES.c.name, _ENROLMENTS.c.variant, _ENROLMENTS.c.key)
        .join(_LAUNCHES, _LAUNCHES.c.id == _EFFECTS.c.launch_id)
        .join(_ENROLMENTS, _ENROLMENTS.c.id == _EFFECTS.c.enrolment_id)
        .where(among(session, _EFFECTS.c.id, ids))
    )
    return {row[0]: CallContext._make(row) for row in rows}
