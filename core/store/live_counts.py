"""What the page Live counts every few seconds: each question ends after so many rows."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Select, func, select, text, true
from sqlalchemy.orm import Session

from core.domain.mail_events import DELIVERY
from core.store.live_events import HISTORY, PARTITION_COUNT
from core.store.live_outbox import FAILED, SENT, UNKNOWN
from core.store.live_sets import table_of
from core.store.live_tables import (
    BAD_OUTCOMES,
    EventRow,
    LaunchRow,
    MessageRow,
    StateRow,
    TallyRow,
    WaitingRow,
)

MOST = 100_000
MOST_TRIED = 10_000_000  # e-mails of a rate, whose other part is counted to its end
_LOOKED_AT = 20_000  # of the latest events, when their pace is asked for

_EVENTS, _WAITING = table_of(EventRow), table_of(WaitingRow)
_STATES, _MESSAGES = table_of(StateRow), table_of(MessageRow)
_TALLIES, _LAUNCHES = table_of(TallyRow), table_of(LaunchRow)


class Pace(NamedTuple):
    """Events received in some time (µs)."""

    event_count: int
    length: int


class Attempts(NamedTuple):
    """Messages that were handed over in some time, and those that were not or nobody knows."""

    sent_count: int
    failed_count: int


def waiting_count(session: Session, most: int = MOST) -> int:
    """Count the events that wait for their decision, up to so many."""
    return _count(session, select(_WAITING.c.seq), most)


def oldest_waiting(session: Session) -> int | None:
    """Give the time (µs) of the oldest event that waits; None if none does."""
    found = [
        session.connection()
        .execute(select(func.min(_WAITING.c.at)).where(_WAITING.c.partition == number))
        .scalar_one()
        for number in range(PARTITION_COUNT)
    ]
    return min((at for at in found if at is not None), default=None)


def pace(session: Session, now: int, within: int) -> Pace:
    """Count what came in in the last `within` µs, from the latest events only.

    What became of our own e-mails did not come in.

    Where so many came that they do not reach back that far, the time is as long as they do.
    """
    latest = (
        select(_EVENTS.c.received_at)
        .where(_EVENTS.c.source.not_in((HISTORY, DELIVERY)))
        .order_by(_EVENTS.c.seq.desc())
        .limit(_LOOKED_AT)
        .subquery()
    )
    row = session.connection().execute(
        select(func.count(), func.min(latest.c.received_at)).where(
            latest.c.received_at > now - within
        )
    )
    count, first = row.one()
    is_cut = count == _LOOKED_AT
    return Pace(int(count), max(1, now - int(first)) if is_cut else within)


def due_timer_count(session: Session, until: int, most: int = MOST) -> int:
    """Count the people for whom a time comes by an instant (µs), up to so many."""
    found = 0
    for number in range(PARTITION_COUNT):
        due = select(_STATES.c.user_id).where(
            _STATES.c.partition == number, _STATES.c.next_due_at <= until
        )
        found += _count(session, due, most - found)
    return found


def next_timer(session: Session, after: int) -> int | None:
    """Give the earliest time (µs) to come after an instant; None if there is none."""
    found = [
        session.connection()
        .execute(
            select(func.min(_STATES.c.next_due_at)).where(
                _STATES.c.partition == number, _STATES.c.next_due_at > after
            )
        )
        .scalar_one()
        for number in range(PARTITION_COUNT)
    ]
    return min((at for at in found if at is not None), default=None)


def last_received(session: Session, but: Sequence[str] = ()) -> int | None:
    """Give when an event was last received (µs), but by some sources; None if never."""
    asked = select(func.max(_TALLIES.c.last_at)).where(
        _TALLIES.c.source.not_in(but) if but else true()
    )
    found: int | None = session.connection().execute(asked).scalar_one()
    return found


def attempts(session: Session, since: int, most: int = MOST_TRIED) -> Attempts:
    """Count e-mails due since an instant (µs) that left, and that did not or may not have."""
    of_people = select(_LAUNCHES.c.id).where(_LAUNCHES.c.mode == "live")
    counts = {
        state: _count(
            session,
            select(_MESSAGES.c.id).where(
                _MESSAGES.c.launch_id.in_(of_people),
                _MESSAGES.c.state == state,
                _MESSAGES.c.due_at >= since,
            ),
            most,
        )
        for state in (SENT, FAILED, UNKNOWN)
    }
    return Attempts(counts[SENT], counts[FAILED] + counts[UNKNOWN])


def outcome_people(session: Session, name: str, since: int) -> int:
    """Count the people of whom one of the bad outcomes was received since an instant (µs)."""
    asked = select(func.count(_EVENTS.c.user_id.distinct())).where(
        text(BAD_OUTCOMES), _EVENTS.c.event == name, _EVENTS.c.at >= since
    )
    return int(session.connection().execute(asked).scalar_one())


def _count(session: Session, asked: Select[tuple[object]], most: int) -> int:
    if most <= 0:
        return 0
    few = asked.limit(most).subquery()
    return int(session.connection().execute(select(func.count()).select_from(few)).scalar_one())
