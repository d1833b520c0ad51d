"""What came in last, and an event to see that something can."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine

from core.domain.calls import Delivery, anonymous
from core.domain.events import Event
from core.domain.instants import from_microseconds
from core.domain.values import JsonValue
from core.services.ingesting import take_in
from core.store import arrivals
from core.store.database import reading

TEST_EVENT = "test_event"
TEST_PERSON = anonymous("test")
SOURCE = "test"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """An event that came in: when, of whom, what it says, and by which way."""

    received_at: datetime
    user_id: str
    event: str
    properties: Mapping[str, JsonValue]
    source: str


def latest_events(database: Engine, limit: int = 20) -> list[Arrival]:
    """List the events that came in last, the latest first."""
    with reading(database) as session:
        found = arrivals.latest_events(session, limit)
    return [
        Arrival(
            received_at=from_microseconds(event.received_at),
            user_id=event.user_id,
            event=event.event,
            properties=json.loads(event.properties),
            source=event.source,
        )
        for event in found
    ]


def send_test_event(database: Engine, now: datetime) -> None:
    """Take in an event of nobody, who has no address, the way that all others go."""
    event = Event(
        event_id=secrets.token_hex(8),
        user_id=TEST_PERSON,
        event=TEST_EVENT,
        timestamp=now,
        properties={},
    )
    take_in(database, [Delivery(calls=[event], received_at=now, source=SOURCE)])
