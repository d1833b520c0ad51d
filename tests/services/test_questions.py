"""The questions of the pages agree with one another, the rehearsal and counting by hand."""

import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from core.domain.campaigns import Campaign
from core.domain.errors import UnusableInput
from core.domain.firings import Admission
from core.domain.instants import as_microseconds, from_microseconds
from core.domain.matchers import Matcher
from core.history.reading import Dataset, open_dataset
from core.rehearsal.history import History
from core.rehearsal.near_misses import Miss
from core.rehearsal.replay import CampaignReplay, audience_of
from core.rehearsal.story import Mark
from core.services import questions
from core.services.rehearse import rehearse
from tests.history.datasets import START, event, import_csv, write_events
from tests.reference.histories import campaign_cases
from tests.rehearsal.worlds import as_domain
from tests.services.shops import CART, VIEWED, campaign, small_shop, stored

BUY = Matcher(event=("buy",))
GERMAN = {"trait": "country", "op": "eq", "value": "DE"}
FIRED = (Mark.ENROLLED, Mark.REENTRY, Mark.AUDIENCE)


def history_of(dataset: Dataset, asked: Campaign) -> History:
    goal = None if asked.goal is None else asked.goal.event
    return questions.load_history(dataset, sorted(questions.properties_needed(asked.trigger, goal)))


def told(dataset: Dataset, replayed: CampaignReplay) -> list[tuple[Any, ...]]:
    users, event_ids = dataset.user_ids().to_pylist(), dataset.event_ids(replayed.row).to_pylist()
    return [
        (
            users[replayed.user[n]],
            replayed.key_of(n),
            int(replayed.fired_at[n]),
            event_ids[n],
            Admission(int(replayed.outcome[n])).word,
        )
        for n in range(len(replayed))
    ]


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(data=st.data())
def test_trying_a_trigger_rehearsing_it_and_every_person_s_story_agree(data: st.DataObject) -> None:
    case = data.draw(campaign_cases())
    assume(case.events)
    asked = Campaign.model_validate(case.campaign)

    with tempfile.TemporaryDirectory() as folder:
        dataset = stored(Path(folder), [as_domain(e) for e in case.events], case.profiles)
        tried = questions.try_trigger(asked, dataset, history_of(dataset, asked))
        rehearsed = rehearse([asked], dataset).replays[0]
        users = dataset.user_ids().to_pylist()
        stories = {user_id: questions.why(asked, dataset, user_id) for user_id in users}
        firings, again = told(dataset, tried), told(dataset, rehearsed)

    assert firings == again
    assert firings == [
        (user_id, m.key, m.at, (m.event or m.cause).event_id, str(m.mark))  # type: ignore[union-attr]
        for user_id in users
        for m in stories[user_id].moments
        if m.mark in FIRED
    ]


def test_a_history_holds_all_events_of_the_dataset(tmp_path: Path) -> None:
    dataset = small_shop(tmp_path)

    history = questions.load_history(dataset, ["product"])

    assert sum(len(batch) for batch in history.batches) == 9
    assert history.user_count == 4
    assert from_microseconds(history.first_at) == START
    assert from_microseconds(history.watermark) == START + timedelta(hours=300)
    values = [
        None if code < 0 else batch.properties["product"].values[code]
        for batch in history.batches
        for code in batch.properties["product"].codes
    ]
    assert values == ["p1", None, None, None, "p1", "p1", "p2", None, None]


def test_a_history_of_many_row_groups_asks_no_differently(tmp_path: Path) -> None:
    events = [event(f"u{n % 40}", ["add", "buy"][n % 3 == 0], n % 70) for n in range(300)]
    write_events(tmp_path, "whole", events)
    write_events(tmp_path, "parts", events, part_rows=20)
    asked = campaign()

    answers = []
    for name in ("whole", "parts"):
        dataset = open_dataset(tmp_path, name)
        history = history_of(dataset, asked)
        tried = questions.try_trigger(asked, dataset, history)
        answers.append(
            (
                told(dataset, tried),
                questions.people_by_window(asked, dataset, history),
                questions.nearly_caught(asked, dataset, history, tried),
                questions.worth(asked, BUY, dataset, history, tried),
            )
        )

    assert open_dataset(tmp_path, "parts").group_count > 3
    assert answers[0] == answers[1]


def test_a_dataset_without_events_is_one_clear_sentence(tmp_path: Path) -> None:
    write_events(tmp_path, "shop", [event("ann", "add", 0)])
    dataset = open_dataset(tmp_path, "shop")
    dataset.manifest = dataset.manifest.model_copy(update={"first_at": None, "last_at": None})

    with pytest.raises(UnusableInput, match="'shop' holds no events yet; import a file first"):
        questions.load_history(dataset, [])


