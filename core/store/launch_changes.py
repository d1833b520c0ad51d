"""What was done to launches, in order: when each began, changed, paused and ended."""

from typing import NamedTuple

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from core.store.live_sets import table_of
from core.store.watching_tables import LaunchChangeRow

_CHANGES = table_of(LaunchChangeRow)


class LaunchChange(NamedTuple):
    """Something done to a launch; `at` in µs.

    `dataset` and `fingerprint` name the history with which a version's trigger began.
    """

    launch_id: int
    version_id: int
    what: str
    at: int
    under_way: str | None = None
    dataset: str | None = None
    fingerprint: str | None = None


def note_change(session: Session, change: LaunchChange) -> None:
    """Write down what is done to a launch, in the same transaction."""
    session.connection().execute(insert(_CHANGES).values(**change._asdict()))


def launch_changes(session: Session, launch_id: int | None = None) -> list[LaunchChange]:
    """List what was done to one launch or to all, in order."""
    asked = select(*(_CHANGES.c[name] for name in LaunchChange._fields))
    if launch_id is not None:
        asked = asked.where(_CHANGES.c.launch_id == launch_id)
    rows = session.connection().execute(asked.order_by(_CHANGES.c.at, _CHANGES.c.id))
    return [LaunchChange._make(row) for row in rows.all()]
