"""Events as they were received, and those that wait to be decided."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from zlib import crc32

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.orm import Session

from core.domain.mail_events import DELIVERY, OUR_DOING
from core.domain.matchers import ANY_EVENT
from core.store.live_sets import add_all, among, insert_into, table_of
from core.store.live_tables import DeadLetterRow, EventRow, StateRow, TallyRow, WaitingRow

PARTITION_COUNT = 8
HISTORY = "history"  # the source of events that an upload brought


class ReceivedEvent(NamedTuple):
    """One event of the store; times in µs, `properties` as JSON text."""

    seq: int
    user_id: str
    event_id: str
    event: str
    at: int
    properties: str
    received_at: int
    source: str = ""
    is_late: bool = False


class DeadLetter(NamedTuple):
    """A person whose events could not be decided, and why; `at` in µs."""

    id: int
    user_id: str
    seqs: Sequence[int]
    reason: str
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """An event that comes in; times in µs, `properties` as JSON text."""

    user_id: str
    event_id: str
    event: str
    at: int
    properties: str


_EVENTS, _WAITING, _DEAD = table_of(EventRow), table_of(WaitingRow), table_of(DeadLetterRow)
_STATES = table_of(StateRow)
_FIELDS = [_EVENTS.c[name] for name in ReceivedEvent._fields]
_LETTERS = select(_DEAD.c.id, _DEAD.c.user_id, _DEAD.c.seqs, _DEAD.c.reason, _DEAD.c.at).where(
    _DEAD.c.is_open
)


def partition_of(user_id: str) -> int:
    """Give the share of the people to which somebody belongs, always the same."""
    return crc32(user_id.encode("utf-8", "surrogatepass")) % PARTITION_COUNT


def add_events(
    session: Session, events: Sequence[NewEvent], *, received_at: int, source: str
) -> int:
    """Store events that are new and let them wait for their decision; give how many were new."""
    added = _store(session, events, received_at, source)
    waiting = [{"seq": seq, "partition": partition_of(user), "at": at} for seq, user, at in added]
    add_all(session, _WAITING, waiting)
    _count(session, source, len(events), len(events) - len(added), received_at)
    return len(added)


def add_history(session: Session, events: Sequence[NewEvent]) -> dict[tuple[str, str], int]:
    """Store events that an upload brought, which nobody decides; give seq by user and event id."""
    _store(session, events, None, HISTORY)
    users = {event.user_id for event in events}
    wanted = {(event.user_id, event.event_id) for event in events}
    rows = session.connection().execute(
        select(_EVENTS.c.user_id, _EVENTS.c.event_id, _EVENTS.c.seq).where(
            among(session, _EVENTS.c.user_id, users)
        )
    )
    return {(user, event): seq for user, event, seq in rows if (user, event) in wanted}


def read_waiting(session: Session, partition: int, until: int, limit: int) -> list[ReceivedEvent]:
    """Read undecided events up to an instant (µs), the oldest first."""
    rows = session.connection().execute(
        select(*_FIELDS)
        .join(_WAITING, _WAITING.c.seq == _EVENTS.c.seq)
        .where(_WAITING.c.partition == partition, _WAITING.c.at <= until)
        .order_by(_WAITING.c.at, _WAITING.c.seq)
        .limit(limit)
    )
    return [ReceivedEvent._make(row) for row in rows.all()]


def waiting_of_users(session: Session, user_ids: Iterable[str], until: int) -> list[ReceivedEvent]:
    """Read undecided events of some people up to an instant (µs)."""
    rows = session.connection().execute(
        select(*_FIELDS)
        .join(_WAITING, _WAITING.c.seq == _EVENTS.c.seq)
        .where(among(session, _EVENTS.c.user_id, user_ids), _EVENTS.c.at <= until)
    )
    return [ReceivedEvent._make(row) for row in rows.all()]


def waiting_names(
    session: Session, user_ids: Iterable[str], names: Iterable[str]
) -> list[tuple[str, str]]:
    """Give people and names of their undecided events, of those that are named so."""
    rows = session.connection().execute(
        select(_EVENTS.c.user_id, _EVENTS.c.event)
        .join(_WAITING, _WAITING.c.seq == _EVENTS.c.seq)
        .where(among(session, _EVENTS.c.user_id, user_ids), _EVENTS.c.event.in_(list(names)))
    )
    return [(row[0], row[1]) for row in rows.all()]


def events_by_seq(session: Session, seqs: Iterable[int]) -> dict[int, ReceivedEvent]:
    """Read some events by their order of arrival."""
    wanted = list(seqs)
    if not wanted:
        return {}
    rows = session.connection().execute(
        select(*_FIELDS).where(among(session, _EVENTS.c.seq, wanted))
    )
    return {row[0]: ReceivedEvent._make(row) for row in rows.all()}


def decided_of_users(session: Session, user_ids: Iterable[str]) -> list[ReceivedEvent]:
    """Read the decided events of some people in their order (1.2), person by person."""
    rows = session.connection().execute(
        select(*_FIELDS)
        .outerjoin(_WAITING, _WAITING.c.seq == _EVENTS.c.seq)
        .where(among(session, _EVENTS.c.user_id, user_ids), _WAITING.c.seq.is_(None))
        .order_by(_EVENTS.c.user_id, _EVENTS.c.at, _EVENTS.c.seq)
    )
    return [ReceivedEvent._make(row) for row in rows.all()]


def events_named(
    session: Session, user_ids: Iterable[str], names: Sequence[str]
) -> list[ReceivedEvent]:
    """Read what some people did that has one of the names (`*`: any), by person, in order."""
    asked = select(*_FIELDS).where(
        among(session, _EVENTS.c.user_id, user_ids), _EVENTS.c.source != HISTORY
    )
    if ANY_EVENT not in names:
        asked = asked.where(_EVENTS.c.event.in_(names))
    in_order = asked.order_by(_EVENTS.c.user_id, _EVENTS.c.at, _EVENTS.c.seq)
    return [ReceivedEvent._make(row) for row in session.connection().execute(in_order)]


def last_decided(session: Session, user_ids: Iterable[str]) -> dict[str, int]:
    """Give the time (µs) of each person's latest event that is decided.

    What we did ourselves does not count: sending a mail puts nobody else's deeds behind it.
    """
    is_ours = (_EVENTS.c.source == DELIVERY) & _EVENTS.c.event.in_(OUR_DOING)
    rows = session.connection().execute(
        select(_EVENTS.c.user_id, func.max(_EVENTS.c.at))
        .outerjoin(_WAITING, _WAITING.c.seq == _EVENTS.c.seq)
        .where(among(session, _EVENTS.c.user_id, user_ids), _WAITING.c.seq.is_(None), ~is_ours)
        .group_by(_EVENTS.c.user_id)
    )
    return {row[0]: row[1] for row in rows.all()}


def users_with_events(session: Session) -> list[str]:
    """Name everybody who has events."""
    rows = session.connection().execute(
        select(_EVENTS.c.user_id).distinct().order_by(_EVENTS.c.user_id)
    )
    return [row[0] for row in rows.all()]


def mark_decided(session: Session, seqs: Sequence[int], late: Sequence[int]) -> None:
    """Take decided events out of the queue, and mark those that came too late for their order."""
    if seqs:
        among_seqs = among(session, _WAITING.c.seq, seqs)
        session.connection().execute(delete(_WAITING).where(among_seqs))
    if late:
        statement = update(_EVENTS).where(among(session, _EVENTS.c.seq, late))
        session.connection().execute(statement.values(is_late=True))


def bury(session: Session, user_id: str, seqs: Sequence[int], reason: str, at: int) -> None:
    """Keep what could not be decided for somebody, with the reason."""
    row = {"user_id": user_id, "seqs": json.dumps(list(seqs)), "reason": reason, "at": at}
    add_all(session, _DEAD, [{**row, "is_open": True}])


def dead_letters(session: Session, limit: int) -> list[DeadLetter]:
    """List what could not be decided and was not tried again, the latest first."""
    latest = _LETTERS.order_by(_DEAD.c.id.desc()).limit(limit)
    return [_letter(*row) for row in session.connection().execute(latest)]


def dead_letter(session: Session, letter_id: int) -> DeadLetter | None:
    """Give a dead letter; None where there is none, or it was tried again."""
    row = session.connection().execute(_LETTERS.where(_DEAD.c.id == letter_id)).first()
    return None if row is None else _letter(*row)


def _letter(letter_id: int, user_id: str, seqs: str, reason: str, at: int) -> DeadLetter:
    return DeadLetter(letter_id, user_id, json.loads(seqs), reason, at)


def try_again(session: Session, letter: DeadLetter) -> None:
    """Let all dead letters of a person, and their timers, be decided once more.

    All at once: of events that are tried apart, those before what is decided by then were late.
    """
    own = _LETTERS.where(_DEAD.c.user_id == letter.user_id)
    letters = [_letter(*row) for row in session.connection().execute(own)]
    events = events_by_seq(session, {seq for one in letters for seq in one.seqs}).values()
    waiting = [{"seq": e.seq, "partition": partition_of(e.user_id), "at": e.at} for e in events]
    statement = insert_into(session, _WAITING).on_conflict_do_nothing()
    if waiting:
        session.connection().execute(statement, waiting)
    # Timers that failed were put to sleep.
    asleep = (_STATES.c.user_id == letter.user_id, _STATES.c.next_due_at.is_(None))
    wake = update(_STATES).where(*asleep).values(next_due_at=letter.at)
    session.connection().execute(wake)
    close = update(_DEAD).where(_DEAD.c.id.in_([one.id for one in letters])).values(is_open=False)
    session.connection().execute(close)


def late_events(session: Session, limit: int) -> list[ReceivedEvent]:
    """List events that came too late for their order, the latest to arrive first."""
    rows = session.connection().execute(
        select(*_FIELDS).where(text("is_late")).order_by(_EVENTS.c.seq.desc()).limit(limit)
    )
    return [ReceivedEvent._make(row) for row in rows.all()]


def waiting_since(session: Session) -> tuple[int, int | None]:
    """Count the events that wait, and give the time (µs) of the oldest."""
    row = session.connection().execute(select(func.count(), func.min(_WAITING.c.at))).one()
    return int(row[0]), row[1]


def tallies(session: Session) -> Mapping[str, tuple[int, int, int]]:
    """Give per source: events received, duplicates among them, time (µs) of the latest."""
    rows = session.connection().execute(select(table_of(TallyRow)))
    return {r.source: (r.received_count, r.duplicate_count, r.last_at) for r in rows}


def _store(
    session: Session, events: Sequence[NewEvent], received_at: int | None, source: str
) -> list[tuple[int, str, int]]:
    rows = [
        {
            "user_id": event.user_id,
            "event_id": event.event_id,
            "event": event.event,
            "at": event.at,
            "properties": event.properties,
            "received_at": event.at if received_at is None else received_at,
            "source": source,
            "is_late": False,
        }
        for event in events
    ]
    if not rows:
        return []
    statement = insert_into(session, _EVENTS).on_conflict_do_nothing()
    returning = statement.returning(_EVENTS.c.seq, _EVENTS.c.user_id, _EVENTS.c.at)
    return [(seq, user, at) for seq, user, at in session.connection().execute(returning, rows)]


def _count(session: Session, source: str, received: int, duplicate: int, at: int) -> None:
    table = table_of(TallyRow)
    statement = insert_into(session, table).values(
        source=source, received_count=received, duplicate_count=duplicate, last_at=at
    )
    counted = {
        name: table.c[name] + statement.excluded[name]
        for name in ("received_count", "duplicate_count")
    }
    session.connection().execute(
        statement.on_conflict_do_update(
            index_elements=["source"], set_={**counted, "last_at": statement.excluded.last_at}
        )
    )
