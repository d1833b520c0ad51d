"""Decides for some people: events and time in, rows and new states out. No I/O but questions."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from core.domain.campaigns import traits_of
from core.domain.firings import Admission
from core.domain.live_reasons import LiveReason
from core.domain.values import JsonValue, at_path
from core.engine.audience import members
from core.engine.batches import MISSING, Bools, EventBatch, Firings, Int32s, PropertyColumn
from core.engine.crowd import Crowd, PlanFirings
from core.engine.enrolments import Person
from core.engine.keeping import (
    Entry,
    Plain,
    has_open,
    kept_memory,
    kept_walk,
    memory_of,
    next_deadline,
    plain_text,
    resumed,
)
from core.engine.lateness import bits_alone, disarmed, mail_bits
from core.engine.plans import Plan
from core.engine.triggers import advance
from core.engine.walk import Walk
from core.live.asking import Asking
from core.live.columns import Codes, batch_of, engine_name
from core.live.people import persons
from core.live.recorder import LiveBook
from core.live.worlds import LIVE, World, max_event_age
from core.store.live_decisions import Decided, Row
from core.store.live_events import ReceivedEvent
from core.store.live_people import State

_MEMORIES, _WALK = "memories", "walk"


@dataclass(slots=True, kw_only=True, eq=False)
class Work:
    """What is to be decided in one pass, for one mode.

    `late` are events older than what was decided for their person (8.1), `states` what is
    remembered by user id; time is known up to `watermark` (µs), and it is `now`.
    """

    user_ids: Sequence[str]
    events: Sequence[ReceivedEvent]
    late: Sequence[ReceivedEvent]
    states: Mapping[str, State]
    watermark: int
    now: int


@dataclass(slots=True, kw_only=True, eq=False)
class Outcome:
    """What came of a pass: rows for the tables, and the states that changed."""

    decided: Decided
    states: list[State] = field(default_factory=list)


def decide(world: World, work: Work, asking: Asking) -> Outcome:
    """Let events happen and time pass for the people of a pass, in the launches of a mode."""
    return _Pass(world, work, asking).outcome()


def closed_at(state: State | None) -> int | None:
    """Give the time (µs) up to which a person's timers were decided; None if none ever was."""
    if state is None:
        return None
    try:
        found: int | None = json.loads(state.state).get(_WALK, {}).get("closed")
    except ValueError:
        return None  # deciding for this person fails and says why
    return found


