"""Whatever is wrong with a draft is said at the step at fault, all of it at once."""

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from core.domain.campaigns import Campaign
from core.domain.errors import UnusableInput
from core.services.drafts import Document
from core.services.flow_forms import campaign_of, opened
from core.services.flow_problems import problems_by_step
from core.services.new_steps import KINDS, new_step
from tests.services.flow_cases import campaigns
from tests.services.shops import campaign

MAIL: dict[str, Any] = {"id": "mail", "kind": "send", "template": "cart", "next": ""}
PAUSE: dict[str, Any] = {"id": "pause", "kind": "delay", "for": "4h", "next": ""}
WAIT: dict[str, Any] = {
    "id": "wait",
    "kind": "wait_for",
    "event": {"event": ["email_clicked"], "where": []},
    "timeout": "24h",
    "then": "",
    "otherwise": "",
}
TEST: dict[str, Any] = {
    "id": "test",
    "kind": "split",
    "variants": [
        {"name": "now", "weight": 1, "next": ""},
        {"name": "later", "weight": 1, "next": ""},
    ],
}
ASK: dict[str, Any] = {
    "id": "ask",
    "kind": "branch",
    "cases": [{"if": {"segment": "VIP"}, "next": ""}],
    "otherwise": "",
}
NOTE: dict[str, Any] = {"id": "note", "kind": "update_profile", "set": {"a": 1}, "next": ""}
CALL: dict[str, Any] = {"id": "call", "kind": "webhook", "url": "https://x.example/", "next": ""}


def draft_of(*steps: Document, **changes: Any) -> Document:
    return {**opened(campaign()), "steps": list(steps), **changes}


@settings(max_examples=60, deadline=None)
@given(flow=campaigns())
def test_a_sound_campaign_has_no_problems(flow: Campaign) -> None:
    assert problems_by_step(opened(flow), {"cart"}) == {}


def damaged(draw: Any, value: Any) -> Any:
    """Give plain data with one thing in it missing, emptied or replaced."""
    if isinstance(value, dict) and value and draw(st.integers(0, 4)):
        key = draw(st.sampled_from(sorted(value)))
        if key in ("id", "kind", "steps") or draw(st.booleans()):
            return {**value, key: value[key] if key == "kind" else damaged(draw, value[key])}
        return {k: v for k, v in value.items() if k != key}
    if isinstance(value, list) and value and draw(st.integers(0, 4)):
        position = draw(st.integers(0, len(value) - 1))
        return [*value[:position], damaged(draw, value[position]), *value[position + 1 :]]
    return draw(st.sampled_from([value, "mail", "", None, [], {}, 0, "nowhere"]))


@settings(max_examples=80, deadline=None)
@given(flow=campaigns(), data=st.data())
def test_a_draft_has_problems_exactly_if_it_is_no_campaign(
    flow: Campaign, data: DataObject
) -> None:
    draft = opened(flow)
    steps = [damaged(data.draw, deepcopy(step)) for step in draft["steps"]]
    # The designer always knows which step it edits, and what its parts are.
    steps = [
        new if _is_shaped(new) else old for old, new in zip(draft["steps"], steps, strict=True)
    ]
    draft = {**draft, "steps": steps}

    problems = problems_by_step(draft)

    try:
        campaign_of(draft)
        assert problems == {}
    except UnusableInput:
        assert problems != {}


def _is_shaped(step: Any) -> bool:
    if not isinstance(step, dict) or not isinstance(step.get("id"), str):
        return False
    members = [*_list(step.get("cases")), *_list(step.get("variants"))]
    led = [part.get(key) for part in (step, *members) if isinstance(part, dict) for key in _WAYS]
    return all(isinstance(member, dict) for member in members) and all(
        way is None or isinstance(way, str) for way in led
    )


_WAYS = ("next", "then", "otherwise")


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


