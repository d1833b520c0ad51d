"""Edits of a flow change what they are about, and nothing else."""

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from core.domain.campaigns import Campaign
from core.domain.errors import UnusableInput
from core.services import edit_history
from core.services import flow_drafts as edits
from core.services.drafts import Document
from core.services.flow_forms import campaign_of, opened
from core.services.flow_problems import problems_by_step
from core.services.flow_ways import END, in_order, ways
from core.services.new_steps import KINDS, new_step
from tests.services.flow_cases import campaigns, edit_of
from tests.services.shops import campaign

MAIL: dict[str, Any] = {"id": "mail", "kind": "send", "template": "cart"}
PAUSE: dict[str, Any] = {"id": "pause", "kind": "delay", "for": "4h"}
LATE: dict[str, Any] = {"id": "late", "kind": "send", "template": "discount"}
ASK: dict[str, Any] = {
    "id": "ask",
    "kind": "branch",
    "cases": [{"if": {"any": [{"clicked": "mail"}, {"not": {"opened": "mail"}}]}, "next": "late"}],
    "otherwise": "pause",
}


def draft_of(*steps: Document, **changes: Any) -> Document:
    return opened(campaign(steps=list(steps), **changes))


def by_id(draft: Document) -> dict[str, Document]:
    return {step["id"]: step for step in draft["steps"]}


def led(draft: Document) -> dict[str, list[str | None]]:
    return {step["id"]: [target for _, target in ways(step)] for step in draft["steps"]}


def meaning(draft: Document) -> Any:
    return [step["id"] for step in draft["steps"][:1]], by_id(draft), draft | {"steps": []}


some = settings(max_examples=50, deadline=None)


# Laws


@some
@given(flow=campaigns(), data=st.data())
def test_after_any_edits_a_draft_is_a_campaign_or_says_why_not(
    flow: Campaign, data: DataObject
) -> None:
    draft = opened(flow)
    for _ in range(data.draw(st.integers(1, 5))):
        edit = data.draw(edit_of(draft))
        before = deepcopy(draft)
        try:
            edited = edit(draft)
        except UnusableInput:
            edited = draft
        assert draft == before
        assert edited["steps"] == in_order(edited["steps"])
        draft = edited

    problems = problems_by_step(draft)

    try:
        campaign_of(draft)
        assert {place for place in problems if by_id(draft)[place]["kind"] != "webhook"} == set()
    except UnusableInput:
        assert problems != {}


@some
@given(flow=campaigns(), data=st.data())
def test_any_edits_can_be_undone_and_done_again_exactly(flow: Campaign, data: DataObject) -> None:
    drafts = [opened(flow)]
    history = edit_history.started(drafts[0])
    for _ in range(data.draw(st.integers(1, 4))):
        try:
            drafts.append(data.draw(edit_of(drafts[-1]))(drafts[-1]))
        except UnusableInput:
            continue
        history = edit_history.changed(history, drafts[-1])
        if drafts[-1] == drafts[-2]:
            drafts.pop()
    kept = deepcopy(drafts)

    for draft in reversed(kept[:-1]):
        history = edit_history.undone(history)
        assert history["present"] == draft
    for draft in kept[1:]:
        history = edit_history.redone(history)
        assert history["present"] == draft


@some
@given(flow=campaigns(), kind=st.sampled_from(KINDS), data=st.data())
def test_an_inserted_step_stands_on_its_way_and_changes_no_other(
    flow: Campaign, kind: str, data: DataObject
) -> None:
    draft = opened(flow)
    places = [(step["id"], place) for step in draft["steps"] for place, _ in ways(step)]
    assume(places)
    after, way = data.draw(st.sampled_from(places))
    step = new_step(draft, kind)

    edited = edits.insert(draft, step, after=after, way=way)

    former, present = by_id(draft), by_id(edited)
    assert dict(ways(present[after])) == {**dict(ways(former[after])), way: step["id"]}
    behind = dict(ways(former[after]))[way]
    own_ways = [target for _, target in ways(present[step["id"]])]
    assert own_ways == [behind, *[END] * len(own_ways)][: len(own_ways)]
    assert {k: v for k, v in present.items() if k not in (after, step["id"])} == {
        k: v for k, v in former.items() if k != after
    }
    assert edited["steps"][0]["id"] == draft["steps"][0]["id"]


