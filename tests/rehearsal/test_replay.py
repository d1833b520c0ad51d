"""A replay equals the plain reading, however whole users are spread over batches."""

import threading
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.campaigns import Campaign
from core.domain.firings import Admission
from core.rehearsal.replay import CampaignReplay, map_in_order, needed_properties, replay
from tests.engine.batching import audience
from tests.reference.admission import admit
from tests.reference.histories import CampaignCase, campaign_cases
from tests.reference.triggers import raw_firings
from tests.rehearsal.worlds import PATHS, World, spreads, thorough, worlds


def told(replayed: CampaignReplay, world: World) -> list[tuple[Any, ...]]:
    """Say a replay in words: user id, key, time, id of the event, outcome."""
    return [
        (
            world.users[replayed.user[n]],
            replayed.key_of(n),
            int(replayed.fired_at[n]),
            world.events[replayed.row[n]].event_id,
            Admission(int(replayed.outcome[n])).word,
        )
        for n in range(len(replayed))
    ]


def expected(case: CampaignCase, campaign: dict[str, Any]) -> list[tuple[Any, ...]]:
    firings = raw_firings(campaign["trigger"], case.events, case.watermark)
    outcomes = admit(campaign, firings, case.profiles)
    return [
        (f.user_id, f.key, f.fired_at, f.event_id, outcome)
        for f, outcome in zip(firings, outcomes, strict=True)
    ]


@thorough
@given(data=st.data())
def test_7_5_a_replay_is_the_plain_reading_however_users_are_spread_over_batches(
    data: st.DataObject,
) -> None:
    case = data.draw(campaign_cases())
    other = data.draw(campaign_cases()).campaign
    world = data.draw(worlds(case.events, case.watermark))
    written = [case.campaign, {**other, "name": "other"}, {**case.campaign, "name": "again"}]
    campaigns = [Campaign.model_validate(campaign) for campaign in written]
    audiences = [audience(campaign, world.feeder, case.profiles) for campaign in campaigns]

    replays = replay(
        campaigns, world.history.batches, watermark=case.watermark, audiences=audiences
    )

    assert [told(r, world) for r in replays] == [expected(case, campaign) for campaign in written]
    assert [r.campaign for r in replays] == campaigns
    caught = {firing[0] for firing in expected(case, case.campaign)}
    assert np.array_equal(replays[0].people(len(world.users)), world.flags(caught))


@thorough
@given(data=st.data())
def test_two_spreads_give_the_same_arrays(data: st.DataObject) -> None:
    case = data.draw(campaign_cases())
    world = data.draw(worlds(case.events, case.watermark))
    again = data.draw(spreads(world.feeder, world.events))
    campaign = Campaign.model_validate(case.campaign)

    one, other = (
        replay([campaign], batches, watermark=case.watermark, audiences=[None])[0]
        for batches in (world.history.batches, again)
    )

    for name in ("user", "fired_at", "row", "outcome"):
        first, second = getattr(one, name), getattr(other, name)
        assert first.dtype == second.dtype
        assert np.array_equal(first, second)
    assert told(one, world) == told(other, world)


@thorough
@given(case=campaign_cases())
def test_the_properties_a_replay_needs_are_all_it_reads(case: CampaignCase) -> None:
    campaign = Campaign.model_validate(case.campaign)

    needed = needed_properties([campaign])

    trigger = case.campaign["trigger"]
    parts = [trigger, *trigger.get("steps", [])]
    matchers = [part[k] for part in parts for k in ("match", "start", "unless", "of") if k in part]
    matchers += trigger.get("steps", [])
    named = {c["property"] for matcher in matchers for c in matcher.get("where", [])}
    named |= {trigger[k] for k in ("property", "key") if trigger.get(k)}
    assert needed == named
    assert needed <= set(PATHS)


def test_without_batches_nobody_is_caught() -> None:
    campaign = Campaign.model_validate(
        {"name": "c", "trigger": {"kind": "event", "match": {"event": "view"}, "key": "k"}}
    )

    replays = replay([campaign], [], watermark=9, audiences=[None])

    assert len(replays[0]) == 0
    assert not replays[0].people(3).any()


def test_results_come_in_order_though_the_first_takes_longest() -> None:
    second_is_done = threading.Event()

    def slow_at_first(item: int) -> int:
        if item == 0:
            assert second_is_done.wait(10)
        if item == 1:
            second_is_done.set()
        return item * item

    assert list(map_in_order(slow_at_first, range(6))) == [0, 1, 4, 9, 16, 25]


def test_few_items_are_fetched_ahead_of_the_result_that_is_awaited() -> None:
    fetched: list[int] = []

    def source() -> Any:
        for item in range(100):
            fetched.append(item)
            yield item

    results = map_in_order(lambda item: item, source())

    assert next(results) == 0
    assert len(fetched) <= 4
    assert list(results) == list(range(1, 100))


def test_an_error_in_one_item_reaches_the_caller() -> None:
    def fails_at_three(item: int) -> int:
        if item == 3:
            raise ValueError("item 3 is broken")
        return item

    with pytest.raises(ValueError, match="item 3 is broken"):
        list(map_in_order(fails_at_three, range(10)))
