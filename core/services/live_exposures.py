"""Who came to a split of a launch and what they did afterwards, as arrays for experiments."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine

from core.domain.durations import to_microseconds
from core.domain.instants import as_microseconds
from core.domain.matchers import Matcher
from core.domain.values import JsonValue
from core.store import live_decisions, live_events
from core.store.database import reading

_USERS_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Exposures:
    """People at a split, equally long: the variant of each and their first time (µs) there."""

    user_ids: Sequence[str]
    variants: Sequence[str]
    exposed_at: NDArray[np.int64]

    def __len__(self) -> int:
        """Count the people."""
        return len(self.user_ids)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExposedEvents:
    """Events of exposed people, equally long, by person and time; `person` indexes `Exposures`."""

    person: NDArray[np.int32]
    at: NDArray[np.int64]
    properties: Sequence[Mapping[str, JsonValue]]

    def __len__(self) -> int:
        """Count the events."""
        return len(self.person)


def exposures(database: Engine, launch_id: int, split: str) -> Exposures:
    """Give who came to a split (its step id) of a launch, by user id (SEMANTICS 6.3)."""
    with reading(database) as session:
        rows = live_decisions.exposures(session, launch_id, split)
    return Exposures(
        user_ids=[row[0] for row in rows],
        variants=[row[1] for row in rows],
        exposed_at=np.array([row[2] for row in rows], dtype=np.int64),
    )


def events_of(
    database: Engine,
    people: Exposures,
    matcher: Matcher,
    *,
    within: timedelta,
    until: datetime | None = None,
) -> ExposedEvents:
    """Give the matching live events of exposed people in `(exposed_at, exposed_at + within]`.

    Events later than `until` are left out. Events of an upload are never among them.
    """
    place = {user_id: number for number, user_id in enumerate(people.user_ids)}
    starts = people.exposed_at.tolist()
    last = np.iinfo(np.int64).max if until is None else as_microseconds(until)
    window = to_microseconds(within)
    found: list[tuple[int, int, Mapping[str, JsonValue]]] = []
    with reading(database) as session:
        for first in range(0, len(place), _USERS_AT_ONCE):
            users = people.user_ids[first : first + _USERS_AT_ONCE]
            for event in live_events.events_named(session, users, matcher.event):
                person = place[event.user_id]
                if not starts[person] < event.at <= min(starts[person] + window, last):
                    continue
                properties = json.loads(event.properties)
                if matcher.accepts(event.event, properties):
                    found.append((person, event.at, properties))
    return ExposedEvents(
        person=np.array([row[0] for row in found], dtype=np.int32),
        at=np.array([row[1] for row in found], dtype=np.int64),
        properties=[row[2] for row in found],
    )
