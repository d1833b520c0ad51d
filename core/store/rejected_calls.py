"""Messages that could not be used: the latest, for people to find out why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from core.domain.calls import Rejection
from core.store.ingest_tables import RejectedCallRow
from core.store.live_sets import add_all, table_of

KEPT_COUNT = 1_000
_REJECTED = table_of(RejectedCallRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedCall:
    """A message that could not be used: when and by which way it came, and why not."""

    received_at: datetime
    source: str
    kind: str
    message_id: str | None
    reason: str


def add_rejections(
    session: Session, rejections: Sequence[Rejection], *, received_at: datetime, source: str
) -> None:
    """Note messages that could not be used; only the latest are kept."""
    rows = [
        {
            "received_at": received_at,
            "source": source,
            "kind": one.kind,
            "message_id": one.message_id,
            "reason": one.reason,
        }
        for one in rejections[-KEPT_COUNT:]
    ]
    if not rows:
        return
    add_all(session, _REJECTED, rows)
    newest = select(func.max(_REJECTED.c.id)).scalar_subquery()
    session.connection().execute(delete(_REJECTED).where(_REJECTED.c.id <= newest - KEPT_COUNT))


def latest_rejections(session: Session, limit: int) -> list[RejectedCall]:
    """List what could not be used, the latest first."""
    rows = session.connection().execute(
        select(_REJECTED).order_by(_REJECTED.c.id.desc()).limit(limit)
    )
    return [
        RejectedCall(
            received_at=row.received_at.astimezone(UTC),
            source=row.source,
            kind=row.kind,
            message_id=row.message_id,
            reason=row.reason,
        )
        for row in rows
    ]
