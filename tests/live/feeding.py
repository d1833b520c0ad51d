"""Feeds histories to the live evaluator by a driven clock, and tells what it did as files do."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy import Engine, text

from core.domain.events import Event
from core.domain.instants import iso
from core.live.evaluator import GRACE
from core.services.live_events import ingest
from core.services.live_ticks import tick

LONGEST_REST = timedelta(hours=23)
Row = list[str]
Files = dict[str, list[Row]]
Tick = Callable[[datetime], object]


def feed(
    database: Engine,
    events: Sequence[Event],
    until: datetime,
    random: Random,
    *,
    since: datetime,
    tick_count: int = 15,
    ticking: Tick | None = None,
) -> None:
    """Receive events in order of time, in random batches, and tick at random moments after `since`.

    No tick is so long after another that anything would be stale (8.3); the last one decides up to
    `until`.
    """
    run = ticking or (lambda now: tick(database, now))
    waiting = sorted(events, key=lambda event: event.timestamp)
    for now in _moments(since, until, random, tick_count):
        came = bisect_right(waiting, now, key=lambda event: event.timestamp)
        cut = random.randrange(came + 1)
        for part in (waiting[:cut], waiting[cut:came]):
            ingest(database, part, received_at=now)
        waiting = waiting[came:]
        run(now)
    run(until + timedelta(microseconds=GRACE))


def _moments(begin: datetime, end: datetime, random: Random, count: int) -> list[datetime]:
    """Give instants between two, at most LONGEST_REST apart, the last of them the end."""
    drawn = [begin + (end - begin) * random.random() for _ in range(count)]
    regular = [begin + n * LONGEST_REST for n in range(1, (end - begin) // LONGEST_REST + 1)]
    return [*sorted([*drawn, *regular]), end]


def told(database: Engine) -> Files:
    """Give the rows of all three files."""
    return {
        "firings": firing_rows(database),
        "messages": message_rows(database),
        "trace": trace_rows(database),
    }


def firing_rows(database: Engine) -> list[Row]:
    """Give the rows of `firings.csv`."""
    return _sorted(
        database,
        "SELECT l.name, d.user_id, coalesce(d.key, ''), d.fired_at, d.event_id, d.outcome "
        "FROM live_decisions d JOIN live_launches l ON l.id = d.launch_id",
        times=(3,),
    )


def message_rows(database: Engine) -> list[Row]:
    """Give the rows of `messages.csv`; what is on its way counts as sent."""
    return _sorted(
        database,
        "SELECT l.name, m.user_id, m.entered_at, m.step, m.variant, m.due_at, "
        "CASE WHEN m.state = 'withheld' THEN m.reason ELSE 'sent' END, m.template "
        "FROM live_messages m JOIN live_launches l ON l.id = m.launch_id",
        times=(2, 5),
    )


def trace_rows(database: Engine) -> list[Row]:
    """Give the rows of `trace.csv`."""
    return _sorted(
        database,
        "SELECT l.name, t.user_id, e.entered_at, t.step, t.at, t.outcome, t.reason "
        "FROM live_trace t JOIN live_launches l ON l.id = t.launch_id "
        "JOIN live_enrolments e ON e.id = t.enrolment_id",
        times=(2, 4),
    )


def _sorted(database: Engine, query: str, times: tuple[int, ...]) -> list[Row]:
    with database.connect() as connection:
        rows: list[list[Any]] = [list(row) for row in connection.execute(text(query))]
    for row in rows:
        for place in times:
            row[place] = iso(row[place])
    return sorted([str(value) for value in row] for row in rows)
