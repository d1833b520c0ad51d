"""Events in by HTTP: how many a second one core takes, from the request to committed rows.

`python -m benchmarks.ingest PORT KEY COUNT FIRST` is the client, in a process of its own.
"""

import asyncio
import base64
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import uvicorn
from sqlalchemy import Engine, text
from starlette.applications import Starlette

from benchmarks import machine
from benchmarks.measuring import ROUNDS, Measurement, measure
from benchmarks.places import Place
from benchmarks.render import one_core
from benchmarks.report import Section, rate_demand
from core.api.bodies import parse_object
from core.api.gate import Gate
from core.api.limits import Limits
from core.api.requests import read_batch
from core.api.routes import ingest_routes
from core.domain.calls import Delivery
from core.services.health import answers
from core.services.ingesting import USUALLY_DENIED, take_in
from core.services.write_keys import KnownKeys, create_key
from core.settings import REPOSITORY
from core.store.database import migrate, open_database

BATCH_SIZE = 100
CLIENT_COUNT = 8  # connections that send at the same time
PEOPLE_COUNT = 500_000
MOST_EVENTS = 50_000
WARM_UP_BATCHES = 10
WANTED = 5_000
LABEL_BY_TASK = {  # of tasks in `benchmarks.work`
    "ingest_http": "By HTTP, until the answer",
    "ingest_read": "Reading alone: JSON to events",
    "ingest_store": "Storing alone: events to committed rows",
}


def ingesting(place: Place, rounds: int = ROUNDS) -> Section:
    """Measure taking in batches by HTTP on one core, and its two halves alone."""
    load = machine.description()
    found = measure(list(LABEL_BY_TASK), place, rounds)
    whole = found["ingest_http"]
    return Section(
        title="Ingest",
        command=_command(place, rounds),
        machine=load,
        sentences=_sentences(whole),
        demands=[
            rate_demand("Events per second by HTTP batches of 100", whole.rates("events"), WANTED)
        ],
        header=("", "events/s, best", "events/s, median", "µs each, best"),
        rows=[_row(label, found[task]) for task, label in LABEL_BY_TASK.items()],
        notes=[_bounds(found)],
    )


def over_http(place: Place) -> Mapping[str, Any]:
    """Take in batches that a client in another process sends; the server has one core."""
    with one_core(), _database(place) as database:
        key = create_key(database, "benchmark", created_at=datetime.now(UTC))
        count = _batch_count(place)
        with _serving(database) as port:
            _send(port, key, WARM_UP_BATCHES, first=count)
            began, began_on_cpu = time.perf_counter(), time.process_time()
            seconds = _send(port, key, count, first=0)
            cpu_seconds = time.process_time() - began_on_cpu
            assert seconds <= time.perf_counter() - began
        wanted = (count + WARM_UP_BATCHES) * BATCH_SIZE
        assert _stored_count(database) == wanted
        return {
            "events": count * BATCH_SIZE,
            "seconds": seconds,
            "cpu_seconds": cpu_seconds,
            "bytes": len(batch(0)),
        }


def reading(place: Place) -> Mapping[str, Any]:
    """Make calls of batches."""
    bodies = [batch(number) for number in range(_batch_count(place))]
    return _timed(_read, bodies)


def storing(place: Place) -> Mapping[str, Any]:
    """Store calls that were read before, one batch at a time."""
    deliveries = [_read(batch(number)) for number in range(_batch_count(place))]
    with one_core(), _database(place) as database:
        return _timed(lambda delivery: take_in(database, [delivery]), deliveries)


def batch(number: int) -> bytes:
    """Write a batch as shops send it: product views of different people, with their context."""
    now = datetime.now(UTC)
    messages = [_message(number * BATCH_SIZE + place, now) for place in range(BATCH_SIZE)]
    return json.dumps({"batch": messages, "sentAt": now.isoformat()}).encode()


def _message(number: int, now: datetime) -> dict[str, Any]:
    happened_at = now - timedelta(milliseconds=number % 1_000)
    address = f"https://shop.example/products/{number % 5_000}"
    return {
        "type": "track",
        "event": "Product Viewed",
        "userId": f"u{number * 7_919 % PEOPLE_COUNT:06}",
        "messageId": f"node-next-{number:012}-d7c6616f-364a-40bd-b74a-923e6fac236e",
        "timestamp": happened_at.isoformat(timespec="milliseconds"),
        "integrations": {},
        "context": {
            "library": {"name": "analytics", "version": "3.1.0"},
            "page": {"url": address, "path": f"/products/{number % 5_000}", "title": "Shoe"},
            "locale": "de-DE",
            "userAgent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
        },
        "properties": {
            "product_id": f"p{number % 5_000}",
            "name": "Red shoe",
            "category": "shoes",
            "price": 19.99,
            "quantity": 1,
        },
    }