@pytest.mark.parametrize(
    ("step", "change", "sentence"),
    [
        (MAIL, {"template": ""}, "Choose the e-mail to send."),
        (MAIL, {"template": None}, "Choose the e-mail to send."),
        (MAIL, {"subjekt": "Hi"}, "Subjekt: unknown key 'subjekt'; did you mean 'subject'?"),
        (PAUSE, {"for": None}, "Say how long to wait, or until what time of day."),
        (PAUSE, {"for": "0h"}, "Say how long to wait: '0h' lasts no time; give at least 1s."),
        (
            PAUSE,
            {"for": None, "until": "9:00"},
            "Say until what time of day to wait: "
            "'9:00' is not a time of day; write it as \"09:30\", in quotes.",
        ),
        (WAIT, {"event": {"event": [], "where": []}}, "Choose the event to wait for."),
        (WAIT, {"event": {"event": [""], "where": []}}, "Choose the event to wait for."),
        (
            WAIT,
            {"event": {"event": ["a"], "where": [{"property": "p", "op": "eq"}]}},
            "A condition on the event is not complete: "
            "`eq` needs a value; to ask for a missing one use not_exists.",
        ),
        (
            WAIT,
            {"timeout": "11y"},
            "Say how long to wait at most: "
            "'11y' is not a duration; write it as 30s, 15m, 24h, 7d or 1d12h.",
        ),
        (TEST, {"variants": TEST["variants"][:1]}, "This split needs two variants."),
        (
            TEST,
            {"variants": [TEST["variants"][0]] * 2},
            "Two variants have the same name; give each its own.",
        ),
        (
            TEST,
            {"variants": [TEST["variants"][0], {"name": "", "weight": 1}]},
            "Variant 2 needs a name.",
        ),
        (
            TEST,
            {"variants": [TEST["variants"][0], {"name": "later", "weight": 0}]},
            "Variant 2 needs a share that is more than 0 and at most 1,000,000.",
        ),
        (ASK, {"cases": []}, "This branch needs a case."),
        (
            ASK,
            {"cases": [{"if": {"trait": "country", "op": "in", "value": "DE"}}]},
            "Case 1 is not complete: `in` needs a list, for example [DE, AT].",
        ),
        (
            ASK,
            {"cases": [{"if": {"all": [{"not": {"clicked": "gone"}}]}}]},
            "Case 1 asks about the e-mail of 'gone', but no step that sends is called so.",
        ),
        (NOTE, {"set": {}}, "Say which trait to set, and to what."),
        (CALL, {"url": "x.example"}, "Give the address to call; it begins with https://."),
        (CALL, {"url": "https://"}, "Give the address to call; it begins with https://."),
        (MAIL, {"next": "gone"}, "The way on leads to 'gone', which is no step."),
        (WAIT, {"then": "gone"}, "The way “clicked” leads to 'gone', which is no step."),
        (MAIL, {"id": "x" * 101}, "A step's name has 1 to 100 characters."),
    ],
)
def test_each_fault_of_a_step_is_one_sentence_for_people(
    step: Document, change: Document, sentence: str
) -> None:
    wrong = {**step, **change}

    assert problems_by_step(draft_of(wrong)) == {wrong["id"]: [sentence]}


def test_all_faults_are_found_at_once_each_at_its_step() -> None:
    draft = draft_of(
        {**MAIL, "template": "", "next": "test"},
        {
            **TEST,
            "variants": [
                {"name": "a", "weight": 0, "next": "gone"},
                {"name": "", "weight": 1, "next": ""},
            ],
        },
        {**PAUSE, "for": ""},
        name="",
        goal={"event": {"event": []}, "within": "7d"},
    )

    problems = problems_by_step(draft)

    assert list(problems) == ["", "mail", "test", "pause"]
    assert [len(sentences) for sentences in problems.values()] == [2, 1, 3, 2]
    assert problems["pause"][1] == "Nobody gets here; lead a way to this step, or delete it."


def test_the_campaigns_own_faults_name_their_part() -> None:
    draft = draft_of(MAIL, goal={"event": {"event": ["buy"]}, "within": "0d"}, reentry_per="key")

    assert problems_by_step(draft) == {
        "": ["The goal: '0d' lasts no time; give at least 1s."],
    }
    assert problems_by_step({**draft, "goal": None})[""] == [
        "`reentry_per: key` needs a `key` on the trigger."
    ]


def test_a_circle_is_shown_at_each_of_its_steps() -> None:
    draft = draft_of(
        {**WAIT, "then": "mail", "otherwise": "pause"}, {**MAIL, "next": "pause"}, PAUSE
    )
    draft["steps"][2] = {**PAUSE, "next": "mail"}

    problems = problems_by_step(draft)

    sentence = "The flow goes in a circle (mail, pause); people always move forward."
    assert problems == {"mail": [sentence], "pause": [sentence]}


def test_an_email_that_does_not_exist_is_named_with_the_nearest() -> None:
    draft = draft_of({**MAIL, "template": "cart_recvery"})

    assert problems_by_step(draft, {"cart_recovery", "welcome"}) == {
        "mail": ["There is no e-mail called 'cart_recvery'; did you mean 'cart_recovery'?"]
    }
    assert problems_by_step(draft, set()) == {
        "mail": ["There is no e-mail called 'cart_recvery'; choose one that there is."]
    }
    assert problems_by_step(draft) == {}


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_step_is_complete_but_for_what_nobody_can_guess(kind: str) -> None:
    draft = draft_of(MAIL)

    problems = problems_by_step(
        draft_of({**MAIL, "next": kind}, {**new_step(draft, kind), "id": kind})
    )

    assert list(problems) == ([kind] if kind in ("send", "webhook") else [])


def test_two_steps_of_one_name_are_told_apart() -> None:
    draft = draft_of({**MAIL, "next": "pause"}, PAUSE, PAUSE)

    assert problems_by_step(draft) == {
        "pause": ["Two steps are called 'pause'; give each its own name."]
    }
