"""Small worlds for the laws of the rehearsal: drawn histories in memory, and the plain reading."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from pydantic import TypeAdapter

from core.domain import events as domain_events
from core.domain.instants import from_microseconds
from core.domain.triggers import Trigger
from core.engine.batches import Bools, EventBatch
from core.rehearsal.history import History
from tests.engine.batching import Feeder
from tests.reference.matching import Event, in_order, microseconds
from tests.reference.triggers import raw_firings

TRIGGER: TypeAdapter[Trigger] = TypeAdapter(Trigger)
PATHS = ("p", "k", "n", "in.p", "a.b", "in", "absent", "in.p.x")
SECOND = 1_000_000

_TOO_MUCH = [HealthCheck.too_slow, HealthCheck.data_too_large]
thorough = settings(max_examples=100, deadline=None, suppress_health_check=_TOO_MUCH)
brief = settings(max_examples=50, deadline=None, suppress_health_check=_TOO_MUCH)


@dataclass(frozen=True, kw_only=True)
class World:
    """A history up to its watermark, as plain events and as the core holds it."""

    events: list[Event]
    feeder: Feeder
    history: History

    @property
    def users(self) -> list[str]:
        return self.feeder.users

    def own(self, user_id: str) -> list[Event]:
        return [event for event in self.events if event.user_id == user_id]

    def code(self, user_id: str) -> int:
        return self.users.index(user_id)

    def flags(self, user_ids: Iterable[str]) -> Bools:
        """Say per user code whether the user is one of those."""
        chosen = set(user_ids)
        return np.array([user_id in chosen for user_id in self.users], dtype=np.bool_)


@st.composite
def worlds(
    draw: DrawFn, events: Sequence[Event], watermark: int, paths: Iterable[str] = PATHS
) -> World:
    """Hold the events up to the watermark in memory, whole users spread over some batches."""
    known = in_order([event for event in events if event.timestamp <= watermark])
    feeder = Feeder(users=sorted({event.user_id for event in events}), events=known)
    history = History(
        batches=draw(spreads(feeder, known, paths)),
        first_at=min((event.timestamp for event in known), default=watermark),
        watermark=watermark,
        user_count=len(feeder.users),
    )
    return World(events=known, feeder=feeder, history=history)


@st.composite
def spreads(
    draw: DrawFn, feeder: Feeder, events: Sequence[Event], paths: Iterable[str] = PATHS
) -> list[EventBatch]:
    """Spread the users, in order and whole, over batches, some of which may be empty."""
    count = len(feeder.users)
    cuts = sorted(draw(st.lists(st.integers(0, count), max_size=4)))
    return [
        feeder.batch([e for e in events if e.user_id in feeder.users[low:high]], paths)
        for low, high in pairwise([0, *cuts, count])
    ]


def window_key(trigger: dict[str, Any]) -> str:
    return "for" if trigger["kind"] == "inactivity" else "within"


def window(trigger: dict[str, Any]) -> int:
    """Give the trigger's window or wait in µs."""
    return microseconds(trigger[window_key(trigger)])


def is_caught(
    trigger: dict[str, Any], own: list[Event], watermark: int, within: int | None = None
) -> bool:
    """Say by the plain reading whether one person is caught, with a window of any number of µs.

    The plain reading knows whole seconds only: all times are stretched until a µs lasts a second.
    """
    if within is None:
        return bool(raw_firings(trigger, own, watermark))
    slow = [event._replace(timestamp=event.timestamp * SECOND) for event in own]
    stretched = {**trigger, window_key(trigger): f"{within}s"}
    return bool(raw_firings(stretched, slow, watermark * SECOND))


def as_domain(event: Event) -> domain_events.Event:
    """Give a plain event as the stored history gives it."""
    return domain_events.Event(
        event_id=event.event_id,
        user_id=event.user_id,
        event=event.event,
        timestamp=from_microseconds(event.timestamp),
        properties=event.properties,
    )
