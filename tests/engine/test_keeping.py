"""Stopping and resuming from what was kept changes nothing, wherever it happens (7.5)."""

import json
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.domain.campaigns import Campaign
from core.domain.firings import Admission
from core.domain.triggers import properties_of
from core.domain.values import at_path
from core.engine.batches import Int32s
from core.engine.crowd import Crowd, PlanFirings
from core.engine.enrolments import Person
from core.engine.keeping import (
    Entry,
    Plain,
    kept_memory,
    kept_walk,
    memory_of,
    next_deadline,
    resumed,
)
from core.engine.plans import plan_of
from core.engine.recording import Book
from core.engine.triggers import advance
from core.engine.walk import Walk
from tests.engine import flow_batching
from tests.engine.batching import Feeder, audience
from tests.engine.flow_batching import by_user, sorted_firings, walk
from tests.engine.test_against_reference import _watermarks
from tests.reference.flow import Told
from tests.reference.flows import FlowCase, flow_cases
from tests.reference.matching import Event, in_order

thorough = settings(
    max_examples=250,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
LONGEST_CAP = 30 * 86_400_000_000


@thorough
@given(case=flow_cases(), data=st.data())
def test_resuming_from_what_was_kept_equals_one_run(case: FlowCase, data: st.DataObject) -> None:
    events = in_order([e for e in case.events if e.timestamp <= case.watermark])
    campaigns = [Campaign.model_validate(written) for written in case.campaigns]
    feeder = Feeder(users=sorted({e.user_id for e in events}), events=events)
    bounds = sorted({0, *(cut for cut in case.cuts if cut < len(events)), len(events)})
    batches = [events[low:high] for low, high in pairwise(bounds)] or [events]
    marks = _watermarks(data, batches, case.watermark)

    kept = Keeper(campaigns, feeder, case.profiles)
    for batch, mark in zip(batches, marks, strict=True):
        kept.take(batch, mark)

    expected = walk(campaigns, feeder, [events], [case.watermark], case.profiles)
    assert _comparable(kept.told) == _comparable(expected._replace(enrolments=[]))


@thorough
@given(case=flow_cases(), data=st.data())
def test_nothing_happens_before_the_time_that_is_kept_as_due(
    case: FlowCase, data: st.DataObject
) -> None:
    events = in_order([e for e in case.events if e.timestamp <= case.watermark])
    campaigns = [Campaign.model_validate(written) for written in case.campaigns]
    feeder = Feeder(users=sorted({e.user_id for e in events}), events=events)
    keeper = Keeper(campaigns, feeder, case.profiles)
    keeper.take(events, max((e.timestamp for e in events), default=0))
    due_at = keeper.due_at()
    before = [len(rows) for rows in keeper.told]

    if due_at is not None:
        keeper.take([], due_at - 1)
        assert [len(rows) for rows in keeper.told] == before
        keeper.take([], due_at)
        assert [len(rows) for rows in keeper.told] != before
    else:
        keeper.take([], case.watermark + 400 * 86_400_000_000)
        assert [len(rows) for rows in keeper.told] == before


class Keeper:
    """Carries nothing but JSON text from batch to batch."""

    def __init__(self, campaigns: Sequence[Campaign], feeder: Feeder, profiles: Any) -> None:
        self.campaigns, self.feeder, self.profiles = campaigns, feeder, profiles
        self.plans = [plan_of(campaign) for campaign in campaigns]
        self.ids = [f"version {n}" for n in range(len(campaigns))]
        self.families = [f"campaign {n}" for n in range(len(campaigns))]
        self.text = json.dumps({"memories": [[] for _ in campaigns], "walks": []})
        self.told = Told([], [], [], [])

    def take(self, events: Sequence[Event], watermark: int) -> None:
        fresh = Feeder(users=self.feeder.users, events=self.feeder.events)
        fresh.names = self.feeder.names
        state = json.loads(self.text)
        book = Book()
        walks = dict(state["walks"])
        begin = self.begin(walks, book)
        crowd = Crowd(self.plans, self.persons(fresh), book, begin)
        crowd.meet(np.array(sorted(walks), dtype=np.int32))
        memories = [
            memory_of(c.trigger, kept, self.key_code(fresh, c, kept))
            for c, kept in zip(self.campaigns, state["memories"], strict=True)
        ]
        named = {name for c in self.campaigns for name in properties_of(c.trigger)}
        batch = fresh.batch(events, named.union(*(plan.properties() for plan in self.plans)))
        found, kept_memories = [], []
        for place, plan in enumerate(self.plans):
            trigger = plan.campaign.trigger
            memory, raised = advance(trigger, memories[place], batch, watermark)
            texts = raised.key_texts
            kept_memories.append(list(kept_memory(memory, texts).items()))
            causes = [fresh.events[row] for row in raised.row.tolist()]
            wanted = audience(plan.campaign, fresh, self.profiles or {})[raised.user]
            properties = {
                name: [at_path(cause.properties, name) for cause in causes]
                for name in plan.trigger_properties()
            }
            found.append(PlanFirings(firings=raised, is_wanted=wanted, properties=properties))
        outcomes = crowd.proceed(batch, found, watermark)
        self.tell(book, crowd, found, outcomes, fresh)
        kept_walks = [
            (user, kept_walk(walk, self.ids, self.families, LONGEST_CAP)[0])
            for user, walk in crowd.walks.items()
        ]
        self.text = json.dumps({"memories": kept_memories, "walks": kept_walks})

    def due_at(self) -> int | None:
        state = json.loads(self.text)
        due = [
            next_deadline(campaign.trigger, entries)
            for campaign, kept in zip(self.campaigns, state["memories"], strict=True)
            for _, entries in kept
        ]
        timers = self._timers(state)
        return min((at for at in [*due, *timers] if at is not None), default=None)

    def _timers(self, state: Plain) -> list[int | None]:
        walks = dict(state["walks"])
        begin = self.begin(walks, Book())
        users = np.array(sorted(walks), dtype=np.int32)
        persons = self.persons(self.feeder)(users)
        resumed_walks = [begin(u, p) for u, p in zip(users.tolist(), persons, strict=True)]
        return [kept_walk(w, self.ids, self.families, LONGEST_CAP)[1] for w in resumed_walks]

    def begin(self, walks: dict[int, Plain], book: Book) -> Callable[[int, Person], Walk]:
        families = list(range(len(self.plans)))
        names = (self.ids, self.families)

        def resume(user: int, person: Person) -> Walk:
            book.turn_to(user)
            return resumed(walks.get(user, {}), self.plans, families, person, book, names)

        return resume

    def persons(self, feeder: Feeder) -> Callable[[Int32s], list[Person]]:
        return lambda users: flow_batching._persons(users, feeder, self.plans, self.profiles)

    def key_code(
        self, fresh: Feeder, campaign: Campaign, kept: list[tuple[int, list[Entry]]]
    ) -> Callable[[str], int]:
        key = campaign.trigger.key
        texts = [entry[0] for _, entries in kept for entry in entries if entry[0] is not None]
        if key is None:
            return lambda text: -1
        fresh.coded(key, texts)
        values = [json.dumps(value) for value in fresh.values[key]]
        return lambda text: values.index(json.dumps(text))

    def tell(
        self,
        book: Book,
        crowd: Crowd,
        found: Sequence[PlanFirings],
        outcomes: Sequence[Any],
        feeder: Feeder,
    ) -> None:
        ledger = book.ledger([plan_found.firings.key_texts for plan_found in found])
        self.told.messages.extend(flow_batching._messages(ledger, self.campaigns, feeder))
        self.told.trace.extend(flow_batching._trace(ledger, self.campaigns, feeder))
        for campaign, kept, outcome in zip(self.campaigns, found, outcomes, strict=True):
            words = [Admission(code).word for code in outcome]
            told = zip(feeder.told(kept.firings), words, strict=True)
            self.told.firings.extend((campaign.name, *firing, word) for firing, word in told)


def _comparable(told: Told) -> Told:
    return sorted_firings(by_user(told))
