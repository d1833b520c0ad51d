"""A draft says where every way leads; as a file it means exactly what it meant before."""

from typing import Any

import pytest
from hypothesis import example, given, settings

from core.domain.campaigns import Campaign
from core.domain.errors import UnusableInput
from core.domain.flows import ways_out
from core.services.drafts import Document, document_of
from core.services.flow_forms import campaign_of, explicit, opened, written
from core.services.flow_ways import END, in_order, targets, ways
from tests.services.flow_cases import campaigns
from tests.services.shops import campaign

MAIL: dict[str, Any] = {"id": "mail", "kind": "send", "template": "cart"}
TEST: dict[str, Any] = {
    "id": "test",
    "kind": "split",
    "variants": [{"name": "now", "weight": 1}, {"name": "later", "weight": 1}],
}


def led(test: Document, *targets: str | None) -> Document:
    pairs = zip(test["variants"], targets, strict=True)
    return {**test, "variants": [{**variant, "next": target} for variant, target in pairs]}


def meaning(flow: Campaign) -> Any:
    """Say what the engine sees: the entry, and each step's content and ways."""
    ways_by_id = ways_out(flow.steps)
    steps = {
        step.id: (step.model_dump(exclude={"next", "then", "otherwise"}), ways_by_id[step.id])
        for step in flow.steps
    }
    for content, _ in steps.values():
        for member in [*content.get("cases", ()), *content.get("variants", ())]:
            del member["next"]
    return flow.steps[0].id if flow.steps else None, steps


@settings(max_examples=150, deadline=None)
@given(flow=campaigns())
@example(flow=campaign(steps=[led(TEST, "end", None), MAIL, {"id": "end", "kind": "exit"}]))
@example(flow=campaign(steps=[led(TEST, "end", None), {"id": "end", "kind": "exit"}]))
def test_a_campaign_that_was_opened_and_written_means_what_it_meant(flow: Campaign) -> None:
    again = campaign_of(opened(flow))

    assert meaning(again) == meaning(flow)
    assert document_of(again) | {"steps": []} == document_of(flow) | {"steps": []}


@settings(max_examples=60, deadline=None)
@given(flow=campaigns())
def test_what_was_written_once_is_written_the_same_again(flow: Campaign) -> None:
    once = campaign_of(opened(flow))

    assert campaign_of(opened(once)) == once


@settings(max_examples=60, deadline=None)
@given(flow=campaigns())
def test_every_way_of_a_draft_leads_to_a_step_or_ends(flow: Campaign) -> None:
    draft = opened(flow)

    ids = [step["id"] for step in draft["steps"]]
    assert {t for step in draft["steps"] for _, t in ways(step)} <= {*ids, END}
    assert explicit(draft) == draft


@settings(max_examples=60, deadline=None)
@given(flow=campaigns())
def test_the_steps_of_a_draft_stand_after_those_that_lead_to_them(flow: Campaign) -> None:
    steps = opened(flow)["steps"]

    for position, step in enumerate(steps):
        assert not {other["id"] for other in steps[: position + 1]} & set(targets(step))
    assert in_order(steps) == steps
    assert [step["id"] for step in steps[:1]] == [step.id for step in flow.steps[:1]]


def test_the_only_step_that_ends_the_flow_stands_last_and_people_complete_there() -> None:
    draft = {**opened(campaign()), "steps": [led(TEST, "mail", "bye"), {**MAIL, "next": END}]}
    draft["steps"].append({"id": "bye", "kind": "exit"})

    steps = written(draft)["steps"]

    assert [step["id"] for step in steps] == ["test", "bye", "mail"]
    assert steps[-1]["next"] is None


def test_the_first_step_stays_the_first_even_if_only_it_ends_the_flow() -> None:
    bye = {"id": "bye", "kind": "exit"}
    draft = {**opened(campaign()), "steps": [led(TEST, END, "bye"), bye]}

    steps = written(draft)["steps"]

    assert [step["id"] for step in steps] == ["test", "bye", "end"]
    assert [target for _, target in ways(steps[0])] == ["end", "bye"]


def test_the_order_of_the_file_is_settled_at_once() -> None:
    draft = {**opened(campaign()), "steps": [led(TEST, "ask", "note"), *_AROUND_AN_END]}

    once = campaign_of(draft)

    assert [step.id for step in once.steps] == ["test", "note", "out", "bye", "ask"]
    assert campaign_of(opened(once)) == once


_AROUND_AN_END: list[Document] = [
    {
        "id": "ask",
        "kind": "branch",
        "cases": [{"if": {"segment": "VIP"}, "next": "bye"}],
        "otherwise": END,
    },
    {"id": "bye", "kind": "exit"},
    {"id": "note", "kind": "update_profile", "set": {"late": True}, "next": "out"},
    {"id": "out", "kind": "exit"},
]


def test_several_ends_share_one_exit_step_that_no_draft_shows() -> None:
    draft = {**opened(campaign()), "steps": [led(TEST, "mail", END), {**MAIL, "next": END}]}

    steps = written(draft)["steps"]

    assert steps[-1] == {"id": "end", "kind": "exit"}
    assert [t for step in steps for _, t in ways(step)] == ["mail", "end", "end"]
    assert opened(campaign_of(draft))["steps"] == opened(campaign(steps=steps))["steps"]
    assert [step["id"] for step in opened(campaign_of(draft))["steps"]] == ["test", "mail"]


@pytest.mark.parametrize(
    "steps",
    [
        [led(TEST, "bye", "bye"), {"id": "bye", "kind": "exit"}],
        [{**MAIL, "next": "end"}, {"id": "end", "kind": "exit"}],
        [led(TEST, "end", "mail"), {"id": "end", "kind": "exit"}, {**MAIL, "next": None}],
    ],
    ids=["another name", "one step leads to it", "not the last"],
)
def test_an_exit_step_that_somebody_made_stays_a_step(steps: list[Document]) -> None:
    draft = opened(campaign(steps=steps))

    assert "exit" in [step["kind"] for step in draft["steps"]]


def test_the_shared_exit_gets_a_name_that_is_free() -> None:
    mail = {**MAIL, "id": "end", "next": END}
    draft = {**opened(campaign()), "steps": [led(TEST, "end", END), mail]}

    again = opened(campaign_of(draft))

    assert written(draft)["steps"][-1] == {"id": "end_2", "kind": "exit"}
    assert [step["id"] for step in again["steps"]] == ["test", "end"]


def test_a_way_that_is_left_out_leads_to_the_following_step() -> None:
    steps = [MAIL, {"id": "pause", "kind": "delay", "for": "4h"}, {**MAIL, "id": "mail_2"}]

    draft = opened(campaign(steps=steps))

    assert [step["next"] for step in draft["steps"]] == ["pause", "mail_2", END]


def test_an_incomplete_draft_is_refused_with_its_first_fault() -> None:
    draft = {**opened(campaign()), "steps": [{**MAIL, "template": "", "next": END}]}

    with pytest.raises(UnusableInput, match=r"^steps\[0\]\.template: "):
        campaign_of(draft)