def _read(body: bytes) -> Delivery:
    received_at = datetime.now(UTC)
    understood = read_batch(
        parse_object(body),
        size=len(body),
        received_at=received_at,
        denied=USUALLY_DENIED,
        limits=Limits(),
    )
    return Delivery(calls=understood.calls, received_at=received_at, source="api")


def _timed(do: Callable[[Any], object], things: Sequence[Any]) -> Mapping[str, Any]:
    with one_core():
        began = time.perf_counter()
        for thing in things:
            do(thing)
        seconds = time.perf_counter() - began
    return {"events": len(things) * BATCH_SIZE, "seconds": seconds}


@contextmanager
def _database(place: Place) -> Iterator[Engine]:
    folder = place.folder / "ingest"
    shutil.rmtree(folder, ignore_errors=True)
    database = open_database(f"sqlite:///{folder}/ingest.sqlite")
    migrate(database)
    try:
        yield database
    finally:
        database.dispose()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _serving(database: Engine) -> Iterator[int]:
    """Serve the routes in a thread, with the server that the dashboard uses; give the port."""
    gate = Gate(
        store=lambda deliveries: take_in(database, deliveries),
        sender_of=KnownKeys(lambda: database, lambda: datetime.now(UTC)).sender_of,
        clock=lambda: datetime.now(UTC),
        is_healthy=lambda: answers(database),
        denied=lambda: USUALLY_DENIED,
    )
    app = Starlette(routes=ingest_routes(gate))
    config = uvicorn.Config(app, log_level="warning", access_log=False, ws="none", lifespan="off")
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listening])))
        thread.start()
        yield int(listening.getsockname()[1])
        server.should_exit = True
        thread.join()


def _send(port: int, key: str, count: int, *, first: int) -> float:
    """Let a client in another process send batches; give the seconds until the last answer."""
    command = [sys.executable, "-m", "benchmarks.ingest", port, key, count, first]
    done = subprocess.run(
        [str(part) for part in command],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return float(done.stdout)


def _stored_count(database: Engine) -> int:
    with database.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM live_events")).scalar_one())


def _batch_count(place: Place) -> int:
    return max(1, min(MOST_EVENTS, place.event_count) // BATCH_SIZE)


def _row(label: str, measurement: Measurement) -> list[str]:
    best, median, _ = measurement.rates("events")
    return [label, f"{best:,.0f}", f"{median:,.0f}", f"{1e6 / best:.0f}"]


def _sentences(whole: Measurement) -> list[str]:
    facts = whole.facts[0]
    return [
        f"{facts['events']:,} events of {PEOPLE_COUNT:,} people in batches of {BATCH_SIZE}"
        f" ({facts['bytes'] / 1e3:,.0f} kB), sent by {CLIENT_COUNT} connections of a client in"
        " another process, each batch after the answer to the one before.",
        "The server is the one of the dashboard (uvicorn) without the dashboard, with one core;"
        " an answer comes when the rows are committed to SQLite.",
    ]


def _bounds(found: Mapping[str, Measurement]) -> str:
    each = {task: 1e6 / measurement.rates("events").best for task, measurement in found.items()}
    return (
        f"Storing bounds it: alone, batch by batch, it takes {each['ingest_store']:.0f} µs an"
        f" event, in good part the commit's waiting for the disk, and reading"
        f" {each['ingest_read']:.0f}. Batches that come while others are stored share a commit, so"
        f" that by HTTP all together is {each['ingest_http']:.0f} µs."
    )


def _command(place: Place, rounds: int) -> str:
    said = f"python -m benchmarks ingest --events {place.event_count}"
    return said if rounds == ROUNDS else f"{said} --rounds {rounds}"


def _client(port: int, key: str, count: int, first: int) -> None:
    """Send batches that are written beforehand, and print the seconds it took."""
    if hasattr(os, "sched_setaffinity"):
        others = set(range(os.cpu_count() or 1)) - os.sched_getaffinity(0)
        os.sched_setaffinity(0, others or os.sched_getaffinity(0))
    bodies = [batch(first + number) for number in range(count)]
    credentials = base64.b64encode(f"{key}:".encode()).decode()
    headers = {"Authorization": f"Basic {credentials}", "Content-Type": "application/json"}

    def send(part: Sequence[bytes]) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        for body in part:
            connection.request("POST", "/v1/batch", body, headers)
            with connection.getresponse() as response:
                assert (response.status, response.read()) == (200, b'{"success":true}')

    threads = [
        threading.Thread(target=send, args=(bodies[start::CLIENT_COUNT],))
        for start in range(CLIENT_COUNT)
    ]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(time.perf_counter() - began)


if __name__ == "__main__":
    _client(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
