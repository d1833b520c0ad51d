"""Who is who: former ids of people, and what was done under them handed over."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, delete, exists, func, select, text, update
from sqlalchemy.orm import Session

from core.store.ingest_tables import PersonLinkRow
from core.store.live_events import HISTORY, PARTITION_COUNT, partition_of
from core.store.live_sets import add_all, among, insert_into, is_sqlite, table_of, upsert
from core.store.live_tables import (
    EnrolmentRow,
    EventRow,
    PartitionRow,
    ProfileRow,
    StateRow,
    WaitingRow,
)

_LINKS, _EVENTS, _WAITING = table_of(PersonLinkRow), table_of(EventRow), table_of(WaitingRow)
_ENROLMENTS, _STATES = table_of(EnrolmentRow), table_of(StateRow)
_PROFILES, _PARTITIONS = table_of(ProfileRow), table_of(PartitionRow)
_LOCK_NUMBER = 7_364_190_216


def begin(session: Session, *, links: bool) -> None:
    """Keep who is who from changing until we commit; who makes `links` is alone meanwhile.

    Otherwise an event could be stored under an anonymous id just after that id was handed over.
    On SQLite a writing transaction is alone in any case.
    """
    if not is_sqlite(session):
        kind = "" if links else "_shared"
        session.connection().execute(
            text(f"SELECT pg_advisory_xact_lock{kind}(:number)"), {"number": _LOCK_NUMBER}
        )


def owners(session: Session, person_ids: Iterable[str]) -> dict[str, str]:
    """Give the user id of everybody among these who is known under another one by now."""
    rows = session.connection().execute(
        select(_LINKS.c.person_id, _LINKS.c.user_id).where(
            among(session, _LINKS.c.person_id, person_ids)
        )
    )
    return {row.person_id: row.user_id for row in rows}


def profile_sizes(session: Session, user_ids: Iterable[str]) -> dict[str, int]:
    """Give how many characters the traits of people fill as JSON, of those with a profile."""
    rows = session.connection().execute(
        select(_PROFILES.c.user_id, func.length(_PROFILES.c.traits)).where(
            among(session, _PROFILES.c.user_id, user_ids)
        )
    )
    return {row[0]: row[1] for row in rows}


def save_links(session: Session, links: Mapping[str, str], *, linked_at: datetime) -> None:
    """Make people known under other ids; links to them lead to those as well."""
    for person, user in links.items():
        session.connection().execute(
            update(_LINKS).where(_LINKS.c.user_id == person).values(user_id=user)
        )
    rows = [
        {"person_id": person, "user_id": user, "linked_at": linked_at}
        for person, user in links.items()
    ]
    upsert(session, _LINKS, rows)


def hand_over(session: Session, person_id: str, user_id: str) -> int:
    """Let a person's events be another's, and wait for their decision; give how many.

    Whoever entered a campaign keeps what was decided, and their profile: only what waits is handed
    over. Events that a worker decides at this moment are waited for.
    """
    own = (_EVENTS.c.user_id == person_id, _EVENTS.c.source != HISTORY)
    if session.connection().execute(select(_EVENTS.c.seq).where(*own).limit(1)).first() is None:
        return 0
    # All of them, as more links of other people may follow: who locks several does it in order.
    lock_partitions(session, set(range(PARTITION_COUNT)))
    waiting = exists().where(_WAITING.c.seq == _EVENTS.c.seq)
    entered = select(_ENROLMENTS.c.id).where(_ENROLMENTS.c.user_id == person_id).limit(1)
    if session.connection().execute(entered).first() is not None:
        return _move(session, (*own, waiting), user_id)
    moved = _move(session, own, user_id)
    session.connection().execute(delete(_STATES).where(_STATES.c.user_id == person_id))
    return moved


def forget_profile(session: Session, person_id: str) -> None:
    """Take away the profile of somebody who is known under another id, and never entered."""
    entered = exists().where(_ENROLMENTS.c.user_id == person_id)
    session.connection().execute(
        delete(_PROFILES).where(_PROFILES.c.user_id == person_id, ~entered)
    )


def _move(session: Session, chosen: Sequence[ColumnElement[bool]], user_id: str) -> int:
    """Store events anew, as they arrive for the other person now; what they have already goes."""
    connection = session.connection()
    asked = select(_EVENTS).where(*chosen).order_by(_EVENTS.c.at, _EVENTS.c.seq)
    rows = [dict(row) for row in connection.execute(asked).mappings()]
    seqs = [row.pop("seq") for row in rows]
    if not seqs:
        return 0
    connection.execute(delete(_WAITING).where(among(session, _WAITING.c.seq, seqs)))
    connection.execute(delete(_EVENTS).where(among(session, _EVENTS.c.seq, seqs)))
    # Not an update: one event of one person is decided once, and known by its place in the order.
    arriving = [{**row, "user_id": user_id, "is_late": False} for row in rows]
    statement = insert_into(session, _EVENTS).on_conflict_do_nothing()
    added = connection.execute(statement.returning(_EVENTS.c.seq, _EVENTS.c.at), arriving).all()
    partition = partition_of(user_id)
    add_all(
        session, _WAITING, [{"seq": seq, "partition": partition, "at": at} for seq, at in added]
    )
    return len(added)


def lock_partitions(session: Session, partitions: set[int]) -> None:
    """Wait for what workers decide for these shares of the people, and let them wait for us."""
    if not is_sqlite(session):
        session.connection().execute(
            select(_PARTITIONS.c.partition)
            .where(_PARTITIONS.c.partition.in_(partitions))
            .order_by(_PARTITIONS.c.partition)
            .with_for_update()
        )