def test_properties_are_those_of_trigger_and_goal() -> None:
    goal = Matcher.model_validate(
        {"event": "buy", "where": [{"property": "price", "op": "gte", "value": 5}]}
    )

    needed = questions.properties_needed(campaign(VIEWED).trigger, goal)

    assert needed == {"product", "price"}
    assert questions.properties_needed(campaign(VIEWED).trigger, None) == {"product"}


def test_only_the_audience_counts_in_the_curves(tmp_path: Path) -> None:
    dataset = small_shop(tmp_path)
    everybody, germans = campaign(), campaign(audience=GERMAN)
    history = history_of(dataset, everybody)

    counts = [
        {p.setting: p.people_count for p in questions.people_by_window(asked, dataset, history)}
        for asked in (everybody, germans)
    ]

    # ann bought after 30 hours, bob after 20, dee never.
    assert counts[0][timedelta(hours=12)] == 3
    assert counts[0][timedelta(hours=24)] == 2
    assert counts[0][timedelta(hours=36)] == 1
    assert [counts[1][timedelta(hours=h)] for h in (12, 24, 36)] == [1, 1, 0]


def test_only_the_audience_counts_in_the_curve_over_the_number(tmp_path: Path) -> None:
    dataset = small_shop(tmp_path)
    asked = campaign(VIEWED)
    history = history_of(dataset, asked)
    outside = campaign(VIEWED, audience=GERMAN)

    everybody = questions.people_by_threshold(asked, dataset, history)
    germans = questions.people_by_threshold(outside, dataset, history)

    # cid viewed p1 twice and p2 once, dee something without a product.
    assert [p.people_count for p in everybody[:3]] == [1, 1, 0]
    assert [p.people_count for p in germans] == [0] * len(germans)


def test_who_was_nearly_caught_is_in_the_audience_and_was_not_caught(tmp_path: Path) -> None:
    dataset = small_shop(tmp_path)
    austrian = campaign(audience={**GERMAN, "value": "AT"})
    history = history_of(dataset, campaign())

    found = [
        questions.nearly_caught(
            asked, dataset, history, questions.try_trigger(asked, dataset, history)
        )
        for asked in (campaign(), austrian, campaign(audience=GERMAN))
    ]

    users = dataset.user_ids().to_pylist()
    bob = [(users[m.user], m.miss, m.by / 3.6e9) for m in found[0].nearest]
    assert bob == [("bob", Miss.CAME_BACK, 4.0)]
    assert found[1] == found[0]
    assert found[2].nearest == []


@pytest.mark.parametrize("user_id", ["nobody", "", "ANN", "ann "])
def test_a_stranger_s_story_is_one_clear_sentence(tmp_path: Path, user_id: str) -> None:
    dataset = small_shop(tmp_path)

    with pytest.raises(UnusableInput, match=f"Nobody in 'shop' has the id '{user_id}'"):
        questions.why(campaign(), dataset, user_id)


def test_the_story_of_somebody_outside_the_audience_says_so(tmp_path: Path) -> None:
    dataset = small_shop(tmp_path)

    story = questions.why(campaign(audience=GERMAN), dataset, "dee")

    assert [moment.mark for moment in story.moments] == [Mark.ARMED, Mark.AUDIENCE]


def test_a_story_compares_texts_of_a_file_as_the_replay_does(tmp_path: Path) -> None:
    import_csv(
        tmp_path,
        "shop",
        "user_id,event,timestamp,price,sku\n"
        "ann,add,2025-05-01T00:00:00Z,19.90,00123\n"
        "ann,add,2025-05-01T01:00:00Z,100,123\n"
        "ann,add,2025-05-01T02:00:00Z,,123\n",
    )
    dataset = open_dataset(tmp_path, "shop")
    match = {"event": "add", "where": [{"property": "price", "op": "gte", "value": 20}]}
    asked = campaign(trigger={"kind": "event", "match": match, "key": "sku"})

    tried = questions.try_trigger(asked, dataset, history_of(dataset, asked))
    story = questions.why(asked, dataset, "ann")

    an_hour_later = as_microseconds(START + timedelta(hours=1))
    assert [(m.key, m.at) for m in story.moments] == [("123", an_hour_later)]
    assert [firing[1:3] for firing in told(dataset, tried)] == [("123", an_hour_later)]


def worth_of(dataset: Dataset, asked: Campaign, goal: Matcher = BUY) -> questions.WorthAnswer:
    history = history_of(dataset, asked)
    tried = questions.try_trigger(asked, dataset, history)
    answer = questions.worth(asked, goal, dataset, history, tried)
    assert answer is not None
    return answer


