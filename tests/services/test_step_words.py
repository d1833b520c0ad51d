"""Every step has a title and labels for its ways, in a marketer's words."""

from typing import Any

import pytest
from hypothesis import given, settings
from pydantic import TypeAdapter

from core.domain.campaigns import Campaign
from core.domain.conditions import Condition
from core.domain.steps import Step, Weekday
from core.domain.triggers import Trigger
from core.services import phrases, step_words
from core.services.flow_forms import opened
from core.services.flow_ways import ways
from core.services.new_steps import KINDS, new_step
from tests.services.flow_cases import campaigns

CLICK = {"event": ["email_clicked"]}
ORDER = {"event": "buy", "where": [{"property": "cart", "op": "eq", "value": "$key"}]}
GERMAN = {"trait": "country", "op": "eq", "value": "DE"}


def step_of(**content: Any) -> Step:
    step: Step = TypeAdapter(Step).validate_python({"id": "it", **content})
    return step


def split(*weights: float) -> dict[str, Any]:
    names = ["now", "later", "never"]
    variants = [{"name": n, "weight": w} for n, w in zip(names, weights, strict=False)]
    return {"kind": "split", "variants": variants}


@pytest.mark.parametrize(
    ("content", "title", "detail"),
    [
        ({"kind": "delay", "for": "4h"}, "Wait 4 hours", ""),
        ({"kind": "delay", "for": "1d2h3m"}, "Wait 1 day 2 hours 3 minutes", ""),
        ({"kind": "delay", "until": "09:00"}, "Wait until 09:00", ""),
        (
            {"kind": "delay", "until": "09:00", "on": ["fri", "mon", "tue", "wed", "thu"]},
            "Wait until 09:00, Mon–Fri",
            "",
        ),
        (
            {"kind": "wait_for", "event": CLICK, "timeout": "24h"},
            "Wait for a click, at most 24 hours",
            "",
        ),
        (
            {"kind": "wait_for", "event": ORDER, "timeout": "7d", "since": "entry"},
            "Wait for buy, at most 7 days",
            "buy where cart is the same as at the start; also if it happened since entry",
        ),
        (
            {"kind": "wait_for", "event": {"event": ["a", "b"]}, "timeout": "30m"},
            "Wait for a or b, at most 30 minutes",
            "",
        ),
        ({"kind": "branch", "cases": [{"if": GERMAN}]}, "Branch: country is DE", ""),
        (
            {"kind": "branch", "cases": [{"if": GERMAN}, {"if": {"clicked": "mail"}}]},
            "Branch: 2 cases",
            "1. country is DE; 2. clicked mail",
        ),
        (split(1, 1), "Split: now 50 %, later 50 %", ""),
        (split(1, 2), "Split: now 33.33 %, later 66.67 %", ""),
        (split(999_999, 1), "Split: now over 99.99 %, later under 0.001 %", ""),
        ({"kind": "send", "template": "cart_recovery"}, "Send “Cart recovery”", ""),
        ({"kind": "send", "template": "a", "subject": "Still there?"}, "Send “A”", "Still there?"),
        ({"kind": "update_profile", "set": {"plan": "gold"}}, "Set plan to gold", ""),
        (
            {"kind": "update_profile", "set": {"plan": "gold", "n": 2}},
            "Update the profile",
            "Set plan to gold, n to 2",
        ),
        (
            {"kind": "webhook", "url": "https://crm.example/x"},
            "Call crm.example",
            "https://crm.example/x",
        ),
        ({"kind": "exit"}, "End", ""),
    ],
)
def test_a_step_is_said_in_words(content: dict[str, Any], title: str, detail: str) -> None:
    step = step_of(**content)

    assert (step_words.title(step), step_words.detail(step)) == (title, detail)


@pytest.mark.parametrize(
    ("content", "labels"),
    [
        ({"kind": "delay", "for": "4h"}, {"next": ""}),
        (
            {"kind": "wait_for", "event": CLICK, "timeout": "24h"},
            {"then": "clicked", "otherwise": "otherwise"},
        ),
        (
            {"kind": "wait_for", "event": {"event": ["email_opened"]}, "timeout": "24h"},
            {"then": "opened", "otherwise": "otherwise"},
        ),
        (
            {"kind": "wait_for", "event": ORDER, "timeout": "24h"},
            {"then": "in time", "otherwise": "otherwise"},
        ),
        (
            {
                "kind": "wait_for",
                "event": {"event": ["email_opened", "email_clicked"]},
                "timeout": "24h",
            },
            {"then": "in time", "otherwise": "otherwise"},
        ),
        (split(1, 1), {"variants[0].next": "now", "variants[1].next": "later"}),
        (
            {"kind": "branch", "cases": [{"if": GERMAN}, {"if": {"segment": "VIP"}}]},
            {
                "cases[0].next": "if country is DE",
                "cases[1].next": "if they are in VIP",
                "otherwise": "otherwise",
            },
        ),
        ({"kind": "exit"}, {}),
    ],
)
def test_ways_are_labelled(content: dict[str, Any], labels: dict[str, str]) -> None:
    assert step_words.way_labels(step_of(**content)) == labels


