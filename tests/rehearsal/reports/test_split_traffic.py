"""What a history says about a split, worked out by hand (SEMANTICS 6.3, 7.3)."""

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given

from core.domain.errors import UnusableInput
from core.domain.matchers import Matcher
from core.engine.batches import EventBatch
from core.engine.memory import NEVER
from core.rehearsal.outcome import Outcome
from core.rehearsal.reports.split_traffic import (
    EventRate,
    ExposedHistory,
    exposed_history,
    exposures_of,
    split_days,
)
from tests.engine.batching import Feeder
from tests.reference.matching import Event, in_order
from tests.rehearsal.outcomes import DAY, HOUR, Told, campaign_of, goal, outcomes
from tests.rehearsal.worlds import brief

SPLIT = campaign_of(
    {
        "id": "timing",
        "kind": "split",
        "variants": [{"name": "now", "weight": 1}, {"name": "later", "weight": 3}],
    },
    goal=goal(),
)
BUY = Matcher.model_validate({"event": "buy"})


def told(**keys: int) -> Told:
    return Told(SPLIT, **keys)


def come(history: Told, user: int, at: int, variant: str = "now", *, out: bool = False) -> None:
    history.enrol(user, at, out=out).is_assigned("timing", at, variant).completes(at)


def did(user: int, name: str, at: int, **properties: object) -> Event:
    return Event(
        event_id=f"{user}-{name}-{at}",
        user_id=f"{user:03}",
        event=name,
        timestamp=at,
        seq=0,
        properties=properties,
    )


def batches(events: Sequence[Event], *, cut: int = 100) -> list[EventBatch]:
    """Hold the events of users 000 to 099 in two batches of whole users."""
    feeder = Feeder(users=[f"{n:03}" for n in range(100)], events=in_order(events))
    parts = [
        [event for event in in_order(events) if (event.user_id < f"{cut:03}") is is_first]
        for is_first in (True, False)
    ]
    return [feeder.batch(part, ["price"]) for part in parts]


def history_of(
    told: Told, events: Sequence[Event] = (), *, cut: int = 100, value: str | None = None
) -> ExposedHistory:
    return exposed_history(
        told.outcome(),
        0,
        "timing",
        batches(events, cut=cut),
        BUY,
        window=timedelta(days=2),
        value=value,
    )


def test_people_count_by_their_first_time_at_the_split_in_order() -> None:
    world = told()
    come(world, 7, 5 * DAY)
    come(world, 3, 2 * DAY, "later")
    come(world, 3, 9 * DAY, "later")

    found = history_of(world)

    assert found.user.tolist() == [3, 7]
    assert found.exposed_at.tolist() == [2 * DAY, 5 * DAY]
    assert [found.variants[n] for n in found.variant] == ["later", "now"]


def test_people_whom_the_rehearsal_held_out_are_part_of_the_history() -> None:
    world = told()
    come(world, 1, DAY, out=True)
    come(world, 2, DAY)

    found = history_of(world)

    assert found.is_held_out.tolist() == [True, False]
    assert found.days.counts.sum() == 2


def test_a_goal_counts_after_the_split_and_up_to_the_end_of_the_window() -> None:
    world = told()
    for user in range(5):
        come(world, user, 10 * DAY)
    found = history_of(
        world,
        [
            did(0, "buy", 10 * DAY),
            did(1, "buy", 10 * DAY + 1),
            did(2, "buy", 12 * DAY),
            did(3, "buy", 12 * DAY + 1),
            did(4, "buy", 9 * DAY),
            did(4, "view", 11 * DAY),
        ],
    )

    assert found.is_goal.tolist() == [False, True, True, False, False]
    assert found.goal_at.tolist() == [NEVER, 10 * DAY + 1, 12 * DAY, NEVER, NEVER]


def test_a_window_that_ends_with_the_history_is_decided_and_a_later_one_is_not() -> None:
    world = told(watermark=12 * DAY)
    come(world, 1, 10 * DAY)
    come(world, 2, 10 * DAY + 1)

    found = history_of(world)

    assert found.is_decided.tolist() == [True, False]


def test_money_is_added_up_within_the_window_and_before_the_split() -> None:
    world = told()
    come(world, 1, 10 * DAY)
    come(world, 2, 10 * DAY)

    found = history_of(
        world,
        [
            did(1, "buy", 2 * DAY, price=5),
            did(1, "buy", 10 * DAY, price="2.50"),
            did(1, "buy", 11 * DAY, price=30),
            did(1, "buy", 12 * DAY, price="12.25"),
            did(1, "buy", 13 * DAY, price=1_000),
            did(1, "view", 11 * DAY, price=77),
            did(2, "buy", 11 * DAY, price="much"),
            did(2, "buy", 11 * DAY),
        ],
        value="price",
    )

    assert found.value is not None
    assert found.value_before is not None
    assert found.value.tolist() == [42.25, 0]
    assert found.value_before.tolist() == [7.5, 0]


