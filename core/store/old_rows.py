"""Deleting what is older than somebody wants to keep, some rows at a time.

What the evaluator still needs stays however old it is: events that wait, all about people who
have something to come, enrolments under way, and messages that did not leave yet.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, exists, or_, select
from sqlalchemy.orm import Session

from core.domain.instants import from_microseconds
from core.store.hooks_tables import HookSeenRow
from core.store.ingest_tables import RejectedCallRow
from core.store.live_outbox import FAILED, SENT, UNKNOWN, WITHHELD
from core.store.live_sets import among, table_of
from core.store.live_tables import (
    DeadLetterRow,
    DecisionRow,
    EffectRow,
    EnrolmentRow,
    EventRow,
    MessageRow,
    StateRow,
    TraceRow,
    WaitingRow,
)
from core.store.privacy_tables import AuditRow, SignUpRow
from core.store.tracking_tables import ReportRow, SoftBounceRow

_EVENTS, _WAITING, _STATES = table_of(EventRow), table_of(WaitingRow), table_of(StateRow)
_ENROLMENTS, _MESSAGES = table_of(EnrolmentRow), table_of(MessageRow)
_LETTERS, _TRACE, _DECISIONS = table_of(DeadLetterRow), table_of(TraceRow), table_of(DecisionRow)
_EFFECTS, _REJECTED, _AUDIT = table_of(EffectRow), table_of(RejectedCallRow), table_of(AuditRow)
_SEEN, _SIGN_UPS = table_of(HookSeenRow), table_of(SignUpRow)
_REPORTS, _SOFT = table_of(ReportRow), table_of(SoftBounceRow)
_DONE_MESSAGES, _DONE_EFFECTS = (SENT, FAILED, UNKNOWN, WITHHELD), ("done", "dead", "withheld")
_ACTIVE = "active"
# A sandbox's may never leave: nobody waits for them.
_IS_DONE = or_(_MESSAGES.c.state.in_(_DONE_MESSAGES), _MESSAGES.c.is_sandbox)

Forget = Callable[[Session, int, int], int]


def forget_events(session: Session, before: int, limit: int) -> int:
    """Delete at most so many decided events from before an instant (µs); give how many."""
    user = _EVENTS.c.user_id
    needed = [
        exists().where(_WAITING.c.seq == _EVENTS.c.seq),
        exists().where(_STATES.c.user_id == user, _STATES.c.next_due_at.is_not(None)),
        exists().where(_ENROLMENTS.c.user_id == user, _ENROLMENTS.c.state == _ACTIVE),
        exists().where(_MESSAGES.c.user_id == user, ~_IS_DONE),
        exists().where(_LETTERS.c.user_id == user, _LETTERS.c.is_open),
    ]
    old = select(_EVENTS.c.seq).where(_EVENTS.c.at < before, *(~one for one in needed))
    return _delete(session, _EVENTS, _EVENTS.c.seq, old, limit)


def forget_messages(session: Session, before: int, limit: int) -> int:
    """Delete at most so many messages that are done with, from before an instant (µs)."""
    old = select(_MESSAGES.c.id).where(
        _MESSAGES.c.due_at < before,
        _IS_DONE,
        ~_is_under_way(_MESSAGES.c.enrolment_id),
    )
    return _delete(session, _MESSAGES, _MESSAGES.c.id, old, limit)


def forget_steps(session: Session, before: int, limit: int) -> int:
    """Delete at most so many lines of what steps did, from before an instant (µs)."""
    old = select(_TRACE.c.id).where(_TRACE.c.at < before, ~_is_under_way(_TRACE.c.enrolment_id))
    return _delete(session, _TRACE, _TRACE.c.id, old, limit)


def forget_decisions(session: Session, before: int, limit: int) -> int:
    """Delete at most so many decisions from before an instant (µs)."""
    old = select(_DECISIONS.c.id).where(_DECISIONS.c.fired_at < before)
    return _delete(session, _DECISIONS, _DECISIONS.c.id, old, limit)


def forget_effects(session: Session, before: int, limit: int) -> int:
    """Delete at most so many effects that are done with, from before an instant (µs)."""
    old = select(_EFFECTS.c.id).where(_EFFECTS.c.at < before, _EFFECTS.c.state.in_(_DONE_EFFECTS))
    return _delete(session, _EFFECTS, _EFFECTS.c.id, old, limit)


def forget_reports(session: Session, before: int, limit: int) -> int:
    """Delete at most so many reports of mail servers from before an instant (µs)."""
    old = select(_REPORTS.c.id).where(_REPORTS.c.received_at < before)
    return _delete(session, _REPORTS, _REPORTS.c.id, old, limit)


def forget_soft_bounces(session: Session, before: int, limit: int) -> int:
    """Delete at most so many counts of bounces, the last from before an instant (µs)."""
    old = select(_SOFT.c.address).where(_SOFT.c.last_at < before)
    return _delete(session, _SOFT, _SOFT.c.address, old, limit)


def forget_sign_ups(session: Session, before: int, limit: int) -> int:
    """Delete at most so many sign-ups from before an instant (µs); what they proved is consent's.

    Their links are worth nothing by then.
    """
    old = select(_SIGN_UPS.c.id).where(_SIGN_UPS.c.asked_at < before)
    return _delete(session, _SIGN_UPS, _SIGN_UPS.c.id, old, limit)


def forget_rejections(session: Session, before: int, limit: int) -> int:
    """Delete at most so many unusable calls from before an instant (µs)."""
    since: datetime = from_microseconds(before)
    old = select(_REJECTED.c.id).where(_REJECTED.c.received_at < since)
    return _delete(session, _REJECTED, _REJECTED.c.id, old, limit)


def forget_heard(session: Session, before: int, limit: int) -> int:
    """Delete at most so many digests of what webhooks told, from before an instant (µs)."""
    since: datetime = from_microseconds(before)
    is_old = _SEEN.c.seen_at < since
    old = select(_SEEN.c.source_id, _SEEN.c.digest).where(is_old).limit(limit)
    found = list(session.connection().execute(old))
    for source_id, digest in found:
        same = (_SEEN.c.source_id == source_id, _SEEN.c.digest == digest)
        session.connection().execute(delete(_SEEN).where(is_old, *same))
    return len(found)


def forget_audit(session: Session, before: int, limit: int) -> int:
    """Delete at most so many changes from before an instant (µs)."""
    old = select(_AUDIT.c.id).where(_AUDIT.c.at < before)
    return _delete(session, _AUDIT, _AUDIT.c.id, old, limit)


def _is_under_way(enrolment_id: Any) -> ColumnElement[bool]:
    return exists().where(_ENROLMENTS.c.id == enrolment_id, _ENROLMENTS.c.state == _ACTIVE)


def _delete(session: Session, table: Any, key: Any, old: Select[Any], limit: int) -> int:
    found = list(session.connection().execute(old.order_by(key).limit(limit)).scalars())
    if not found:
        return 0
    gone = session.connection().execute(delete(table).where(among(session, key, found)))
    return int(gone.rowcount)
