"""A worker that is killed at any moment loses nothing and does nothing twice.

REHEARSAL_KILLS kills it more often than the everyday run does (issue 6 asks for 100).
"""

import os
import signal
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random

import pytest
from sqlalchemy import Engine

from core.domain.campaigns import Campaign
from core.domain.events import Event
from core.live.evaluator import GRACE
from core.services.live_events import ingest
from core.services.live_launches import launch
from core.services.live_questions import status
from core.services.live_ticks import tick, work
from core.store.database import migrate, open_database
from tests.live.feeding import firing_rows, message_rows, trace_rows
from tests.live.launched import CART, START, at

KILLS = int(os.environ.get("REHEARSAL_KILLS", "4"))
EVENT_COUNT = 300 * KILLS
PEOPLE = 200


@pytest.fixture
def events() -> list[Event]:
    random = Random(5)
    return [
        Event(
            event_id=f"e{number}",
            user_id=f"u{random.randrange(PEOPLE)}",
            event=random.choice(["add", "add", "view", "buy"]),
            timestamp=at(20 * number / EVENT_COUNT),
        )
        for number in range(EVENT_COUNT)
    ]


def test_a_worker_killed_at_any_moment_loses_and_doubles_nothing(
    database: Engine,
    database_url: str,
    events: list[Event],
    opened: Callable[[str], Engine],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    random = Random(6)
    begin(database)
    database.dispose()  # connections must not be shared with the workers
    share = EVENT_COUNT // KILLS
    for number in range(KILLS):
        with_own = open_database(database_url)
        ingest(with_own, events[number * share : (number + 1) * share], received_at=START)
        with_own.dispose()
        now = events[(number + 1) * share - 1].timestamp + timedelta(microseconds=GRACE)
        killed_after(database_url, f"worker {number}", now, random.uniform(0.02, 0.25))

    tick(database, at(30))

    quiet = opened(f"sqlite:///{tmp_path_factory.mktemp('quiet')}/shop.sqlite")
    migrate(quiet)
    begin(quiet)
    ingest(quiet, events, received_at=START)
    tick(quiet, at(30))
    assert firing_rows(database) == firing_rows(quiet)
    assert message_rows(database) == message_rows(quiet)
    assert trace_rows(database) == trace_rows(quiet)
    counted = status(database, at(40))["events"]
    assert (counted["decided"], counted["waiting"]) == (EVENT_COUNT, 0)
    assert len(message_rows(quiet)) > EVENT_COUNT / 20


def begin(database: Engine) -> None:
    campaign = Campaign.model_validate({**CART, "max_event_age": "30d", "stale_after": "30d"})
    launch(database, campaign, launched_at=START)


def killed_after(url: str, worker: str, now: datetime, seconds: float) -> None:
    """Run a worker in a process of its own, and kill it after a while."""
    process = os.fork()
    if process == 0:
        decide_for_ever(url, worker, now)
    time.sleep(seconds)
    os.kill(process, signal.SIGKILL)
    _, ended = os.waitpid(process, 0)
    assert os.WTERMSIG(ended) == signal.SIGKILL


def decide_for_ever(url: str, worker: str, now: datetime) -> None:
    try:
        work(
            open_database(url),
            worker=worker,
            clock=lambda: now,
            rest=lambda seconds: time.sleep(0.001),
            is_stopping=lambda: False,
            events_at_once=20,
        )
    finally:
        os._exit(1)