def test_without_a_value_there_is_no_money() -> None:
    world = told()
    come(world, 1, DAY)

    found = history_of(world)

    assert (found.value, found.value_before) == (None, None)


def test_other_events_are_counted_once_per_decided_person() -> None:
    world = told(watermark=12 * DAY)
    come(world, 1, 5 * DAY)
    come(world, 2, 6 * DAY)
    come(world, 3, 11 * DAY)

    found = history_of(
        world,
        [
            *(did(1, "view", 5 * DAY + n * HOUR) for n in range(4)),
            did(1, "add", 6 * DAY),
            did(2, "view", 7 * DAY),
            did(2, "buy", 9 * DAY),
            did(3, "view", 11 * DAY + HOUR),
        ],
        cut=2,
    )

    assert found.events == (
        EventRate(event="view", people_count=2),
        EventRate(event="add", people_count=1),
    )


def test_days_count_each_person_once_and_know_when_they_had_come_before() -> None:
    world = told(watermark=6 * DAY - 1)
    come(world, 1, HOUR)
    come(world, 1, 5 * HOUR)
    come(world, 1, 3 * DAY)
    come(world, 2, 4 * DAY)
    come(world, 1, 4 * DAY)

    found = history_of(world).days

    assert found.counts.tolist() == [1, 0, 0, 1, 2, 0]
    assert found.days[0] == date(1970, 1, 1)
    # By person: 1 on days 0, 3 and 4, 2 on day 4 and not on days 0 to 3.
    assert found.gaps.tolist() == [0, 3, 1, 4]
    assert found.is_gap_known.tolist() == [False, True, True, False]


def test_days_are_those_of_the_campaigns_time_zone_and_whole() -> None:
    berlin = SPLIT.model_copy(update={"timezone": "Europe/Berlin"})
    world = Told(berlin, first_at=12 * HOUR, watermark=4 * DAY)
    come(world, 1, 13 * HOUR)
    come(world, 2, DAY + 23 * HOUR + HOUR // 2)

    found = history_of(world).days

    # The first day began before the history, the last has not ended: 2 to 4 January remain.
    assert found.days == [date(1970, 1, 2), date(1970, 1, 3), date(1970, 1, 4)]
    assert found.counts.tolist() == [0, 1, 0]
    assert found.is_warm


def test_days_before_the_trigger_knows_enough_are_left_out_if_others_remain() -> None:
    waiting = campaign_of(
        {"id": "pause", "kind": "delay", "for": "24h"},
        *(step.model_dump(by_alias=True) for step in SPLIT.steps),
        goal=goal(),
        reentry={"cooldown": "3d"},
    )
    long, short = (Told(waiting, watermark=days * DAY - 1) for days in (6, 3))

    found = [
        split_days(each.outcome(), 0, "timing", exposures_of(each.outcome(), 0, "timing"))
        for each in (long, short)
    ]

    assert [(len(each.counts), each.is_warm) for each in found] == [(2, True), (3, False)]


def test_nobody_is_counted_before_the_campaign_was_switched_on() -> None:
    world = told(watermark=5 * DAY - 1)
    come(world, 1, 3 * DAY)
    outcome = world.outcome()

    found = split_days(
        outcome, 0, "timing", exposures_of(outcome, 0, "timing"), since=2 * DAY + HOUR
    )

    assert found.days[0] == date(1970, 1, 4)
    assert found.counts.tolist() == [1, 0]


def test_a_split_nobody_came_to_gives_an_empty_history() -> None:
    found = history_of(told(), [did(1, "buy", DAY)])

    assert len(found) == 0
    assert found.days.counts.sum() == 0


def test_an_unknown_split_is_named() -> None:
    with pytest.raises(UnusableInput, match="no split called 'other'"):
        exposures_of(told().outcome(), 0, "other")


@brief
@given(outcomes())
def test_everybody_at_the_split_is_there_once_and_on_as_many_days_as_they_came(
    outcome: Outcome,
) -> None:
    exposures = exposures_of(outcome, 0, "halves")

    found = exposed_history(outcome, 0, "halves", [], BUY, window=timedelta(days=1))

    assert sorted(found.user.tolist()) == sorted(set(exposures.user.tolist()))
    assert (np.diff(found.exposed_at) >= 0).all()
    assert len(found.days.gaps) == found.days.counts.sum()
