"""What comes in: events, profiles, suppressed addresses."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from core.domain.errors import UnusableInput
from core.domain.events import Event
from core.domain.instants import as_microseconds
from core.domain.values import JsonValue
from core.live.people import profile_of
from core.live.withdrawals import guarded
from core.store import live_events, live_people
from core.store.database import reading, writing
from core.store.live_events import DeadLetter, NewEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestCounts:
    """How many events came, how many were new, and how many were known already."""

    received_count: int
    added_count: int
    duplicate_count: int


def ingest(
    database: Engine, events: Sequence[Event], *, received_at: datetime, source: str = "api"
) -> IngestCounts:
    """Store events that were received live, all or none; redelivery changes nothing (1.3).

    Raises UnusableInput for an id or a name with a character that no database can hold.
    """
    rows = [new_event(event) for event in events]
    with writing(database) as session:
        added = live_events.add_events(
            session, rows, received_at=as_microseconds(received_at), source=source
        )
    return IngestCounts(
        received_count=len(rows), added_count=added, duplicate_count=len(rows) - added
    )


def new_event(event: Event) -> NewEvent:
    """Write an event as the store keeps it."""
    for text in (event.user_id, event.event_id, event.event):
        if any(sign == "\0" or "\ud800" <= sign <= "\udfff" for sign in text):
            raise UnusableInput(
                f"the event {event.event_id!r} holds a character that is no text in its ids or "
                "its name; send it without"
            )
    return NewEvent(
        user_id=event.user_id,
        event_id=event.event_id,
        event=event.event,
        at=as_microseconds(event.timestamp),
        properties=json.dumps(event.properties),
    )


def save_profiles(
    database: Engine, profiles: Mapping[str, Mapping[str, JsonValue]], *, saved_at: datetime
) -> None:
    """Merge traits into the profiles of people; a trait that is None is removed.

    `email`, `consent`, `timezone` and `unsubscribed` are read from the traits of these names.
    """
    with writing(database) as session:
        merge_profiles(session, profiles, saved_at=saved_at)


def merge_profiles(
    session: Session, profiles: Mapping[str, Mapping[str, JsonValue]], *, saved_at: datetime
) -> None:
    """Merge traits into the profiles of people, as `save_profiles`, in the caller's transaction.

    What would lift a withdrawal that only the person can lift is left out.
    """
    profiles = guarded(session, profiles, saved_at=as_microseconds(saved_at))
    former = live_people.profiles_of(session, profiles, for_change=True)
    merged = []
    for user_id, told in profiles.items():
        known = former[user_id].traits if user_id in former else {}
        left = {name: value for name, value in {**known, **told}.items() if value is not None}
        if user_id not in former or left != known:
            merged.append(profile_of(user_id, left))
    live_people.save_profiles(session, merged, changed_at=as_microseconds(saved_at))


def profile(database: Engine, user_id: str) -> dict[str, JsonValue] | None:
    """Give a person's traits; None for somebody without a profile."""
    with reading(database) as session:
        found = live_people.profiles_of(session, [user_id]).get(user_id)
    return None if found is None else dict(found.traits)


def suppress(
    database: Engine, addresses: Sequence[str], *, reason: str, source: str, at: datetime
) -> None:
    """Let addresses get nothing any more."""
    with writing(database) as session:
        live_people.suppress(
            session, addresses, reason=reason, source=source, at=as_microseconds(at)
        )


def try_again(database: Engine, letter_id: int) -> DeadLetter:
    """Let all events of somebody who could not be decided wait for their decision once more.

    Raises UnusableInput where there is no such dead letter, or somebody was faster.
    """
    with writing(database) as session:
        letter = live_events.dead_letter(session, letter_id)
        if letter is None:
            raise UnusableInput("These events were tried again already; look at the log.")
        live_events.try_again(session, letter)
    return letter