@some
@given(flow=campaigns(), kind=st.sampled_from(KINDS), data=st.data())
def test_a_step_that_is_inserted_and_deleted_leaves_no_trace(
    flow: Campaign, kind: str, data: DataObject
) -> None:
    draft = opened(flow)
    places = [(step["id"], place) for step in draft["steps"] for place, _ in ways(step)]
    after, way = data.draw(st.sampled_from([(None, ""), *places]))
    step = new_step(draft, kind)
    onward = data.draw(st.sampled_from([None, *(place for place, _ in ways(step))]))
    # Behind an end nobody knows any more where the way led.
    assume(ways(step) or (after is not None and dict(ways(by_id(draft)[after]))[way] == END))

    if after is None:
        edited = edits.insert_entry(draft, step, onward=onward)
    else:
        edited = edits.insert(draft, step, after=after, way=way, onward=onward)

    assert meaning(edits.delete(edited, step["id"])) == meaning(draft)


@some
@given(flow=campaigns(), data=st.data())
def test_a_deleted_step_hands_its_place_to_where_it_led(flow: Campaign, data: DataObject) -> None:
    draft = opened(flow)
    assume(draft["steps"])
    gone = data.draw(st.sampled_from(draft["steps"]))
    successor = next((target for _, target in ways(gone) if target), END)

    edited = edits.delete(draft, gone["id"])

    def redirected(targets: list[str | None]) -> list[str | None]:
        return [successor if target == gone["id"] else target for target in targets]

    assert led(edited) == {
        step_id: redirected(targets)
        for step_id, targets in led(draft).items()
        if step_id in led(edited)
    }
    assert led(draft).keys() - led(edited).keys() == {gone["id"]}
    if gone is draft["steps"][0] and successor:
        assert edited["steps"][0]["id"] == successor


@some
@given(flow=campaigns(), data=st.data())
def test_a_step_renamed_there_and_back_is_the_same_step(flow: Campaign, data: DataObject) -> None:
    draft = opened(flow)
    assume(draft["steps"])
    step_id = data.draw(st.sampled_from(draft["steps"]))["id"]

    renamed = edits.rename(draft, step_id, "fresh")

    assert edits.rename(renamed, "fresh", step_id) == draft
    assert campaign_of(renamed)
    assert [["fresh" if t == step_id else t for t in ts] for ts in led(draft).values()] == list(
        led(renamed).values()
    )


@some
@given(flow=campaigns(), data=st.data())
def test_a_way_led_elsewhere_and_back_is_the_same_way(flow: Campaign, data: DataObject) -> None:
    draft = opened(flow)
    places = [(s["id"], place, target) for s in draft["steps"] for place, target in ways(s)]
    assume(places)
    step_id, way, target = data.draw(st.sampled_from(places))
    ids = [step["id"] for step in draft["steps"]]
    later = [END, *ids[ids.index(step_id) + 1 :]]
    elsewhere = data.draw(st.sampled_from(later))

    edited = edits.connect(draft, step_id, way, elsewhere or None)

    assert dict(ways(by_id(edited)[step_id])) == {
        **dict(ways(by_id(draft)[step_id])),
        way: elsewhere,
    }
    assert meaning(edits.connect(edited, step_id, way, target)) == meaning(draft)


@some
@given(flow=campaigns(), data=st.data())
def test_a_copy_differs_from_its_original_only_in_name_and_ways(
    flow: Campaign, data: DataObject
) -> None:
    draft = opened(flow)
    original = data.draw(st.sampled_from([s for s in draft["steps"] if ways(s)] or [None]))
    assume(original is not None)

    edited = edits.duplicate(draft, original["id"])

    (new_id,) = by_id(edited).keys() - by_id(draft).keys()
    copy = by_id(edited)[new_id]
    assert led(edited)[original["id"]] == [new_id, *led(draft)[original["id"]][1:]]
    assert led(edited)[new_id][0] == led(draft)[original["id"]][0]
    assert copy.get("template") == original.get("template")
    assert copy.get("salt") is None
    assert campaign_of(edited)


