"""Replays campaigns' triggers over a history: who would have been caught, when, and why not."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TypeVar

import numpy as np

from core.domain.campaigns import Campaign, traits_of
from core.domain.firings import Admission
from core.domain.triggers import properties_of
from core.engine.admission import admit, nobody_admitted
from core.engine.assignment import in_holdout
from core.engine.audience import members
from core.engine.batches import MISSING, Bools, EventBatch, Firings, Int32s, Int64s, PropertyColumn
from core.engine.grouping import Selection
from core.engine.triggers import in_order, replayed, selection_of
from core.history.reading import Dataset, EventColumns

WORKERS = min(4, os.cpu_count() or 2)
ROWS_AT_ONCE = 500_000  # fresh memory costs time: larger chunks are slower, not faster

A = TypeVar("A")
B = TypeVar("B")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CampaignReplay:
    """What a campaign's trigger did over a history: equally long arrays sorted by user and time.

    `user` holds the dataset's user codes, `row` the event that caused the firing, `key` an index
    into `key_texts` (MISSING without a key), `outcome` an `Admission`.
    """

    campaign: Campaign
    user: Int32s
    fired_at: Int64s
    row: Int64s
    key: Int32s
    key_texts: Sequence[str]
    outcome: Int64s

    def __len__(self) -> int:
        """Count the firings."""
        return len(self.user)

    @property
    def is_enrolled(self) -> Bools:
        """Say for each firing whether it was admitted."""
        return np.equal(self.outcome, Admission.ENROLLED)

    def key_of(self, place: int) -> str | None:
        """Give the key of the firing at a place; None without a key."""
        code = int(self.key[place])
        return None if code == MISSING else self.key_texts[code]

    def people(self, user_count: int) -> Bools:
        """Say for each user code whether the trigger fired for them at all."""
        fired = np.zeros(user_count, dtype=np.bool_)
        fired[self.user] = True
        return fired


def replay(
    campaigns: Sequence[Campaign],
    batches: Iterable[EventBatch],
    *,
    watermark: int,
    audiences: Sequence[Bools | None],
) -> list[CampaignReplay]:
    """Replay campaigns over batches that each hold all events of their users up to the watermark.

    `audiences` says per campaign who belongs to its audience, by user code (None: everybody);
    `watermark` is in µs since 1970. The result does not depend on how users are spread over
    batches.
    """
    decide = partial(replay_batch, campaigns, watermark=watermark, audiences=audiences)
    return joined(campaigns, list(map_in_order(decide, batches)))


def replay_batch(
    campaigns: Sequence[Campaign],
    batch: EventBatch,
    *,
    watermark: int,
    audiences: Sequence[Bools | None],
) -> list[CampaignReplay]:
    """Replay campaigns over one batch that holds all events of its users (see `replay`)."""
    return [
        replay_selected(campaign, batch, selection_of(campaign.trigger, batch), watermark, audience)
        for campaign, audience in zip(campaigns, audiences, strict=True)
    ]


def joined(
    campaigns: Sequence[Campaign], parts: Sequence[Sequence[CampaignReplay]]
) -> list[CampaignReplay]:
    """Put the replays of batches, in the order of their users, together per campaign."""
    return [_joined(campaign, [part[n] for part in parts]) for n, campaign in enumerate(campaigns)]


def as_batch(columns: EventColumns, names: Sequence[str]) -> EventBatch:
    """Hand the columns of a history to the engine, without a copy."""
    return EventBatch(
        user=columns.user,
        timestamp=columns.timestamp,
        row=columns.row,
        name=columns.name,
        names=names,
        properties={
            name: PropertyColumn(codes=column.codes, values=column.values)
            for name, column in columns.properties.items()
        },
    )


def needed_properties(campaigns: Iterable[Campaign]) -> set[str]:
    """Name the event properties that the triggers of the campaigns read."""
    return {name for campaign in campaigns for name in properties_of(campaign.trigger)}


def audience_of(campaign: Campaign, dataset: Dataset) -> Bools | None:
    """Say for each user code whether the campaign's audience holds them; None: everybody."""
    if campaign.audience is None:
        return None
    traits = {}
    for name in traits_of(campaign.audience):
        column = dataset.trait(name)
        traits[name] = PropertyColumn(codes=column.codes, values=column.values)
    return members(campaign.audience, traits, dataset.manifest.users)


def held_out(campaign: Campaign, user_ids: Sequence[str]) -> Bools:
    """Say for each user whether the campaign's holdout leaves them untouched (6.2)."""
    return in_holdout(campaign.holdout_salt_or_default(), campaign.holdout, user_ids)


def map_in_order(function: Callable[[A], B], items: Iterable[A]) -> Iterator[B]:
    """Apply a function on all cores, yielding results in order and holding few items at once."""
    waiting: list[Future[B]] = []
    source = iter(items)
    with ThreadPoolExecutor(max_workers=WORKERS) as pool:
        try:
            waiting += [pool.submit(function, item) for item in islice(source, WORKERS)]
            while waiting:
                result = waiting.pop(0).result()
                waiting += [pool.submit(function, item) for item in islice(source, 1)]
                yield result
        finally:
            for future in waiting:
                future.cancel()


def replay_selected(
    campaign: Campaign,
    batch: EventBatch,
    selection: Selection,
    watermark: int,
    audience: Bools | None,
) -> CampaignReplay:
    """Replay one campaign over one batch whose events were selected already."""
    firings = in_order(replayed(campaign.trigger, batch, selection, watermark))
    everybody = np.ones(len(firings), dtype=np.bool_)
    is_wanted = everybody if audience is None else audience[firings.user]
    _, outcome = admit(campaign, nobody_admitted(), firings, is_wanted)
    return replay_of(campaign, firings, outcome)


def replay_of(campaign: Campaign, firings: Firings, outcome: Int64s) -> CampaignReplay:
    """Put firings and their outcomes together."""
    return CampaignReplay(
        campaign=campaign,
        user=firings.user,
        fired_at=firings.fired_at,
        row=firings.row,
        key=firings.key,
        key_texts=firings.key_texts,
        outcome=outcome,
    )


def _joined(campaign: Campaign, parts: Sequence[CampaignReplay]) -> CampaignReplay:
    """Concatenate parts; each keeps its own key texts, behind those of the parts before it."""
    keys, texts = [np.empty(0, dtype=np.int32)], list[str]()
    for part in parts:
        keys.append(np.where(part.key == MISSING, MISSING, part.key + np.int32(len(texts))))
        texts += part.key_texts
    return CampaignReplay(
        campaign=campaign,
        user=np.concatenate([np.empty(0, dtype=np.int32), *(p.user for p in parts)]),
        fired_at=np.concatenate([np.empty(0, dtype=np.int64), *(p.fired_at for p in parts)]),
        row=np.concatenate([np.empty(0, dtype=np.int64), *(p.row for p in parts)]),
        key=np.concatenate(keys),
        key_texts=texts,
        outcome=np.concatenate([np.empty(0, dtype=np.int64), *(p.outcome for p in parts)]),
    )
