"""Who changed what: a log that only grows."""

from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import Select, delete, func, or_, select
from sqlalchemy.orm import Session

from core.store.live_sets import add_all, table_of
from core.store.privacy_tables import AuditRow

_AUDIT = table_of(AuditRow)


class AuditEntry(NamedTuple):
    """A change: who made it, what they did to what, and the details in words; `at` in µs."""

    id: int
    at: int
    actor: str
    action: str
    subject: str
    detail: str


_FIELDS = [_AUDIT.c[name] for name in AuditEntry._fields]


def add_entry(
    session: Session, *, actor: str, action: str, subject: str, detail: str, at: int
) -> None:
    """Add a change."""
    row = {"at": at, "actor": actor, "action": action, "subject": subject, "detail": detail}
    add_all(session, _AUDIT, [row])


def entries(
    session: Session,
    only: Mapping[str, str],
    *,
    text: str = "",
    since: int | None = None,
    before_id: int | None = None,
    limit: int | None = None,
) -> list[AuditEntry]:
    """List changes, the latest first: of an `actor` or `action`, with a text in them."""
    asked: Select[tuple[int, int, str, str, str, str]] = select(*_FIELDS)
    for name, value in only.items():
        asked = asked.where(_AUDIT.c[name] == value)
    if text:
        found = [_AUDIT.c[n].icontains(text, autoescape=True) for n in ("subject", "detail")]
        asked = asked.where(or_(*found))
    if since is not None:
        asked = asked.where(_AUDIT.c.at >= since)
    if before_id is not None:
        asked = asked.where(_AUDIT.c.id < before_id)
    rows = session.connection().execute(asked.order_by(_AUDIT.c.id.desc()).limit(limit))
    return [AuditEntry._make(row) for row in rows]


def values_of(session: Session, name: str) -> list[str]:
    """List the actors, or the actions, that occur."""
    rows = session.connection().execute(select(_AUDIT.c[name]).distinct().order_by(_AUDIT.c[name]))
    return [row[0] for row in rows]


def forget_entries(session: Session, before: int, limit: int) -> int:
    """Delete at most so many of the changes made before an instant (µs); give how many."""
    old = select(_AUDIT.c.id).where(_AUDIT.c.at < before).order_by(_AUDIT.c.id).limit(limit)
    gone = session.connection().execute(delete(_AUDIT).where(_AUDIT.c.id.in_(old)))
    return int(gone.rowcount)


def count_entries(session: Session) -> int:
    """Count the changes."""
    return int(session.connection().execute(select(func.count(_AUDIT.c.id))).scalar_one())
