"""Live: two workers at once on PostgreSQL, each a process, sharing the people between them."""

import multiprocessing
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from ctypes import c_double, c_longlong
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, select

from benchmarks import live
from benchmarks.places import Place
from core.domain.instants import as_microseconds, from_microseconds
from core.live.evaluator import GRACE
from core.services.campaign_files import load_campaign
from core.services.live_launches import launch
from core.services.live_questions import status
from core.services.live_ticks import work
from core.store.database import migrate, open_database, reading
from core.store.live_sets import table_of
from core.store.live_tables import WaitingRow

WORKERS = 2
_LOOK = 0.02  # seconds between looks whether all is decided
_WAITING = table_of(WaitingRow)
_PROCESSES = multiprocessing.get_context("spawn")


def at_once(place: Place) -> Mapping[str, Any]:
    """Decide on a PostgreSQL server of its own, with two workers."""
    with live.server() as url:
        count = min(live.MOST_EVENTS, place.event_count)
        database = open_database(url)
        try:
            migrate(database)
            people = live.know_people(database, count)
            launch(database, load_campaign(live.CAMPAIGN), launched_at=live.START)
            with _working(url) as (clock, spent):
                live.receive(database, count, people, 0)
                _let_come(database, clock, live.START + live.LASTING)
                live.receive(database, count, people, 1)
                before, enrolled = sum(spent), _enrolled(database)
                began = time.perf_counter()
                _let_come(database, clock, live.START + 2 * live.LASTING)
                seconds = time.perf_counter() - began
                cpu_seconds = sum(spent) - before
            enrolled = _enrolled(database) - enrolled
        finally:
            database.dispose()
    return {
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "events": count,
        "enrolments": enrolled,
        "people": people,
    }


@contextmanager
def _working(url: str) -> Iterator[tuple[Any, Any]]:
    """Let workers run beside this process; give their clock (µs) and the processor time of each."""
    clock = _PROCESSES.Value(c_longlong, as_microseconds(live.START))
    spent = _PROCESSES.Array(c_double, WORKERS)
    stopping = _PROCESSES.Event()
    workers = [
        _PROCESSES.Process(target=_decide, args=(url, number, clock, spent, stopping))
        for number in range(WORKERS)
    ]
    for worker in workers:
        worker.start()
    try:
        yield clock, spent
    finally:
        stopping.set()
        for worker in workers:
            worker.join()


def _decide(url: str, number: int, clock: Any, spent: Any, stopping: Any) -> None:
    """Work in a process of its own until told to stop."""

    def now() -> datetime:
        return from_microseconds(clock.value)

    def is_stopping() -> bool:
        spent[number] = time.process_time()
        return bool(stopping.is_set())

    database = open_database(url)
    try:
        work(
            database,
            worker=f"worker {number}",
            clock=now,
            rest=lambda _seconds: time.sleep(_LOOK / 2),
            is_stopping=is_stopping,
        )
    finally:
        database.dispose()


def _enrolled(database: Engine) -> int:
    return int(status(database, live.START)["decisions"].get("enrolled", 0))


def _let_come(database: Engine, clock: Any, until: datetime) -> None:
    """Let a time come, and wait until everything up to it is decided."""
    clock.value = as_microseconds(until)
    waiting = select(_WAITING.c.seq).where(_WAITING.c.at <= clock.value - GRACE).limit(1)
    while True:
        with reading(database) as session:
            if session.connection().execute(waiting).first() is None:
                return
        time.sleep(_LOOK)