def test_worth_counts_the_small_shop_by_hand(tmp_path: Path) -> None:
    answer = worth_of(small_shop(tmp_path), campaign())

    # ann is caught after 24 hours and buys 6 hours later; dee is caught at hour 124 and never buys;
    # bob bought before: his 24 hours end at hour 24, and he never buys again.
    for line in answer.lines:
        assert (line.caught.goal_count, line.caught.people_count) == (1, 2)
        assert line.caught_rate is not None
        assert line.caught_rate.value == 0.5
        assert (line.not_caught.goal_count, line.not_caught.people_count) == (0, 1)
        assert line.against_not_caught is None
    # ann and bob buy at hours 30 and 20: followed from hour 6 to 30, and from 0 to 20, of 276.
    day = answer.lines[0]
    assert day.everybody_rate is not None
    assert day.everybody_rate.value == pytest.approx((24 / 276 + 20 / 276) / 4)
    assert day.against_everybody is not None
    assert day.against_everybody.value == pytest.approx(0.5 / (44 / 276 / 4))
    assert answer.start_count == 3
    rates = dict(zip(answer.hours, answer.reached_rates, strict=True))
    assert [rates[h] for h in (18, 24, 30, 168)] == pytest.approx([0, 1 / 3, 2 / 3, 2 / 3])
    costs = {c.wait / timedelta(hours=1): (c.before_rate, c.after_rate) for c in answer.waits}
    assert costs[1] == pytest.approx((0, 2 / 3))
    assert costs[24] == pytest.approx((1 / 3, 1 / 3))
    assert costs[48] == pytest.approx((2 / 3, 0))


def test_the_curve_ends_where_nobody_was_seen_for_longer(tmp_path: Path) -> None:
    dataset = stored(
        tmp_path, [event("ann", "add", 0), event("ann", "buy", 5), event("bob", "add", 20)]
    )

    answer = worth_of(dataset, campaign())

    # ann bought after 5 hours; bob was seen for none, for the data ends at hour 20.
    assert list(answer.hours) == [0, 0.5, 1, 2, 3, 4]
    assert list(answer.waits) == []


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(data=st.data())
def test_rates_are_their_counts_and_lie_within_0_and_1(data: st.DataObject) -> None:
    case = data.draw(campaign_cases())
    assume(case.events)
    asked = Campaign.model_validate({**case.campaign, "goal": CART["goal"]})

    with tempfile.TemporaryDirectory() as folder:
        dataset = stored(Path(folder), [as_domain(e) for e in case.events], case.profiles)
        answer = worth_of(dataset, asked)

    for line in answer.lines:
        for counted, rate in (
            (line.caught, line.caught_rate),
            (line.not_caught, line.not_caught_rate),
        ):
            assert (rate is None) is (counted.people_count == 0)
            assert 0 <= counted.goal_count <= counted.people_count
            if rate is not None:
                assert rate.value == counted.goal_count / counted.people_count
                assert 0 <= rate.low <= rate.value <= rate.high <= 1
    rates = list(answer.reached_rates)
    assert len(rates) == len(answer.hours)
    assert bool(rates) is (answer.start_count > 0)
    assert rates == sorted(rates)
    assert all(0 <= rate <= 1 for rate in rates)


@pytest.mark.parametrize("value", ["$key", "$trigger.product"])
def test_7_2_a_goal_that_refers_to_the_firing_has_no_natural_conversion(
    tmp_path: Path, value: str
) -> None:
    dataset = small_shop(tmp_path)
    goal = Matcher.model_validate(
        {"event": "buy", "where": [{"property": "product", "op": "eq", "value": value}]}
    )
    asked = campaign(VIEWED)
    history = questions.load_history(dataset, ["product"])
    tried = questions.try_trigger(asked, dataset, history)

    assert questions.worth(asked, goal, dataset, history, tried) is None


def test_without_anybody_who_began_nothing_is_said_of_them(tmp_path: Path) -> None:
    never = campaign(trigger={"kind": "event", "match": {"event": "never"}})

    answer = worth_of(small_shop(tmp_path), never)

    assert answer.start_count == 0
    assert list(answer.reached_rates) == []
    assert list(answer.waits) == []
    for line in answer.lines:
        assert line.caught_rate is None
        assert line.not_caught_rate is None
        assert line.against_everybody is None


def test_a_goal_nobody_reached_is_compared_with_nothing(tmp_path: Path) -> None:
    answer = worth_of(small_shop(tmp_path), campaign(), Matcher(event=("never",)))

    assert answer.lines[0].caught_rate is not None
    assert answer.lines[0].caught_rate.value == 0
    assert answer.lines[0].against_everybody is None


def test_the_audience_is_asked_of_the_profiles(tmp_path: Path) -> None:
    dataset = small_shop(tmp_path)

    germans = audience_of(campaign(audience=GERMAN), dataset)

    assert audience_of(campaign(), dataset) is None
    assert np.array_equal(germans, [True, False, False, False])