class _Pass:
    """One pass through one world."""

    def __init__(self, world: World, work: Work, asking: Asking) -> None:
        self._world, self._work, self._asking = world, work, asking
        self._codes = {user_id: code for code, user_id in enumerate(work.user_ids)}
        self._kept = {
            self._codes[user_id]: json.loads(state.state) for user_id, state in work.states.items()
        }
        self._book = LiveBook(world, work.user_ids, work.now)
        self._crowd = Crowd(world.plans, self._persons, self._book, self._begin)
        self._causes: dict[int, ReceivedEvent] = {}

    def outcome(self) -> Outcome:
        """Decide late events first: they can only prevent what has not happened yet."""
        world, work = self._world, self._work
        open_users = [code for code, kept in self._kept.items() if has_open(kept.get(_WALK, {}))]
        late_users = {self._codes[e.user_id] for e in work.late if self._is_known(e)}
        self._meet(sorted({*open_users, *late_users}))
        for event in work.late:
            self._look_back(event)
        codes = {path: Codes() for path in world.readers}
        memories = [self._recall(place, codes) for place in range(len(world.plans))]
        batch, ordered = batch_of(work.events, self._codes, world.readers, codes)
        self._causes = {event.seq: event for event in ordered}
        kept, raised = self._advance(memories, batch)
        found = self._of_interest(raised)
        outcomes = self._crowd.proceed(batch, found, work.watermark)
        for place, (plan_found, outcome) in enumerate(zip(found, outcomes, strict=True)):
            words = [Admission(code).word for code in outcome.tolist()]
            self._note_firings(place, plan_found.firings, words)
        return Outcome(decided=self._book.close(), states=self._new_states(kept))

    # Who walks

    def _is_known(self, event: ReceivedEvent) -> bool:
        return bool(mail_bits(event.event)) or self._codes[event.user_id] in self._kept

    def _meet(self, users: Sequence[int]) -> None:
        if users:
            self._crowd.meet(np.array(users, dtype=np.int32))

    def _persons(self, users: Int32s) -> list[Person]:
        ids = [self._work.user_ids[code] for code in users.tolist()]
        if not ids:
            return []
        return persons(ids, self._asking.reach_of(ids), self._world.salts, self._work.now)

    def _begin(self, user: int, person: Person) -> Walk:
        world = self._world
        self._book.turn_to(user)
        kept = self._kept.get(user, {}).get(_WALK, {})
        names = (world.ids, world.family_ids)
        return resumed(kept, world.plans, world.families, person, self._book, names)

    # Triggers

    def _recall(self, place: int, codes: Mapping[str, Codes]) -> Any:
        trigger, version_id = self._world.plans[place].campaign.trigger, self._world.ids[place]
        entries: list[tuple[int, Sequence[Entry]]] = []
        if self._world.is_current[place]:
            kept = [(code, self._memories(code).get(version_id)) for code in sorted(self._kept)]
            entries = [(code, own) for code, own in kept if own]
        key = trigger.key
        return memory_of(
            trigger, entries, lambda text: MISSING if key is None else codes[key].code(text)
        )

    def _memories(self, code: int) -> dict[str, list[Entry]]:
        found: dict[str, list[Entry]] = self._kept.get(code, {}).get(_MEMORIES, {})
        return found

    def _advance(
        self, memories: Sequence[Any], batch: EventBatch
    ) -> tuple[dict[int, Plain], list[Firings | None]]:
        """Advance the triggers of the present versions; give memories by user, and firings."""
        kept: dict[int, Plain] = {}
        raised: list[Firings | None] = []
        for place, plan in enumerate(self._world.plans):
            if not self._world.is_current[place]:
                raised.append(None)
                continue
            trigger = plan.campaign.trigger
            memory, firings = advance(trigger, memories[place], batch, self._work.watermark)
            texts = _key_texts(plan, batch, firings)
            for user, entries in kept_memory(memory, texts).items():
                kept.setdefault(user, {})[self._world.ids[place]] = entries
            launched_at = self._world.launches[place].launched_at
            raised.append(firings.take(np.flatnonzero(firings.fired_at >= launched_at)))
        return kept, raised

    def _of_interest(self, raised: Sequence[Firings | None]) -> list[PlanFirings]:
        """Leave out firings of events that are too old (8.2), and look up what flows ask."""
        rows = {row for firings in raised if firings is not None for row in firings.row.tolist()}
        self._causes.update(self._asking.events_of(rows - self._causes.keys()))
        return [
            _nothing() if firings is None else self._found(place, firings)
            for place, firings in enumerate(raised)
        ]

    def _found(self, place: int, firings: Firings) -> PlanFirings:
        plan = self._world.plans[place]
        oldest = max_event_age(plan)
        causes = [self._causes[row] for row in firings.row.tolist()]
        is_old = np.array([c.received_at - c.at > oldest for c in causes], dtype=np.bool_)
        if is_old.any():
            old = firings.take(np.flatnonzero(is_old))
            self._note_firings(place, old, [LiveReason.TOO_OLD] * len(old))
            firings = firings.take(np.flatnonzero(~is_old))
            causes = [self._causes[row] for row in firings.row.tolist()]
        named = plan.trigger_properties()
        parsed = [json.loads(cause.properties) for cause in causes] if named else []
        return PlanFirings(
            firings=firings,
            is_wanted=self._is_wanted(plan, firings),
            properties={name: [at_path(own, name) for own in parsed] for name in named},
        )

    def _is_wanted(self, plan: Plan, firings: Firings) -> Bools:
        """Ask who belongs to the audience (4.2)."""
        audience = plan.campaign.audience
        if audience is None or not len(firings):
            return np.ones(len(firings), dtype=np.bool_)
        users, place = np.unique(firings.user, return_inverse=True)
        ids = [self._work.user_ids[code] for code in users.tolist()]
        profiles = self._asking.reach_of(ids).profiles
        traits = [profiles[user_id].traits if user_id in profiles else {} for user_id in ids]
        columns = {
            name: _column([at_path(t, name) for t in traits]) for name in traits_of(audience)
        }
        held: Bools = members(audience, columns, len(users))[place]
        return held

    def _note_firings(self, place: int, firings: Firings, words: Sequence[str]) -> None:
        version = self._world.versions[place]
        columns = zip(
            firings.user.tolist(),
            firings.fired_at.tolist(),
            firings.row.tolist(),
            firings.key.tolist(),
            words,
            strict=True,
        )
        for user, fired_at, row, key, word in columns:
            decision: Row = {
                "launch_id": version.launch_id,
                "version_id": version.id,
                "user_id": self._work.user_ids[user],
                "key": None if key == MISSING else firings.key_texts[key],
                "fired_at": fired_at,
                "event_id": self._causes[row].event_id,
                "cause_seq": row,
                "outcome": word,
                "decided_at": self._work.now,
            }
            self._book.decided.decisions.append(decision)

    # Late events

    def _look_back(self, event: ReceivedEvent) -> None:
        """Let a late event disarm deadlines and end enrolments (8.1)."""
        code = self._codes[event.user_id]
        properties, name = json.loads(event.properties), engine_name(event)
        memories = self._memories(code)
        for place, plan in enumerate(self._world.plans):
            own = memories.get(self._world.ids[place])
            if own:
                memories[self._world.ids[place]] = disarmed(
                    plan.campaign.trigger, own, name, properties, event.at, event.seq
                )
        walk = self._crowd.walks.get(code)
        if walk is not None:
            self._book.turn_to(code)
            bits = [bits_alone(plan, name, properties) for plan in self._world.plans]
            walk.look_back(
                event.at, mail_bits(event.event), bits, lambda name: at_path(properties, name)
            )

    # What is remembered

    def _new_states(self, kept: Mapping[int, Plain]) -> list[State]:
        """Give the states that differ from those before."""
        world, changed = self._world, []
        touched = sorted({*kept, *self._crowd.walks, *self._kept})
        for code in touched:
            user_id, memories = self._work.user_ids[code], kept.get(code, {})
            dues = [
                next_deadline(plan.campaign.trigger, memories[own_id])
                for plan, own_id in zip(world.plans, world.ids, strict=True)
                if own_id in memories
            ]
            walk = self._crowd.walks.get(code)
            written: Plain = self._kept.get(code, {}).get(_WALK, {})
            if walk is not None:
                if world.mode == LIVE:
                    # The profile knows it now; that of a sandbox's person is left alone.
                    walk.person.changed.clear()
                written, due_at = kept_walk(walk, world.ids, world.family_ids, world.longest_cap)
                dues.append(due_at)
            whole = {name: part for name, part in ((_MEMORIES, memories), (_WALK, written)) if part}
            due = min((at for at in dues if at is not None), default=None)
            state = State(user_id, world.mode, plain_text(whole), due)
            former = self._work.states.get(user_id)
            if state != former and (whole or former is not None):
                changed.append(state)
        return changed


def _key_texts(plan: Plan, batch: EventBatch, firings: Firings) -> Sequence[str]:
    return firings.key_texts if plan.campaign.trigger.key is not None else ()


def _column(values: Sequence[JsonValue]) -> PropertyColumn:
    codes = Codes()
    return PropertyColumn(
        codes=np.array([codes.code(value) for value in values], dtype=np.int32),
        values=codes.values,
    )


def _nothing() -> PlanFirings:
    none = np.empty(0, dtype=np.int64)
    few = np.empty(0, dtype=np.int32)
    firings = Firings(user=few, fired_at=none, row=none, key=few, key_texts=())
    return PlanFirings(firings=firings, is_wanted=np.empty(0, dtype=np.bool_), properties={})
