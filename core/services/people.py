"""The questions of the page People: who is known, and what somebody did."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine

from core.domain.instants import from_microseconds
from core.domain.values import JsonValue
from core.services.datasets import Person
from core.store import people_search, person_links
from core.store.database import reading
from core.store.live_events import HISTORY

MOST_FOUND = 20
MOST_EVENTS = 200
_LOOKED_AT = 2_000
_LONGEST = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """Something that a person did; `source` is the way by which we know, or a dataset's name."""

    at: datetime
    event: str
    properties: dict[str, JsonValue]
    source: str


def find(database: Engine, text: str, limit: int = MOST_FOUND) -> Sequence[Person]:
    """Find people live knows whose id or address begins with a text; the latest ones for none."""
    wanted = text.strip()[:_LONGEST]
    with reading(database) as session:
        if wanted:
            found = people_search.find(session, wanted, limit)
        else:
            found = people_search.latest(session, limit, _LOOKED_AT)
            found = found or people_search.some_profiles(session, limit)
        emails = people_search.emails_of(session, found)
    return [Person(user_id=user_id, email=emails.get(user_id)) for user_id in found]


def present_id(database: Engine, user_id: str) -> str:
    """Give the id under which somebody is known now."""
    with reading(database) as session:
        return person_links.owners(session, [user_id]).get(user_id, user_id)


def deeds(database: Engine, user_id: str, limit: int = MOST_EVENTS) -> list[Deed]:
    """List what somebody did live, the latest first."""
    with reading(database) as session:
        events = people_search.latest_events(session, user_id, limit)
    return [
        Deed(
            at=from_microseconds(event.at),
            event=event.event,
            properties=json.loads(event.properties),
            source=event.source,
        )
        for event in events
        if event.source != HISTORY  # the dataset tells it itself
    ]


def others_with_address(database: Engine, user_id: str, address: str) -> list[str]:
    """Give the ids of other people with the same address: erasing one does not erase them."""
    with reading(database) as session:
        return people_search.same_address(session, user_id, address)