# Examples


def test_the_first_step_is_put_into_an_empty_flow() -> None:
    draft = draft_of()

    edited = edits.insert_entry(draft, new_step(draft, "send", template="cart"))

    assert led(edited) == {"mail": [END]}
    assert campaign_of(edited).templates() == {"cart"}


def test_a_step_can_lead_on_by_another_way_than_its_first() -> None:
    draft = draft_of(MAIL, LATE)
    wait = new_step(draft, "wait_for")

    edited = edits.insert(draft, wait, after="mail", way="next", onward="otherwise")

    assert led(edited) == {"mail": ["wait"], "wait": [END, "late"], "late": [END]}


def test_editing_a_list_does_not_change_ways_that_were_left_out_in_the_file() -> None:
    draft = draft_of(MAIL, PAUSE, LATE)

    edited = edits.connect(draft, "mail", "next", "late")

    assert led(edited) == {"mail": ["late"], "late": [END], "pause": ["late"]}
    assert problems_by_step(edited).keys() == {"pause"}


def test_a_step_that_nobody_reaches_any_more_can_be_taken_out_with_the_others() -> None:
    draft = edits.connect(draft_of(MAIL, PAUSE, LATE), "mail", "next", None)

    assert led(edits.delete_unreachable(draft)) == {"mail": [END]}


def test_deleting_the_first_step_makes_its_successor_the_first() -> None:
    draft = draft_of({**MAIL, "next": "late"}, {**LATE, "next": "pause"}, PAUSE)

    assert list(led(edits.delete(draft, "mail"))) == ["late", "pause"]


def test_another_step_can_be_made_the_first() -> None:
    edited = edits.set_entry(draft_of(MAIL, PAUSE, LATE), "pause")

    assert next(iter(led(edited))) == "pause"
    assert problems_by_step(edited).keys() == {"mail"}


def test_a_new_name_is_known_wherever_the_step_is_spoken_of() -> None:
    clicked = {
        "event": ["email_clicked", "email_opened"],
        "where": [
            {"property": "step", "op": "in", "value": ["mail", "late"]},
            {"property": "campaign", "op": "eq", "value": "Cart abandonment"},
        ],
    }
    wait = {"id": "wait", "kind": "wait_for", "event": clicked, "timeout": "24h"}
    goal = {"event": {"event": ["email_clicked"], "where": [_step_is("mail")]}, "within": "7d"}
    draft = draft_of(MAIL, wait, ASK, PAUSE, LATE, goal=goal)

    edited = edits.rename(draft, "mail", "reminder")

    assert by_id(edited)["wait"]["event"]["where"][0]["value"] == ["reminder", "late"]
    asked = by_id(edited)["ask"]["cases"][0]["if"]
    assert asked == {"any": [{"clicked": "reminder"}, {"not": {"opened": "reminder"}}]}
    assert edited["goal"]["event"]["where"][0]["value"] == "reminder"


def _step_is(step_id: str) -> Document:
    return {"property": "step", "op": "eq", "value": step_id}


@pytest.mark.parametrize(
    "where",
    [
        [{"property": "page", "op": "eq", "value": "mail"}],
        [_step_is("mail"), {"property": "campaign", "op": "eq", "value": "Another"}],
    ],
    ids=["another property", "another campaign"],
)
def test_what_only_reads_like_the_name_of_the_step_stays(where: list[Document]) -> None:
    clicked = {"event": ["email_clicked"], "where": where}
    wait = {"id": "wait", "kind": "wait_for", "event": clicked, "timeout": "24h"}
    note = {"id": "note", "kind": "update_profile", "set": {"opened": "mail"}}
    draft = draft_of(MAIL, wait, note)

    edited = edits.rename(draft, "mail", "reminder")

    assert by_id(edited)["wait"]["event"] == by_id(draft)["wait"]["event"]
    assert by_id(edited)["note"]["set"] == {"opened": "mail"}


