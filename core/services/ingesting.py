"""What came in by HTTP, stored: who is who, what is known of people, and what they did."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from core.domain.calls import Call, Delivery, Link, Rejection, Traits
from core.domain.errors import UnusableInput
from core.domain.events import Event
from core.domain.instants import as_microseconds
from core.domain.values import JsonValue
from core.live.joining import join
from core.live.withdrawals import mirror
from core.services import public_calls
from core.services.live_events import merge_profiles, new_event
from core.store import joined_rows, live_events, live_people, person_links, rejected_calls
from core.store.app_settings import keep_setting, setting
from core.store.consents import hand_over_consents
from core.store.database import reading, writing
from core.store.rejected_calls import RejectedCall

DENIED = "denied_properties"
# What a form may give away by mistake; the marketer can add to it, and take away.
USUALLY_DENIED = frozenset(
    {"password", "password_confirmation", "passwd", "card_number", "credit_card", "cvc", "cvv"}
)
LONGEST_NAME = 255
# Of the traits of one person as JSON: all of it is read whenever something is decided for them.
LARGEST_PROFILE = 256 << 10
_FULL = (
    f"the traits of this person would fill more than {LARGEST_PROFILE >> 10} KB; have some of them "
    "forgotten by sending them as null"
)

Arrived = tuple[Call, Delivery]


def take_in(database: Engine, deliveries: Sequence[Delivery]) -> None:
    """Store what came, in its order, all or nothing; the same once more changes nothing."""
    deliveries = [public_calls.sorted_out(one) for one in deliveries]
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
                self._link(call, delivery)
        guard = public_calls.Guard(self._session, self._told_in_public(run))
        room = _Room(self._session, self._told(run))
        for call, delivery in run:
            if isinstance(call, Traits):
                person = self._owner(call.user_id)
                told = merged.setdefault(person, {})
                usable = self._usable(call, delivery, told, guard)
                if not room.has_place(person, usable, told):
                    self._refuse(public_calls.refused_traits(_FULL), delivery)
                    usable = public_calls.weighty(usable)
                told.update(usable)
            elif isinstance(call, Event):
                events.setdefault(delivery.source, []).append(call)
        merge_profiles(self._session, merged, saved_at=received_at)
        for source, called in events.items():
            self._add_events(called, received_at, source)

    def _told(self, run: Sequence[Arrived]) -> set[str]:
        return {self._owner(call.user_id) for call, _ in run if isinstance(call, Traits)}

    def _told_in_public(self, run: Sequence[Arrived]) -> list[tuple[str, Mapping[str, JsonValue]]]:
        return [
            (self._owner(call.user_id), call.traits)
            for call, delivery in run
            if delivery.is_public and isinstance(call, Traits)
        ]

    def _usable(
        self,
        call: Traits,
        delivery: Delivery,
        told: Mapping[str, JsonValue],
        guard: public_calls.Guard,
    ) -> Mapping[str, JsonValue]:
        """Give the traits that may be kept, and note why others may not."""
        if not delivery.is_public:
            return public_calls.from_server(call.traits)
        usable, reason = guard.usable(self._owner(call.user_id), call.traits, told)
        if reason:
            self._refuse(public_calls.refused_traits(reason), delivery)
        return usable

    def _refuse(self, rejection: Rejection, delivery: Delivery) -> None:
        rejected_calls.add_rejections(
            self._session, [rejection], received_at=delivery.received_at, source=delivery.source
        )

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

    def _link(self, link: Link, delivery: Delivery) -> None:
        person, user = link.previous_id, self._owner(link.user_id)
        linked_at = delivery.received_at
        if user in (person, self._owner(person)):
            return  # known already, or a circle: the two are one by now
        person_links.save_links(self._session, {person: user}, linked_at=linked_at)
        self._owners = {
            known: user if owner == person else owner for known, owner in self._owners.items()
        }
        self._owners[person] = user
        person_links.hand_over(self._session, person, user)
        if joined_rows.has_entered(self._session, person):
            join(self._session, person, user, as_microseconds(linked_at))
        found = live_people.profiles_of(self._session, [person, user])
        known = found[user].traits if user in found else {}
        # Whoever says with a public key that they are somebody known neither agrees nor objects
        # for them.
        is_vouched = not (delivery.is_public and public_calls.is_known(known))
        if person in found:
            told = found[person].traits
            if _size(told) + _size(known) > LARGEST_PROFILE:
                told = public_calls.weighty(told)
            own = {user: {**(told if is_vouched else public_calls.light(told)), **known}}
            merge_profiles(self._session, own, saved_at=linked_at)
            person_links.forget_profile(self._session, person)
        if is_vouched and hand_over_consents(self._session, person, user):
            mirror(self._session, user, now=as_microseconds(linked_at))


class _Room:
    """Knows how much is known of people: nobody's profile grows without end."""

    def __init__(self, session: Session, people: Collection[str]) -> None:
        self._sizes = person_links.profile_sizes(session, people) if people else {}

    def has_place(
        self, person: str, traits: Mapping[str, JsonValue], told: Mapping[str, JsonValue]
    ) -> bool:
        """Say whether traits may be added to what is stored, and to what was `told` meanwhile."""
        again = {name: told[name] for name in traits.keys() & told.keys()}
        size = self._sizes.get(person, 0) + _size(traits) - _size(again)
        has_place = size <= LARGEST_PROFILE
        if has_place:
            self._sizes[person] = size
        return has_place


def _size(traits: Mapping[str, JsonValue]) -> int:
    return len(json.dumps(traits))


def _ids(calls: Iterable[Call]) -> set[str]:
    ids: set[str] = set()
    for call in calls:
        ids.add(call.user_id)
        if isinstance(call, Link):
            ids.add(call.previous_id)
    return ids
