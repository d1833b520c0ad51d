"""A test's winner becomes the flow, and weights change without moving anybody."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from core.domain.campaigns import Campaign
from core.domain.errors import UnusableInput
from core.domain.events import Event
from core.domain.experiments import ChangeKind
from core.domain.steps import SplitStep
from core.services.campaigns import saved_campaign
from core.services.experiments import end_experiment, experiment
from core.services.flow_forms import opened
from core.services.flow_ways import END, ways
from core.services.flow_without_split import without_split
from core.services.live_events import ingest
from core.services.live_exposures import exposures
from core.services.live_launches import launches
from core.services.live_questions import trace
from core.services.live_ticks import tick
from core.services.roll_out import reweigh, roll_out
from core.store.database import migrate, open_database
from tests.services.flow_cases import campaigns
from tests.services.running_tests import CAMPAIGN, START, launched, people_come, variant_of

HOUR = timedelta(hours=1)
STEPS: list[dict[str, Any]] = CAMPAIGN["steps"]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Engine]:
    engine = open_database(f"sqlite:///{tmp_path}/live.sqlite")
    migrate(engine)
    yield engine
    engine.dispose()


def flow(*steps: dict[str, Any]) -> Campaign:
    return Campaign.model_validate({**CAMPAIGN, "steps": list(steps)})


def asking(condition: dict[str, Any]) -> Campaign:
    """Give the campaign with another question in its branch."""
    cases = [{"if": condition, "next": "done"}]
    return flow(*({**step, "cases": cases} if step["id"] == "last" else step for step in STEPS))


def sign_up(user: str, at: datetime) -> Event:
    return Event(
        event_id=f"again-{user}", user_id=user, event="signup", timestamp=at, properties={}
    )


def ids(campaign: Campaign) -> list[str]:
    return [step.id for step in campaign.steps]


def test_everybody_goes_the_winners_way_and_steps_of_the_others_are_gone() -> None:
    left = without_split(Campaign.model_validate(CAMPAIGN), "timing", "at once")

    assert set(ids(left)) == {"hello", "last", "second", "done"}
    assert ids(left)[0] == "hello"


def test_questions_about_emails_that_nobody_gets_any_more_are_answered_with_no() -> None:
    left = without_split(Campaign.model_validate(CAMPAIGN), "timing", "next day")

    assert ids(left) == ["pause", "hello_later", "second", "done"]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"any": [{"clicked": "hello"}, {"trait": "vip", "op": "exists"}]}, "trait"),
        ({"all": [{"clicked": "hello"}, {"trait": "vip", "op": "exists"}]}, None),
        ({"not": {"clicked": "hello"}}, None),
        ({"any": [{"not": {"opened": "hello"}}, {"clicked": "hello_later"}]}, None),
        ({"clicked": "hello_later"}, "clicked"),
    ],
)
def test_what_is_known_is_put_into_joined_questions(
    asked: dict[str, Any], expected: str | None
) -> None:
    left = without_split(asking(asked), "timing", "next day")

    branch = [step for step in left.steps if step.id == "last"]
    assert len(branch) == (expected is not None)
    if expected is not None:
        said = branch[0].model_dump(mode="json", by_alias=True)["cases"][0]["if"]
        assert expected in (said["any"][0] if "any" in said else said)


def test_a_question_that_always_holds_leads_everybody_on_its_way() -> None:
    left = without_split(asking({"not": {"clicked": "hello"}}), "timing", "next day")

    assert ids(left) == ["pause", "hello_later", "done"]


def test_a_split_in_the_middle_leads_on_to_the_winner_or_to_the_end() -> None:
    split = {
        "id": "offer",
        "kind": "split",
        "variants": [
            {"name": "none", "weight": 1, "next": "done"},
            {"name": "discount", "weight": 1, "next": "mail"},
        ],
    }
    campaign = flow(
        {"id": "first", "kind": "send", "template": "welcome"},
        split,
        {"id": "mail", "kind": "send", "template": "cart_discount"},
        {"id": "done", "kind": "exit"},
    )

    assert ids(without_split(campaign, "offer", "discount")) == ["first", "mail", "done"]
    assert ids(without_split(campaign, "offer", "none")) == ["first", "done"]


def test_a_flow_of_which_nothing_would_be_left_is_refused() -> None:
    variants = [{"name": "one", "weight": 1}, {"name": "other", "weight": 1}]
    campaign = flow({"id": "offer", "kind": "split", "variants": variants})

    with pytest.raises(UnusableInput, match="Nothing would be left"):
        without_split(campaign, "offer", "one")


def test_a_way_without_steps_is_refused_though_others_have_some() -> None:
    variants = [
        {"name": "mail", "weight": 1, "next": "mail"},
        {"name": "nothing", "weight": 1, "next": "end"},
    ]
    campaign = flow(
        {"id": "offer", "kind": "split", "variants": variants},
        {"id": "mail", "kind": "send", "template": "welcome", "next": "end"},
        {"id": "end", "kind": "exit"},
    )

    with pytest.raises(UnusableInput, match="Nothing would be left"):
        without_split(campaign, "offer", "nothing")


def test_a_question_about_an_email_behind_a_lost_question_goes_too() -> None:
    extra = {"id": "extra", "kind": "send", "template": "welcome", "next": "again"}
    again = {
        "id": "again",
        "kind": "branch",
        "cases": [{"if": {"clicked": "extra"}, "next": "done"}],
        "otherwise": "second",
    }
    last = {**STEPS[4], "cases": [{"if": {"clicked": "hello"}, "next": "extra"}]}
    steps = [*STEPS[:4], {**last, "otherwise": "again"}, extra, again, *STEPS[5:]]

    left = without_split(flow(*steps), "timing", "next day")

    assert ids(left) == ["pause", "hello_later", "second", "done"]


def test_a_split_or_a_variant_that_is_not_there_is_refused() -> None:
    campaign = Campaign.model_validate(CAMPAIGN)

    with pytest.raises(UnusableInput, match="no variant called 'never'"):
        without_split(campaign, "timing", "never")
    with pytest.raises(UnusableInput, match="no split called 'hello'"):
        without_split(campaign, "hello", "at once")


@settings(max_examples=60, deadline=None)
@given(campaign=campaigns(), data=st.data())
def test_without_any_of_its_splits_a_flow_stays_sound(
    campaign: Campaign, data: st.DataObject
) -> None:
    splits = [step for step in campaign.steps if isinstance(step, SplitStep)]
    if not splits:
        return
    split = data.draw(st.sampled_from(splits))
    winner = data.draw(st.sampled_from([variant.name for variant in split.variants]))

    steps = opened(campaign)["steps"]
    target = dict(ways(next(step for step in steps if step["id"] == split.id)))[
        f"variants[{[v.name for v in split.variants].index(winner)}].next"
    ]
    if steps[0]["id"] == split.id and target == END:
        with pytest.raises(UnusableInput, match="Nothing would be left"):
            without_split(campaign, split.id, winner)
        return

    left = without_split(campaign, split.id, winner)

    assert split.id not in ids(left)
    assert set(ids(left)) <= {*ids(campaign), "end", "end_2", "end_3"}


def test_a_winner_becomes_the_next_version_and_people_on_their_way_stay(database: Engine) -> None:
    test = launched(database)
    people_come(database, 40, {"at once": 0.2, "next day": 0.2}, days=1)
    test = end_experiment(database, test.name, by="Ada", at=START + 30 * HOUR)

    done = roll_out(database, test, "next day", by="Ada", at=START + 31 * HOUR)

    saved, running = saved_campaign(database, "Welcome"), launches(database)[0]
    assert saved is not None
    assert (saved.number, done.version, running.version_number) == (2, 2, 2)
    assert ids(saved.campaign) == ["pause", "hello_later", "second", "done"]
    assert "as the test" in saved.note
    assert running.campaign == saved.campaign
    log = experiment(database, test.name)
    assert log is not None
    assert log.changes[-1].kind is ChangeKind.NOTED
    assert "version 2" in log.changes[-1].note
    assert not [line for line in trace(database, limit=1000) if line.reason == "new_version"]


def test_a_running_test_is_not_rolled_out(database: Engine) -> None:
    test = launched(database)

    with pytest.raises(UnusableInput, match="is not over"):
        roll_out(database, test, "at once", by="Ada", at=START + HOUR)


def test_other_weights_share_out_who_comes_later_and_move_nobody(database: Engine) -> None:
    test = launched(database)
    people_come(database, 200, {"at once": 0.2, "next day": 0.2}, days=1)
    running = launches(database)[0]
    before = exposures(database, running.id, "timing")

    changed = reweigh(database, test, [1, 9], by="Ada", at=START + timedelta(days=8), note=" why ")

    after = exposures(database, running.id, "timing")
    split = launches(database)[0].campaign.steps[0]
    assert after.variants == before.variants
    assert len(before) == 200
    assert before.variants == [variant_of(user) for user in before.user_ids]
    assert isinstance(split, SplitStep)
    assert [variant.weight for variant in split.variants] == [1, 9]
    assert changed.weight_periods[-1].weights == (1, 9)
    assert changed.changes[-1].note == "why"


def test_who_comes_again_after_weights_changed_keeps_their_variant(database: Engine) -> None:
    test = launched(database)
    people_come(database, 100, {"at once": 0.2, "next day": 0.2}, days=1)
    running = launches(database)[0]
    reweigh(database, test, [1, 1_000_000], by="Ada", at=START + timedelta(days=8))

    again_at = START + timedelta(days=9)
    again = [sign_up(f"u{number:05}", again_at) for number in range(100)]
    ingest(database, [*again, sign_up("newcomer", again_at)], received_at=again_at)
    tick(database, again_at + HOUR)

    rows = trace(database, launch_id=running.id, outcome="assigned", limit=1_000)
    variants = {
        user: {row.reason for row in rows if row.user_id == user}
        for user in {row.user_id for row in rows}
    }
    assert len(rows) == 201
    assert variants.pop("newcomer") == {"next day"}
    assert variants == {user: {variant_of(user)} for user in variants}


def test_people_on_their_way_to_the_split_meet_the_new_weights(database: Engine) -> None:
    wait = {"id": "wait", "kind": "delay", "for": "48h", "next": "timing"}
    test = launched(database, steps=[wait, *STEPS])
    people_come(database, 100, {"at once": 0.2, "next day": 0.2}, days=1, until_day=1)

    reweigh(database, test, [1, 1_000_000], by="Ada", at=START + timedelta(hours=25))
    tick(database, START + timedelta(days=4))

    found = exposures(database, launches(database)[0].id, "timing")
    assert len(found) == 100
    assert set(found.variants) == {"next day"}


def test_weights_that_do_not_fit_change_nothing(database: Engine) -> None:
    test = launched(database)

    with pytest.raises(UnusableInput):
        reweigh(database, test, [1], by="Ada", at=START + HOUR)

    assert launches(database)[0].version_number == 1
