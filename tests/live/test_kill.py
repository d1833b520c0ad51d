"""Workers that are killed at any moment lose nothing and do nothing twice, nor send it twice.

REHEARSAL_KILLS kills them more often than the everyday run does (issue 6 asks for 100).
"""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from random import Random

import pytest
from sqlalchemy import Engine, text

from core.domain.instants import as_microseconds
from core.live.delivery.identities import key_of_message_id
from core.live.evaluator import GRACE
from core.services.company import keep_company
from core.services.delivery_settings import keep_delivery_settings
from core.services.signing import signing_key
from core.store import live_counts, live_outbox
from core.store.database import reading
from tests.api.asking import Shop
from tests.live.delivery.post import COMPANY, SETTINGS
from tests.live.delivery.sinks import GO_ON, HANG_UP, Sink, serving
from tests.live.feeding import Files, told
from tests.live.launched import START, at
from tests.live.law_stream import (
    HOURS,
    SOUR,
    Stream,
    begin,
    cart_events,
    check_nothing_is_lost_or_doubled,
    quiet_run,
)
from tests.live.law_workers import Nursery, settle

KILLS = int(os.environ.get("REHEARSAL_KILLS", "12"))
EVENTS = cart_events(max(1_500, 20 * KILLS))
WORKERS = 2
A_WHILE = timedelta(hours=4)  # longer than any sender may be silent
LEAST_WHILES, MOST_WHILES = 3, 50
FEWEST_UNANSWERED = 2
OPEN = (live_outbox.QUEUED, live_outbox.SENDING)


class Server:
    """A mail server that refuses, defers and hangs up at random; some addresses do not exist."""

    def __init__(self, seed: int) -> None:
        self.is_kind = False
        self.sink = Sink(said=self._said)
        self._random = Random(seed)
        self._unanswered_count = 0

    def _said(self, stage: str, address: str) -> str:
        if stage == "RCPT" and address.endswith(SOUR):
            return "550 5.1.1 no such user"
        # Whatever chance says, of some letters nobody knows whether they were taken.
        if stage == "DATA" and self._unanswered_count < FEWEST_UNANSWERED:
            self._unanswered_count += 1
            return HANG_UP
        drawn = 1.0 if self.is_kind else self._random.random()
        if drawn < 0.03:
            return HANG_UP
        if drawn < 0.08:
            return "451 4.3.0 not now"
        return GO_ON

    def taken(self, secret: bytes) -> Counter[str]:
        """Count the letters that were accepted, by the key of their message."""
        keys = [key_of_message_id(str(m["Message-ID"]), secret) for m in self.sink.messages()]
        assert None not in keys
        return Counter(key for key in keys if key is not None)


@pytest.fixture
def server() -> Server:
    return Server(seed=8)


@contextmanager
def sending(server: Server) -> Iterator[str]:
    with serving(server.sink) as found:
        yield f"smtp://{found.host}:{found.port}"


def test_workers_killed_at_any_moment_lose_and_double_nothing(
    database: Engine,
    database_url: str,
    nursery: Nursery,
    server: Server,
    opened: Callable[[str], Engine],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    random = Random(6)
    begin(database)
    keep_company(database, COMPANY, changed_at=START)
    keep_delivery_settings(database, SETTINGS, changed_at=START)
    secret = signing_key(database, START)
    nursery.clock.set(START)
    stream = Stream(Shop(database), nursery.clock, EVENTS, size=15)
    stream.start()

    with sending(server) as mail_server:
        killing(nursery, stream, random, database_url, mail_server)
        stream.finish()
        server.is_kind = True
        come_to_an_end(database, nursery)
        nursery.stop_all()

    check_nothing_is_lost_or_doubled(database, EVENTS)
    quiet = opened(f"sqlite:///{tmp_path_factory.mktemp('quiet')}/shop.sqlite")
    assert reachable(told(database)) == reachable(quiet_run(quiet, EVENTS))
    check_letters(database, server.taken(secret))


def killing(
    nursery: Nursery, stream: Stream, random: Random, database_url: str, mail_server: str
) -> None:
    """Kill one worker after the other while events arrive, and start another in its place."""

    def start(number: int) -> int:
        return nursery.start(
            "decide and send",
            url=database_url,
            name=f"worker {number}",
            mail_server=mail_server,
            events_at_once=20,
        )

    alive = [start(number) for number in range(WORKERS)]
    for number in range(KILLS):
        stream.allow(stream.part_count // KILLS)
        time.sleep(random.uniform(0.02, 0.25))
        nursery.kill(alive.pop(random.randrange(WORKERS)))
        alive.append(start(WORKERS + number))


def come_to_an_end(database: Engine, nursery: Nursery) -> None:
    """Let time pass until everything is decided, and every message sent or given up."""
    for number in range(1, MOST_WHILES):
        now = at(HOURS) + number * A_WHILE
        nursery.clock.set(now)
        settle(database, now)
        for _ in range(50):
            left = unfinished(database, now)
            if not left:
                break
            time.sleep(0.02)
        if number > LEAST_WHILES and not left:
            return
    raise AssertionError(f"no end in sight: {left}")


def unfinished(database: Engine, now: datetime) -> dict[str, int]:
    """Count by kind what is still to be decided, sent or told, all as of one moment.

    Counts of several moments may each miss what goes from one to the next: a decision becomes a
    message, which becomes an event, which is to be decided.
    """
    due = as_microseconds(now) - GRACE
    with reading(database.execution_options(isolation_level="SERIALIZABLE")) as session:
        states = live_outbox.state_counts(session)
        counts = {
            "events": live_counts.waiting_count(session),
            "timers": live_counts.due_timer_count(session, due),
            "messages": sum(states.get(state, 0) for state in OPEN),
            "news": int(live_outbox.has_work(session, due, due, with_sandbox=False)),
        }
    return {kind: count for kind, count in counts.items() if count}


def reachable(files: Files) -> Files:
    """Leave out the messages of people whose address bounces: what follows depends on when."""
    sour = {f"u{number}" for number in range(0, 10_000, 10)}
    return {
        "firings": files["firings"],
        **{
            name: [row for row in files[name] if row[1] not in sour]
            for name in ("messages", "trace")
        },
    }


def check_letters(database: Engine, taken: Counter[str]) -> None:
    """Nobody got a letter twice; what was accepted is sent or unknown, and what is sent was."""
    with database.connect() as connection:
        rows = connection.execute(text("SELECT key, state FROM live_messages"))
        state_of = {row.key: row.state for row in rows}
    sent = {key for key, state in state_of.items() if state == live_outbox.SENT}
    unknown = {key for key, state in state_of.items() if state == live_outbox.UNKNOWN}
    assert max(taken.values()) == 1
    assert sent <= taken.keys() <= sent | unknown
    assert len(unknown) >= FEWEST_UNANSWERED
    assert len(sent) > 10 * len(unknown)
    assert set(state_of.values()) & set(OPEN) == set()
