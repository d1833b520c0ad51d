"""A history in memory answers every question as if it had never been asked another."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.campaigns import Campaign
from core.domain.matchers import Matcher
from core.rehearsal.curves import people_by_threshold, people_by_window
from core.rehearsal.history import History, first_starts, occurrences
from core.rehearsal.near_misses import near_misses
from core.rehearsal.replay import CampaignReplay, replay
from core.rehearsal.worth import worth_of
from tests.reference.histories import KINDS, trigger_cases
from tests.reference.matching import matches
from tests.rehearsal.test_worth import is_start
from tests.rehearsal.worlds import TRIGGER, World, brief, thorough, worlds

BUY = Matcher(event=("buy",))


def fresh(history: History) -> History:
    return History(
        batches=history.batches,
        first_at=history.first_at,
        watermark=history.watermark,
        user_count=history.user_count,
    )


def replay_of(trigger: dict[str, Any], history: History) -> CampaignReplay:
    campaign = Campaign.model_validate({"name": "c", "trigger": trigger})
    return replay([campaign], history.batches, watermark=history.watermark, audiences=[None])[0]


def answers(trigger: dict[str, Any], history: History) -> list[Any]:
    """Ask everything there is to ask about a trigger."""
    meant, replayed = TRIGGER.validate_python(trigger), replay_of(trigger, history)
    worth = worth_of(replayed, BUY, history, None)
    return [
        people_by_window(meant, history, None),
        people_by_threshold(meant, history, None),
        near_misses(meant, history, replayed.people(history.user_count), None),
        (worth.caught, worth.not_caught, worth.everybody),
        worth.waiting.hours.tolist(),
    ]


@settings(brief, max_examples=25)
@given(data=st.data())
def test_former_questions_change_no_answer(data: st.DataObject) -> None:
    case = data.draw(trigger_cases())
    history = data.draw(worlds(case.events, case.watermark)).history
    asked = [case.trigger, *(data.draw(trigger_cases()).trigger for _ in range(3))]
    order = data.draw(st.permutations([*asked, *variants(data, case.trigger)]))

    for trigger in order:
        assert answers(trigger, history) == answers(trigger, fresh(history))


def variants(data: st.DataObject, trigger: dict[str, Any]) -> list[dict[str, Any]]:
    """Give triggers that differ in one thing only: the key, or a value that looks like another."""
    another_key = {**trigger, "key": data.draw(st.sampled_from(("p", "n", "in.p")))}
    part = next(iter({"match", "start", "of", "steps"} & set(trigger)), None)
    if part is None or part == "steps":
        return [another_key]
    values = data.draw(st.lists(st.sampled_from((5, "5", 5.5, True, "true", [5], 1)), max_size=3))
    matcher = {"event": trigger[part]["event"]}
    return [
        another_key,
        *(
            {**trigger, part: {**matcher, "where": [{"property": "p", "op": "eq", "value": v}]}}
            for v in values
        ),
    ]


@thorough
@given(data=st.data())
def test_occurrences_are_all_matching_events_by_user_in_order(data: st.DataObject) -> None:
    case = data.draw(trigger_cases(("event", "count")))
    world = data.draw(worlds(case.events, case.watermark))

    found = occurrences(Matcher.model_validate(case.trigger["match"]), world.history)

    expected = [
        (world.code(e.user_id), e.timestamp, row)
        for user_id in world.users
        for row, e in enumerate(world.events)
        if e.user_id == user_id and matches(case.trigger["match"], e)
    ]
    told = zip(found.user.tolist(), found.at.tolist(), found.row.tolist(), strict=True)
    assert list(told) == expected
    assert len(found) == len(expected)
    assert first_of_each(expected) == [
        list(row)
        for row in zip(
            *(column.tolist() for column in columns(found.first_per_user())), strict=True
        )
    ]
    wanted = world.flags(world.users[::2])
    assert found.of_users(wanted).user.tolist() == [user for user, *_ in expected if wanted[user]]


def columns(found: Any) -> list[np.ndarray[Any, Any]]:
    return [found.user, found.at, found.row]


def first_of_each(expected: Sequence[tuple[int, int, int]]) -> list[list[int]]:
    first: dict[int, tuple[int, int, int]] = {}
    for entry in expected:
        first.setdefault(entry[0], entry)
    return [list(entry) for entry in first.values()]


@pytest.mark.parametrize("kind", KINDS)
@brief
@given(data=st.data())
def test_the_first_start_of_each_person_is_the_first_event_the_trigger_counts(
    kind: str, data: st.DataObject
) -> None:

    case = data.draw(trigger_cases((kind,)))
    world: World = data.draw(worlds(case.events, case.watermark))

    found = first_starts(TRIGGER.validate_python(case.trigger), world.history)

    starts = [
        (world.code(e.user_id), e.timestamp, row)
        for user_id in world.users
        for row, e in enumerate(world.events)
        if e.user_id == user_id and is_start(case.trigger, e)
    ]
    told = [list(entry) for entry in zip(*(c.tolist() for c in columns(found)), strict=True)]
    assert told == first_of_each(starts)
