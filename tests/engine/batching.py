"""Feeds plain event records to the engine, in one batch or in several."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from core.domain.campaigns import Campaign, traits_of
from core.domain.firings import Admission
from core.domain.triggers import Trigger, properties_of
from core.domain.values import at_path
from core.engine.admission import admit, nobody_admitted
from core.engine.audience import members
from core.engine.batches import MISSING, EventBatch, Firings, PropertyColumn
from core.engine.memory import no_memory
from core.engine.triggers import advance
from tests.reference.matching import Event

LONG_AGO = -(2**60)


@dataclass(kw_only=True)
class Feeder:
    """Hands out codes for users, names and values that stay the same from batch to batch."""

    users: list[str]
    events: list[Event]
    values: dict[str, list[Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.row = {(e.user_id, e.event_id): row for row, e in enumerate(self.events)}
        self.names = sorted({event.event for event in self.events})

    def batch(self, events: Sequence[Event], properties: Iterable[str]) -> EventBatch:
        ordered = sorted(events, key=lambda e: (self.users.index(e.user_id), e.timestamp, e.seq))
        return EventBatch(
            user=np.array([self.users.index(e.user_id) for e in ordered], dtype=np.int32),
            timestamp=np.array([e.timestamp for e in ordered], dtype=np.int64),
            row=np.array([self.row[e.user_id, e.event_id] for e in ordered], dtype=np.int64),
            name=np.array([self.names.index(e.event) for e in ordered], dtype=np.int32),
            names=self.names,
            properties={path: self.column(path, ordered) for path in properties},
        )

    def column(self, path: str, events: Sequence[Event]) -> PropertyColumn:
        values = [at_path(event.properties, path) for event in events]
        return self.coded(path, values)

    def coded(self, name: str, values: Sequence[Any]) -> PropertyColumn:
        """Code values by their JSON text: 1, 1.0, true and "1" are four different values."""
        known = self.values.setdefault(name, [])
        index = {json.dumps(value): code for code, value in enumerate(known)}
        codes = []
        for value in values:
            if value is None:
                codes.append(MISSING)
                continue
            code = index.setdefault(json.dumps(value), len(known))
            if code == len(known):
                known.append(value)
            codes.append(code)
        return PropertyColumn(codes=np.array(codes, dtype=np.int32), values=list(known))

    def told(self, firings: Firings) -> list[tuple[str, str | None, int, str]]:
        """Say firings in words: user id, key, time, id of the event behind it."""
        return [
            (
                self.users[firings.user[n]],
                None if firings.key[n] == MISSING else firings.key_texts[firings.key[n]],
                int(firings.fired_at[n]),
                self.events[firings.row[n]].event_id,
            )
            for n in range(len(firings))
        ]


def run(
    trigger: Trigger, feeder: Feeder, batches: Sequence[Sequence[Event]], watermarks: Sequence[int]
) -> list[tuple[str, str | None, int, str]]:
    """Advance a trigger batch by batch; the firings per user in the order they came out."""
    memory, found = no_memory(trigger), []
    for events, watermark in zip(batches, watermarks, strict=True):
        batch = feeder.batch(events, properties_of(trigger))
        memory, firings = advance(trigger, memory, batch, watermark)
        found += feeder.told(firings)
    return sorted(found, key=lambda firing: firing[0])


def run_campaign(
    campaign: Campaign,
    feeder: Feeder,
    batches: Sequence[Sequence[Event]],
    watermarks: Sequence[int],
    profiles: dict[str, dict[str, Any]],
) -> list[tuple[tuple[str, str | None, int, str], str]]:
    """Advance a campaign's trigger and admit its firings batch by batch."""
    memory, admitted, found = no_memory(campaign.trigger), nobody_admitted(), []
    wanted = audience(campaign, feeder, profiles)
    for events, watermark in zip(batches, watermarks, strict=True):
        batch = feeder.batch(events, properties_of(campaign.trigger))
        memory, firings = advance(campaign.trigger, memory, batch, watermark)
        admitted, outcome = admit(campaign, admitted, firings, wanted[firings.user])
        words = [Admission(code).word for code in outcome]
        found += list(zip(feeder.told(firings), words, strict=True))
    return sorted(found, key=lambda pair: pair[0][0])


def audience(
    campaign: Campaign, feeder: Feeder, profiles: dict[str, dict[str, Any]]
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    if campaign.audience is None:
        return np.ones(len(feeder.users), dtype=np.bool_)
    traits = {
        name: feeder.coded(
            f"trait {name}", [at_path(profiles.get(u, {}), name) for u in feeder.users]
        )
        for name in traits_of(campaign.audience)
    }
    return members(campaign.audience, traits, len(feeder.users))