def test_a_renamed_split_keeps_everybody_in_their_variant() -> None:
    variants = [{"name": "now", "weight": 1}, {"name": "later", "weight": 1}]
    draft = draft_of({"id": "test", "kind": "split", "variants": variants}, MAIL)

    renamed = edits.rename(draft, "test", "timing")
    replaced = edits.replace(draft, "test", {**by_id(draft)["test"], "id": "timing"})

    assert by_id(renamed)["timing"]["salt"] == "Cart abandonment:test"
    assert replaced == renamed


def test_a_replaced_step_ends_where_it_says_nothing() -> None:
    draft = draft_of(MAIL, PAUSE, LATE)
    variants = [{"name": "a", "weight": 1, "next": "late"}, {"name": "b", "weight": 1}]

    edited = edits.replace(draft, "pause", {"id": "pause", "kind": "split", "variants": variants})

    assert led(edited)["pause"] == ["late", END]


def test_a_copy_of_a_copy_counts_on() -> None:
    draft = edits.duplicate(draft_of(MAIL), "mail")

    assert list(led(edits.duplicate(draft, "mail_2"))) == ["mail", "mail_2", "mail_3"]


def test_a_copy_shares_nothing_with_its_original() -> None:
    draft = draft_of(MAIL, ASK, PAUSE, LATE)

    copy = by_id(edits.duplicate(draft, "ask"))["ask_2"]

    assert copy["cases"][0]["if"] == by_id(draft)["ask"]["cases"][0]["if"]
    assert copy["cases"][0]["if"] is not by_id(draft)["ask"]["cases"][0]["if"]


FLOW = draft_of(MAIL, ASK, PAUSE, LATE)


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (lambda: edits.connect(FLOW, "pause", "next", "mail"), "'mail' comes before 'pause'; "),
        (lambda: edits.connect(FLOW, "mail", "next", "mail"), "'mail' cannot lead to itself; "),
        (lambda: edits.connect(FLOW, "mail", "next", "nowhere"), "no step is called 'nowhere'; "),
        (lambda: edits.connect(FLOW, "mail", "then", "late"), "the step 'mail' has no way 'then'"),
        (lambda: edits.rename(FLOW, "mail", "late"), "another step is called 'late' already; "),
        (lambda: edits.rename(FLOW, "mail", ""), "a step's name has 1 to 100 characters; "),
        (lambda: edits.rename(FLOW, "mail", "x" * 101), "a step's name has 1 to 100 characters"),
        (lambda: edits.delete(FLOW, "nothing"), "no step is called 'nothing'; "),
        (lambda: edits.insert_entry(FLOW, MAIL), "another step is called 'mail' already; "),
        (
            lambda: edits.replace(FLOW, "late", {**LATE, "next": "ask"}),
            "'ask' comes before 'late'; ",
        ),
        (
            lambda: edits.duplicate(draft_of(MAIL, {"id": "bye", "kind": "exit"}), "bye"),
            "nothing comes after 'bye'; ",
        ),
    ],
)
def test_an_edit_that_cannot_be_made_is_refused_in_one_sentence(edit: Any, sentence: str) -> None:
    with pytest.raises(UnusableInput) as refusal:
        edit()

    assert str(refusal.value).startswith(sentence)
    assert "\n" not in str(refusal.value)


def test_every_step_can_be_undone_up_to_a_hundred() -> None:
    history = edit_history.started({"n": 0})
    for number in range(1, 120):
        history = edit_history.changed(history, {"n": number})

    assert [draft["n"] for draft in history["past"]] == list(range(19, 119))


def test_nothing_new_is_nothing_to_undo_but_true_is_not_one() -> None:
    history = edit_history.started({"value": 1})

    assert edit_history.changed(history, {"value": 1}) == history
    assert edit_history.changed(history, {"value": True})["present"]["value"] is True


def test_an_edit_after_an_undo_forgets_what_was_undone() -> None:
    history = edit_history.changed(edit_history.started({"n": 0}), {"n": 1})

    history = edit_history.changed(edit_history.undone(history), {"n": 2})

    assert edit_history.redone(history) == history
    assert edit_history.undone(history)["present"] == {"n": 0}


def test_where_there_is_nothing_to_undo_nothing_happens() -> None:
    history = edit_history.started({"n": 0})

    assert edit_history.undone(history) == history
