"""What came in by HTTP, stored: who is who, what is known of people, and what they did."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from core.domain.calls import Call, Delivery, Link, Traits
from core.domain.errors import UnusableInput
from core.domain.events import Event
from core.domain.instants import as_microseconds
from core.domain.values import JsonValue
from core.live.people import profile_of
from core.services.live_events import new_event
from core.store import live_events, live_people, person_links, rejected_calls
from core.store.app_settings import keep_setting, setting
from core.store.database import reading, writing
from core.store.rejected_calls import RejectedCall

DENIED = "denied_properties"
# What a form may give away by mistake; the marketer can add to it, and take away.
USUALLY_DENIED = frozenset(
    {"password", "password_confirmation", "passwd", "card_number", "credit_card", "cvc", "cvv"}
)
LONGEST_NAME = 255

Arrived = tuple[Call, Delivery]


def take_in(database: Engine, deliveries: Sequence[Delivery]) -> None:
    """Store what came, in its order, all or nothing; the same once more changes nothing."""
    with writing(database) as session:
        arrived = [(call, one) for one in deliveries for call in one.calls]
        people = _People(session, [call for call, _ in arrived])
        for run in _runs(arrived):
            people.take(run)
        for one in deliveries:
            rejected_calls.add_rejections(
                session, one.rejections, received_at=one.received_at, source=one.source
            )


def rejections(database: Engine, limit: int = 100) -> list[RejectedCall]:
    """List messages that could not be used, the latest first; the last 1,000 are kept."""
    with reading(database) as session:
        return rejected_calls.latest_rejections(session, limit)


def resolve(database: Engine, person_ids: Iterable[str]) -> dict[str, str]:
    """Give the user id under which people are known now, for those known under another one."""
    with reading(database) as session:
        return person_links.owners(session, person_ids)


def denied_properties(database: Engine) -> frozenset[str]:
    """Give the names, in lower case, of the properties and traits that are dropped at the door."""
    with reading(database) as session:
        found = setting(session, DENIED)
    return frozenset(map(str, found)) if isinstance(found, list) else USUALLY_DENIED


def deny_properties(database: Engine, names: Sequence[str], *, changed_at: datetime) -> None:
    """Drop properties and traits of these names from now on, and no others.

    Raises UnusableInput for a name that no property has.
    """
    wanted = sorted({name.strip().lower() for name in names})
    wrong = [name for name in wanted if not name or len(name) > LONGEST_NAME]
    if wrong:
        raise UnusableInput(f"{wrong[0][:40]!r} is no name of a property; write one per line")
    with writing(database) as session:
        keep_setting(session, DENIED, wanted, changed_at=changed_at)


def _runs(arrived: Sequence[Arrived]) -> Iterator[Sequence[Arrived]]:
    """Split what came where an id goes to a second person: two people used one browser."""
    first = 0
    linked: dict[str, str] = {}
    for place, (call, _) in enumerate(arrived):
        if isinstance(call, Link) and linked.setdefault(call.previous_id, call.user_id) != (
            call.user_id
        ):
            yield arrived[first:place]
            first, linked = place, {call.previous_id: call.user_id}
    yield arrived[first:]


class _People:
    """The people of what arrived, whose ids may change hands on the way."""

    def __init__(self, session: Session, calls: Sequence[Call]) -> None:
        self._session = session
        person_links.begin(session, links=any(isinstance(call, Link) for call in calls))
        self._owners = person_links.owners(session, _ids(calls))

    def take(self, run: Sequence[Arrived]) -> None:
        """Store who is who, then what is known of them, then what they did."""
        events: dict[str, list[Event]] = {}
        merged: dict[str, dict[str, JsonValue]] = {}
        received_at = max((delivery.received_at for _, delivery in run), default=None)
        if received_at is None:
            return
        for call, delivery in run:
            if isinstance(call, Link):
                self._link(call, delivery.received_at)
        for call, delivery in run:
            if isinstance(call, Traits):
                merged.setdefault(self._owner(call.user_id), {}).update(call.traits)
            elif isinstance(call, Event):
                events.setdefault(delivery.source, []).append(call)
        self._merge(merged, received_at)
        for source, called in events.items():
            self._add_events(called, received_at, source)

    def _owner(self, person_id: str) -> str:
        return self._owners.get(person_id, person_id)

    def _add_events(self, events: Sequence[Event], received_at: datetime, source: str) -> None:
        owners = self._owners
        rows = [
            new_event(
                replace(event, user_id=owners[event.user_id]) if event.user_id in owners else event
            )
            for event in events
        ]
        live_events.add_events(
            self._session, rows, received_at=as_microseconds(received_at), source=source
        )

    def _merge(self, traits: Mapping[str, Mapping[str, JsonValue]], saved_at: datetime) -> None:
        former = live_people.profiles_of(self._session, traits)
        merged = []
        for user_id, told in traits.items():
            known = former[user_id].traits if user_id in former else {}
            left = {name: value for name, value in {**known, **told}.items() if value is not None}
            if left != known:
                merged.append(profile_of(user_id, left))
        live_people.save_profiles(self._session, merged, changed_at=as_microseconds(saved_at))

    def _link(self, link: Link, linked_at: datetime) -> None:
        person, user = link.previous_id, self._owner(link.user_id)
        if user in (person, self._owner(person)):
            return  # known already, or a circle: the two are one by now
        person_links.save_links(self._session, {person: user}, linked_at=linked_at)
        self._owners = {
            known: user if owner == person else owner for known, owner in self._owners.items()
        }
        self._owners[person] = user
        person_links.hand_over(self._session, person, user)
        self._hand_over_profile(person, user, linked_at)

    def _hand_over_profile(self, person: str, user: str, saved_at: datetime) -> None:
        """Add what was known of the one to the profile of the other, where nothing else is."""
        found = live_people.profiles_of(self._session, [person, user])
        if person in found:
            known = found[user].traits if user in found else {}
            self._merge({user: {**found[person].traits, **known}}, saved_at)
            person_links.forget_profile(self._session, person)


def _ids(calls: Iterable[Call]) -> set[str]:
    ids: set[str] = set()
    for call in calls:
        ids.add(call.user_id)
        if isinstance(call, Link):
            ids.add(call.previous_id)
    return ids
