"""Copies what live knows into another database, in which a past day is decided once more."""

from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import ColumnElement, Table, insert, or_, select
from sqlalchemy.orm import Session

from core.store.live_events import HISTORY, partition_of
from core.store.live_launches import StoredLaunch, StoredVersion
from core.store.live_sets import table_of
from core.store.live_tables import (
    EventRow,
    LaunchRow,
    LaunchVersionRow,
    ProfileRow,
    SuppressionRow,
    WaitingRow,
)

_ROWS_AT_ONCE = 5_000
_EVENTS = table_of(EventRow)


def copy_people(source: Session, target: Session, suppressed_until: int) -> None:
    """Copy all profiles, and the addresses that were suppressed by an instant (µs)."""
    for rows in _chunks(source, table_of(ProfileRow)):
        target.connection().execute(insert(table_of(ProfileRow)), rows)
    suppressed = table_of(SuppressionRow)
    for rows in _chunks(source, suppressed, suppressed.c.at <= suppressed_until):
        target.connection().execute(insert(suppressed), rows)


def copy_events(
    source: Session, target: Session, until: int, report: Callable[[int], None]
) -> None:
    """Copy the events up to an instant (µs); all but those of an upload wait to be decided.

    They keep their places in the order of arrival, and none of them is late. `report` is told how
    many are copied.
    """
    count = 0
    for rows in _chunks(source, _EVENTS, or_(_EVENTS.c.source == HISTORY, _EVENTS.c.at <= until)):
        target.connection().execute(insert(_EVENTS), [{**row, "is_late": False} for row in rows])
        waiting = [
            {"seq": row["seq"], "partition": partition_of(row["user_id"]), "at": row["at"]}
            for row in rows
            if row["source"] != HISTORY
        ]
        if waiting:
            target.connection().execute(insert(table_of(WaitingRow)), waiting)
        count += len(rows)
        report(count)


def copy_launch(target: Session, launch: StoredLaunch) -> None:
    """Begin a launch under its own number; it has no version yet."""
    target.connection().execute(
        insert(table_of(LaunchRow)).values(
            id=launch.id,
            name=launch.name,
            mode=launch.mode,
            state="running",
            launched_at=launch.launched_at,
            changed_at=launch.launched_at,
        )
    )


def copy_version(target: Session, version: StoredVersion, document: str) -> None:
    """Give a launch a version under its own number, with another campaign file."""
    said = {**version._asdict(), "document": document, "is_open": True}
    target.connection().execute(insert(table_of(LaunchVersionRow)).values(**said))


def _chunks(
    source: Session, table: Table, *only: ColumnElement[bool]
) -> Iterator[list[dict[str, Any]]]:
    asked = select(table).where(*only).execution_options(yield_per=_ROWS_AT_ONCE)
    for part in source.connection().execute(asked).mappings().partitions():
        yield [dict(row) for row in part]
