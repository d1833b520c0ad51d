"""Workers as processes of their own that a test starts and kills, by a clock that it drives."""

import json
import mmap
import os
import signal
import socket
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import Any

from sqlalchemy import Engine

from core.domain.campaigns import Campaign
from core.domain.events import Event
from core.domain.instants import as_microseconds, from_microseconds
from core.domain.mail_servers import read_mail_server
from core.live.evaluator import GRACE
from core.services import errands
from core.services.delivering import Outgoing
from core.services.delivery_passes import Delivery
from core.services.errands import Errand
from core.services.live_events import ingest
from core.services.live_launches import launch
from core.services.live_ticks import tick, work
from core.store import live_launches
from core.store.database import migrate, open_database, reading
from tests.live.delivery.post import PlainComposer
from tests.live.launched import CART, START, at

PATIENCE = 600.0  # seconds in which workers have to decide what is due
Job = Callable[[Mapping[str, Any], "SharedClock"], None]


class SharedClock:
    """A clock that stands still until it is set; processes forked from this one see it as well."""

    def __init__(self, instant: datetime) -> None:
        self._cell = memoryview(mmap.mmap(-1, 8)).cast("q")
        self.set(instant)

    def set(self, instant: datetime) -> None:
        self._cell[0] = as_microseconds(instant)

    def __call__(self) -> datetime:
        return from_microseconds(self._cell[0])


class Nursery:
    """A process without threads that has everything loaded and forks workers from itself.

    `jobs` are what a worker may do, by name; a job is given what `start` was given.
    """

    def __init__(self, jobs: Mapping[str, Job]) -> None:
        self.clock = SharedClock(START)
        self._alive: set[int] = set()
        ours, theirs = socket.socketpair()
        self._process = os.fork()
        if self._process == 0:
            ours.close()
            _breed(theirs, jobs, self.clock)
        theirs.close()
        self._line = ours.makefile("rw")
        self._socket = ours

    def start(self, job: str, **given: Any) -> int:
        """Start a worker; give the number of its process."""
        process = self._ask({"job": job, **given})
        self._alive.add(process)
        return process

    def kill(self, process: int) -> None:
        """Kill a worker that still runs, and wait until it is gone."""
        os.kill(process, signal.SIGKILL)
        ended = self._ended(process)
        assert os.WIFSIGNALED(ended), f"the worker had ended by itself ({ended})"

    def stop(self, process: int) -> None:
        """Tell a worker to stop, and wait until it has."""
        os.kill(process, signal.SIGTERM)
        ended = self._ended(process)
        assert ended == 0, f"the worker ended with {ended}"

    def stop_all(self) -> None:
        for process in sorted(self._alive):
            self.stop(process)

    def kill_all(self) -> None:
        """Clean up whatever a test that failed has left behind."""
        for process in sorted(self._alive):
            os.kill(process, signal.SIGKILL)
            self._ended(process)

    def close(self) -> None:
        self.kill_all()
        self._line.close()
        self._socket.close()
        os.waitpid(self._process, 0)

    def _ended(self, process: int) -> int:
        self._alive.discard(process)
        return self._ask({"reap": process})

    def _ask(self, wish: Mapping[str, Any]) -> int:
        self._line.write(json.dumps(wish) + "\n")
        self._line.flush()
        return int(self._line.readline())


def decide(
    given: Mapping[str, Any],
    clock: SharedClock,
    prepare: Callable[[Engine], None] = lambda database: None,
) -> None:
    """Be a worker that only decides: `url`, `name`, and how many `events_at_once`."""
    with stopping_by_signal() as is_stopping:
        database = open_database(given["url"])
        prepare(database)
        work(
            database,
            worker=given["name"],
            clock=clock,
            rest=lambda seconds: time.sleep(0.01),
            is_stopping=is_stopping,
            events_at_once=given.get("events_at_once", 10_000),
        )


def decide_and_send(given: Mapping[str, Any], clock: SharedClock) -> None:
    """Be a worker that decides and sends: as `decide`, with the `mail_server`'s address."""
    database = open_database(given["url"])
    away = Outgoing(
        server=read_mail_server(given["mail_server"], "X"), sender="", folder=Path("nowhere")
    )
    delivery = Delivery(database, PlainComposer(database), away, clock=clock, seconds=2.0)
    errand = Errand(name="delivery", every=0.03, run=delivery.run)
    with errands.beside([errand], clock):
        decide(given, clock)
    delivery.close()


@contextmanager
def stopping_by_signal() -> Iterator[Callable[[], bool]]:
    """Give what says whether this process was told to stop."""
    told = []

    def stop(_number: int, _frame: FrameType | None) -> None:
        told.append(True)

    signal.signal(signal.SIGTERM, stop)
    yield lambda: bool(told)


def settle(database: Engine, now: datetime, *, patience: float = PATIENCE) -> None:
    """Wait until workers have decided all that is due by `now`."""
    last = time.monotonic() + patience
    until = as_microseconds(now) - GRACE
    while time.monotonic() < last:
        with reading(database) as session:
            if not live_launches.busy_partitions(session, until):
                return
        time.sleep(0.005)
    raise AssertionError(f"the workers did not come to an end with what was due by {now}")


def _breed(line: socket.socket, jobs: Mapping[str, Job], clock: SharedClock) -> None:
    """Start and reap workers as told until nobody tells any more; then none is left behind."""
    alive: set[int] = set()
    try:
        warm_up()
        with line.makefile("rw") as wishes:
            for written in wishes:
                wish = json.loads(written)
                if "reap" in wish:
                    _, answer = os.waitpid(wish["reap"], 0)
                    alive.discard(wish["reap"])
                else:
                    answer = _forked(jobs[wish["job"]], wish, clock)
                    alive.add(answer)
                wishes.write(f"{answer}\n")
                wishes.flush()
    finally:
        for process in alive:
            os.kill(process, signal.SIGKILL)
        os._exit(0)


def _forked(job: Job, wish: Mapping[str, Any], clock: SharedClock) -> int:
    process = os.fork()
    if process == 0:
        try:
            job(wish, clock)
        except BaseException:  # noqa: BLE001 - nobody is above who could tell
            traceback.print_exc()
            sys.stderr.flush()
            os._exit(1)
        os._exit(0)
    return process


def warm_up() -> None:
    """Decide something, so that all is loaded and compiled."""
    with tempfile.TemporaryDirectory() as folder:
        database = open_database(f"sqlite:///{Path(folder)}/warm.sqlite")
        migrate(database)
        launch(database, Campaign.model_validate(CART), launched_at=START)
        event = Event(event_id="e1", user_id="ann", event="add", timestamp=at(1))
        ingest(database, [event], received_at=at(1))
        tick(database, at(30))
        database.dispose()
