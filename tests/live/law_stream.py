"""A stream of events by HTTP while something goes wrong, and what a quiet run makes of it."""

import json
import time
from collections.abc import Sequence
from datetime import timedelta
from random import Random
from threading import Semaphore, Thread
from typing import Any

from sqlalchemy import Engine, text

from core.domain.campaigns import Campaign
from core.domain.events import Event
from core.live.evaluator import GRACE
from core.services.live_events import ingest, save_profiles
from core.services.live_launches import launch
from core.services.live_questions import dead_letters, status
from core.services.live_ticks import tick
from core.store.database import migrate
from tests.api.asking import Answer, Shop
from tests.live.feeding import Files, told
from tests.live.launched import CART, START, at
from tests.live.law_workers import SharedClock

PEOPLE = 200
HOURS = 20
SLOW = {"max_event_age": "30d", "stale_after": "30d"}  # an outage makes nothing too old
SOUR = "sour.example"
RETRY = 0.02  # seconds


def domain_of(number: int) -> str:
    """Give the domain of somebody's address; some have one that takes no e-mail."""
    return SOUR if number % 10 == 0 else "example.org"


def cart_events(count: int, seed: int = 5) -> list[Event]:
    """Let some people fill carts, look around and buy for some hours."""
    random = Random(seed)
    return [
        Event(
            event_id=f"e{number}",
            user_id=f"u{random.randrange(PEOPLE)}",
            event=random.choice(["add", "add", "view", "buy"]),
            timestamp=at(HOURS * number / count),
        )
        for number in range(count)
    ]


def begin(database: Engine) -> None:
    """Launch the cart campaign for people who can be written to."""
    people = {f"u{n}": {"email": f"u{n}@{domain_of(n)}"} for n in range(PEOPLE)}
    save_profiles(database, people, saved_at=START)
    launch(database, Campaign.model_validate({**CART, **SLOW}), launched_at=START)


def quiet_run(database: Engine, events: Sequence[Event]) -> Files:
    """Decide everything at once, with nothing going wrong; `database` is an empty one."""
    migrate(database)
    begin(database)
    ingest(database, events, received_at=START)
    tick(database, at(HOURS + 10))
    return told(database)


class Stream(Thread):
    """Sends parts of a history one by one; after each the evaluator's clock moves on.

    A part that is refused is sent again until it is stored. `allow` lets some more parts go.
    """

    def __init__(self, door: Shop, clock: SharedClock, events: Sequence[Event], size: int) -> None:
        super().__init__(name="stream")
        self.refusals: list[Answer] = []
        self.stored_count = 0
        self.part_count = -(-len(events) // size)
        self._parts = [events[first : first + size] for first in range(0, len(events), size)]
        self._door, self._clock = door, clock
        self._allowed = Semaphore(0)
        self._failure: BaseException | None = None

    def allow(self, count: int) -> None:
        self._allowed.release(count)

    def finish(self) -> None:
        """Let all parts go, and wait until they are stored."""
        self._allowed.release(self.part_count)
        self.join()
        if self._failure is not None:
            raise self._failure

    def run(self) -> None:
        try:
            for part in self._parts:
                self._allowed.acquire()
                self._send(part)
        except BaseException as failure:  # noqa: BLE001 - raised again by `finish`
            self._failure = failure

    def _send(self, part: Sequence[Event]) -> None:
        now = part[-1].timestamp
        self._door.clock.at = now
        body = json.dumps({"batch": [_message(event) for event in part]}).encode()
        while (answer := self._door.post("/v1/batch", body)).status != 200:
            assert answer.status == 503, answer
            assert int(answer.headers["retry-after"]) > 0
            self.refusals.append(answer)
            time.sleep(RETRY)
        self.stored_count += len(part)
        self._clock.set(now + timedelta(microseconds=GRACE))


def check_nothing_is_lost_or_doubled(database: Engine, events: Sequence[Event]) -> None:
    """Every event is stored and decided once; nobody's could not be decided."""
    with database.connect() as connection:
        asked = "SELECT user_id, event_id, is_late FROM live_events WHERE source = 'api'"
        stored = sorted(map(tuple, connection.execute(text(asked))))
    assert stored == sorted((event.user_id, event.event_id, False) for event in events)
    assert status(database, at(HOURS + 1_000))["events"]["waiting"] == 0
    assert dead_letters(database) == []


def _message(event: Event) -> dict[str, Any]:
    return {
        "type": "track",
        "userId": event.user_id,
        "event": event.event,
        "messageId": event.event_id,
        "timestamp": event.timestamp.isoformat(),
    }
