"""Drafts are plain data that any valid campaign turns into and comes back from."""

import json
from typing import Any

import pytest
from hypothesis import given, settings

from core.domain.campaigns import Campaign
from core.domain.errors import UnusableInput
from core.domain.triggers import matchers_of
from core.services.campaign_files import load_campaign
from core.services.drafts import campaign_of, document_of, first_matcher, new_trigger
from core.settings import REPOSITORY
from tests.reference.histories import KINDS, CampaignCase, campaign_cases
from tests.services.shops import CART, VIEWED, campaign

STARTERS = sorted((REPOSITORY / "templates" / "campaigns").glob("*.yaml"))


@settings(max_examples=200, deadline=None)
@given(case=campaign_cases())
def test_a_draft_of_a_campaign_is_that_campaign(case: CampaignCase) -> None:
    drawn = Campaign.model_validate(case.campaign)

    document = document_of(drawn)

    assert campaign_of(document) == drawn
    assert campaign_of(json.loads(json.dumps(document))) == drawn


@pytest.mark.parametrize("path", STARTERS, ids=lambda path: path.stem)
def test_a_draft_of_each_starter_is_that_starter(path: Any) -> None:
    starter = load_campaign(path)

    assert campaign_of(json.loads(json.dumps(document_of(starter)))) == starter


def test_a_draft_names_every_key_as_the_file_does() -> None:
    document = document_of(campaign(quiet_hours={"from": "21:00", "to": "08:00"}))

    assert document["quiet_hours"] == {"from": "21:00", "to": "08:00"}
    assert document["trigger"]["anchor"] == "last"
    assert document["reentry"] == {"cooldown": "7d"}
    assert document["audience"] is None


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"within": "-3h"}, "trigger.within: '-3h' is a negative duration"),
        ({"within": ""}, "trigger.within: "),
        ({"kind": "presence"}, "trigger: unknown kind 'presence'; known are "),
        ({"start": {"event": []}}, "trigger.start.event: "),
        ({"strat": {"event": "a"}}, "trigger.strat: unknown key 'strat'; did you mean 'start'?"),
        ({"start": {"event": "a", "where": [{"property": ""}]}}, "trigger.start.where[0]."),
    ],
)
def test_the_first_fault_of_a_draft_is_one_sentence_with_its_place(
    change: dict[str, Any], sentence: str
) -> None:
    document = document_of(campaign())
    document["trigger"] = {**document["trigger"], **change}

    with pytest.raises(UnusableInput) as refusal:
        campaign_of(document)

    assert str(refusal.value).startswith(sentence)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"reentry": {"cooldown": ""}}, "reentry.cooldown: '' is not a duration"),
        ({"audience": {"all": [{"trait": "", "op": "exists"}]}}, "audience.all[0].trait: "),
        (
            {"goal": {"event": {"event": ["buy"]}, "within": "0d"}},
            "goal.within: '0d' lasts no time",
        ),
    ],
)
def test_the_first_fault_is_the_innermost(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UnusableInput) as refusal:
        campaign_of({**document_of(campaign()), **change})

    assert str(refusal.value).startswith(sentence)


@settings(max_examples=100, deadline=None)
@given(case=campaign_cases())
def test_another_kind_of_trigger_is_about_the_same_event_and_valid_at_once(
    case: CampaignCase,
) -> None:
    drawn = Campaign.model_validate(case.campaign)
    former = document_of(drawn)["trigger"]

    for kind in KINDS:
        trigger = new_trigger(kind, former, other_event="buy")
        if kind == "sum":
            assert trigger["property"] == ""  # the one thing nobody can guess
            trigger = {**trigger, "property": "price"}
        changed = campaign_of({**document_of(drawn), "trigger": trigger}).trigger

        assert changed.kind == kind
        assert matchers_of(changed)[0] == matchers_of(drawn.trigger)[0]
        assert changed.key == drawn.trigger.key


def test_a_sum_without_a_property_is_not_complete_and_says_what_is_missing() -> None:
    document = document_of(campaign(VIEWED))
    document["trigger"] = new_trigger("sum", document["trigger"], other_event="buy")

    with pytest.raises(UnusableInput, match=r"^trigger\.property: "):
        campaign_of(document)


@pytest.mark.parametrize("kind", KINDS)
def test_the_first_matcher_is_that_of_the_event_the_trigger_begins_with(kind: str) -> None:
    former = document_of(campaign(CART))["trigger"]

    trigger = new_trigger(kind, former, other_event="view")

    assert first_matcher(trigger) == {"event": ["add"], "where": []}


def test_what_a_new_trigger_has_in_common_is_not_shared_with_the_former() -> None:
    former = document_of(campaign(CART))["trigger"]

    trigger = new_trigger("sequence", former, other_event="view")

    assert [step["event"] for step in trigger["steps"]] == [["add"], ["view"]]
    assert former == document_of(campaign(CART))["trigger"]
