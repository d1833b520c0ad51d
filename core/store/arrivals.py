"""The latest events that came in, whatever was decided on them."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.store.live_events import HISTORY, ReceivedEvent
from core.store.live_sets import table_of
from core.store.live_tables import EventRow

_EVENTS = table_of(EventRow)
_FIELDS = [_EVENTS.c[name] for name in ReceivedEvent._fields]
# What an upload brought may lie between: we look no further back than this.
_LOOKED_AT = 2_000


def latest_events(session: Session, limit: int) -> list[ReceivedEvent]:
    """Read the events that came in last, the latest first."""
    latest = select(*_FIELDS).order_by(_EVENTS.c.seq.desc()).limit(_LOOKED_AT).subquery()
    rows = session.connection().execute(
        select(latest).where(latest.c.source != HISTORY).order_by(latest.c.seq.desc()).limit(limit)
    )
    return [ReceivedEvent._make(row) for row in rows.all()]
