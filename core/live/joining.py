"""Lets somebody who entered campaigns be another person from now on, where both are one."""

import json
from collections.abc import Sequence
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from core.domain.consents import MARKETING_NAME
from core.domain.values import at_path
from core.engine.happenings import MAIL_EVENTS, UNSUBSCRIBED
from core.engine.joining import join_walks, joined_entries
from core.engine.keeping import kept_walk, next_deadline, plain_text, resumed
from core.engine.lateness import bits_alone, disarmed
from core.engine.walk import Walk
from core.live.asking import asking_in
from core.live.columns import engine_name
from core.live.people import persons
from core.live.recorder import LiveBook
from core.live.worlds import MODES, World, world_of
from core.store import joined_rows, live_decisions, live_events, live_launches, live_people
from core.store.consents import given_at
from core.store.live_events import ReceivedEvent, partition_of
from core.store.live_people import State

Kept = dict[str, Any]


def join(session: Session, person_id: str, user_id: str, now: int) -> None:
    """Let all that was decided for a person be a user's, who goes on with it; `now` in µs.

    What either did counts for the other as if it came late (8.1): it disarms deadlines and ends
    enrolments by their goal.
    """
    live_launches.lock_partitions(session)
    deeds = live_events.decided_of_users(session, [person_id, user_id])
    agreed = given_at(session, MARKETING_NAME, [person_id, user_id])
    agreed_at = max(agreed.values(), default=None)
    joined_rows.give(session, person_id, user_id)
    _know_time(session, person_id, user_id)
    launches = live_launches.stored_launches(session)
    for mode in MODES:
        states = live_people.states_in(session, mode, [person_id, user_id])
        world = world_of(launches, mode)
        if person_id not in states:
            continue
        if world is not None:
            of_user = [event for event in deeds if event.user_id == user_id]
            of_person = [event for event in deeds if event.user_id == person_id]
            joining = _Joining(session, world, user_id, now, agreed_at)
            joining.join(states.get(user_id), of_person, states[person_id], of_user)
        elif user_id not in states:
            alone = states[person_id]._replace(user_id=user_id, next_due_at=None)
            live_people.save_states(session, None, [alone])
    live_people.forget_states(session, person_id)


def _know_time(session: Session, person_id: str, user_id: str) -> None:
    """Let time be known for the user's share as far as it is for the person's: what they did is."""
    known = {share.partition: share.watermark for share in live_launches.shares(session)}
    watermark = known[partition_of(person_id)]
    if watermark is not None:
        live_launches.know_time(session, watermark, partition_of(user_id))


class _Joining:
    """Two people becoming one in one mode."""

    def __init__(
        self, session: Session, world: World, user_id: str, now: int, agreed_at: int | None
    ) -> None:
        self._session, self._world, self._user_id = session, world, user_id
        self._agreed_at = agreed_at
        self._book = LiveBook(world, [user_id], now)
        self._book.turn_to(0)
        self._now = now

    def join(
        self,
        own: State | None,
        done_by_other: Sequence[ReceivedEvent],
        other: State,
        done_by_own: Sequence[ReceivedEvent],
    ) -> None:
        world = self._world
        kept = {} if own is None else json.loads(own.state)
        added = json.loads(other.state)
        walk, former = self._begun(kept), self._begun(added)
        self._look_back(kept, walk, done_by_other)
        self._look_back(added, former, done_by_own)
        join_walks(walk, former, self._now, self._book)
        memories, theirs = kept.get("memories", {}), added.get("memories", {})
        for plan, own_id in zip(world.plans, world.ids, strict=True):
            both = memories.get(own_id, []), theirs.get(own_id, [])
            if any(both):
                memories[own_id] = joined_entries(plan.campaign.trigger, *both)
        self._save(walk, memories)

    def _begun(self, kept: Kept) -> Walk:
        world, session = self._world, self._session
        reach = asking_in(session).reach_of([self._user_id])
        person = persons([self._user_id], reach, world.salts, self._now)[0]
        names = (world.ids, world.family_ids)
        return resumed(kept.get("walk", {}), world.plans, world.families, person, self._book, names)

    def _look_back(self, kept: Kept, walk: Walk, events: Sequence[ReceivedEvent]) -> None:
        memories = kept.get("memories", {})
        for event in events:
            properties, name = json.loads(event.properties), engine_name(event)
            for plan, own_id in zip(self._world.plans, self._world.ids, strict=True):
                if own_id in memories:
                    trigger, own = plan.campaign.trigger, memories[own_id]
                    memories[own_id] = disarmed(trigger, own, name, properties, event.at, event.seq)
            bits = [bits_alone(plan, name, properties) for plan in self._world.plans]
            mail = MAIL_EVENTS.get(event.event, 0)
            if self._agreed_at is not None and event.at <= self._agreed_at:
                mail &= ~UNSUBSCRIBED  # they subscribed again since
            walk.look_back(event.at, mail, bits, partial(at_path, properties))

    def _save(self, walk: Walk, memories: Kept) -> None:
        world = self._world
        written, due_at = kept_walk(walk, world.ids, world.family_ids, world.longest_cap)
        dues = [due_at] + [
            next_deadline(plan.campaign.trigger, memories[own_id])
            for plan, own_id in zip(world.plans, world.ids, strict=True)
            if own_id in memories
        ]
        due = min((at for at in dues if at is not None), default=None)
        whole = {**({"memories": memories} if memories else {}), "walk": written}
        state = State(self._user_id, world.mode, plain_text(whole), due)
        live_people.save_states(self._session, None, [state])
        live_decisions.save_decided(self._session, self._book.close())