@settings(max_examples=50, deadline=None)
@given(flow=campaigns())
def test_a_step_of_a_draft_is_said_as_the_campaigns_own(flow: Campaign) -> None:
    step_by_id = {step.id: step for step in flow.steps}

    for drafted in opened(flow)["steps"]:
        step = step_by_id[drafted["id"]]
        assert step_words.title(drafted) == step_words.title(step) != ""
        assert step_words.detail(drafted) == step_words.detail(step)
        assert step_words.way_labels(drafted) == step_words.way_labels(step)
        assert list(step_words.way_labels(drafted)) == [place for place, _ in ways(drafted)]


def test_a_step_that_is_not_complete_is_said_by_its_kind() -> None:
    mail = new_step({"steps": []}, "send")
    branch = {"id": "b", "kind": "branch", "cases": [{"if": {"trait": ""}, "next": ""}]}
    half = {"id": "s", "kind": "split", "variants": [{"name": "", "weight": 1, "next": ""}]}

    assert step_words.title(mail) == "Send an e-mail"
    assert step_words.detail(mail) == "not complete yet"
    assert step_words.way_labels(branch) == {"cases[0].next": "case 1", "otherwise": "otherwise"}
    assert step_words.way_labels(half) == {"variants[0].next": "variant 1"}


def test_every_kind_has_its_words() -> None:
    assert set(KINDS) == set(step_words.KIND_WORDS)


@pytest.mark.parametrize(
    ("days", "said"),
    [
        ("mon", "Mon"),
        ("tue mon", "Mon, Tue"),
        ("mon tue wed sat sun", "Mon–Wed, Sat, Sun"),
        ("sun fri sat", "Fri–Sun"),
        ("mon wed fri", "Mon, Wed, Fri"),
    ],
)
def test_days_in_a_row_are_said_as_a_range(days: str, said: str) -> None:
    assert step_words.weekdays([Weekday(day) for day in days.split()]) == said


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        (GERMAN, "country is DE"),
        ({"trait": "country", "op": "in", "value": ["DE", "AT"]}, "country is one of DE, AT"),
        ({"trait": "phone", "op": "not_exists"}, "phone is not known"),
        ({"trait": "vip", "op": "in", "value": [True, 5.5, "5"]}, "vip is one of true, 5.5, 5"),
        ({"did": ORDER}, "did buy where cart is the same as at the start"),
        ({"all": [GERMAN, {"segment": "VIP"}]}, "country is DE and is in VIP"),
        (
            {"all": [{"any": [GERMAN, {"segment": "VIP"}]}, {"not": {"opened": "mail"}}]},
            "(country is DE or is in VIP) and not (opened mail)",
        ),
        ({"all": [{"any": [{"clicked": "mail"}]}, GERMAN]}, "clicked mail and country is DE"),
        (
            {"any": [{"did": ORDER}, GERMAN]},
            "(did buy where cart is the same as at the start) or country is DE",
        ),
    ],
)
def test_conditions_are_said_in_words(condition: dict[str, Any], said: str) -> None:
    asked: Condition = TypeAdapter(Condition).validate_python(condition)

    assert phrases.condition(asked) == said


def test_a_trigger_is_said_plainly_and_as_markdown() -> None:
    trigger: Trigger = TypeAdapter(Trigger).validate_python(
        {
            "kind": "sum",
            "match": {"event": "buy"},
            "property": "total",
            "at_least": 1000.5,
            "within": "1d2h3m",
            "key": "shop",
        }
    )

    assert phrases.sentence(trigger) == (
        "When total of buy adds up to at least 1,000.5 within 1 day 2 hours 3 minutes, "
        "separately for each shop"
    )
    assert phrases.sentence(trigger, phrases.MARKDOWN) == (
        "When *total* of **buy** adds up to at least **1,000.5** within "
        "**1 day 2 hours 3 minutes**, separately for each *shop*"
    )
