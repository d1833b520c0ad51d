"""Two versions differ in words exactly where they differ in meaning."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from core.domain.campaigns import Campaign
from core.domain.errors import UnusableInput
from core.services import flow_drafts as edits
from core.services.campaign_files import read_campaign
from core.services.flow_forms import campaign_of, opened
from core.services.version_diff import Change, ChangeKind, differences
from tests.services.flow_cases import campaigns, edit_of
from tests.services.shops import campaign
from tests.services.test_campaign_files import CART, cart_with

MAIL: dict[str, Any] = {"id": "mail", "kind": "send", "template": "cart"}
PAUSE: dict[str, Any] = {"id": "pause", "kind": "delay", "for": "4h"}
BEFORE = read_campaign(CART, "cart.yaml")


def changes(before: Campaign, after: Campaign) -> list[tuple[str, str, str, str]]:
    return [(c.step_id, c.what, c.before, c.after) for c in differences(before, after)]


def edited(old: str, new: str) -> Campaign:
    return read_campaign(cart_with(old, new), "cart.yaml")


@settings(max_examples=60, deadline=None)
@given(flow=campaigns())
def test_a_campaign_does_not_differ_from_itself_however_it_is_written(flow: Campaign) -> None:
    assert differences(flow, flow) == []
    assert differences(flow, campaign_of(opened(flow))) == []


@settings(max_examples=60, deadline=None)
@given(flow=campaigns(), data=st.data())
def test_an_edit_is_seen_exactly_if_it_changed_something(flow: Campaign, data: DataObject) -> None:
    draft = opened(flow)
    try:
        other = data.draw(edit_of(draft))(draft)
        after = campaign_of(other)
    except UnusableInput:
        return

    there, back = differences(flow, after), differences(after, flow)

    same = [by_name(d["steps"]) for d in (draft, other)]
    is_same = same[0] == same[1] and draft["steps"][:1] == other["steps"][:1]
    assert (there == []) == is_same
    assert sorted(_turned(change) for change in back) == sorted(_flat(change) for change in there)
    assert all(change.before != change.after for change in there)


def by_name(steps: list[dict[str, Any]]) -> dict[str, Any]:
    return {step["id"]: step for step in steps}


def _flat(change: Change) -> tuple[str, str]:
    return change.before, change.after


def _turned(change: Change) -> tuple[str, str]:
    return change.after, change.before


FORMERLY = (
    "When someone does cart_add where price is at least 20 and does not do purchase within 24 hours"
)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "within: 24h\n",
            "within: 48h\n",
            [("", "Trigger", FORMERLY, FORMERLY.replace("24", "48"))],
        ),
        (
            "value: 20",
            'value: "20"',
            # In words they are the same; the file tells the number from the text.
            [("", "Trigger", '"value": 20', '"value": "20"')],
        ),
        (
            "reentry: {cooldown: 7d}",
            "reentry: once",
            [
                (
                    "",
                    "How often people may enter",
                    "Once per person in 7 days",
                    "Once per person, ever",
                )
            ],
        ),
        (
            "{segment: Repeat buyers}",
            "{not: {segment: Repeat buyers}}",
            [
                (
                    "",
                    "Audience",
                    "country is one of DE, AT and is in Repeat buyers",
                    "country is one of DE, AT and not (is in Repeat buyers)",
                )
            ],
        ),
        ("holdout: 0.1", "holdout: 0.15", [("", "Holdout", "10 %", "15 %")]),
        (
            "holdout: 0.1",
            "holdout: 0.1\nholdout_salt: spring",
            [("", "Who is held out, drawn by", "holdout:Cart recovery", "spring")],
        ),
        (
            "goal: {event: {event: purchase}, within: 7d}",
            "exit_on_goal: false",
            [
                ("", "Goal", "purchase within 7 days", "none"),
                ("", "Leave at the goal", "yes", "no"),
            ],
        ),
        ('"21:00"', '"22:00"', [("", "Quiet hours", "21:00 to 08:00", "22:00 to 08:00")]),
        (
            "{max: 3, per: 7d}",
            "{max: 4, per: 7d}",
            [("", "Most messages per person", "3 in 7 days", "4 in 7 days")],
        ),
        ("for: 4h", "for: 1d6h", [("pause", "How long", "4 hours", "1 day 6 hours")]),
        ("for: 4h", 'until: "09:00"', [("pause", "How long", "4 hours", "until 09:00")]),
        ("timeout: 24h", "timeout: 48h", [("wait", "At most", "24 hours", "48 hours")]),
        (
            "{event: email_clicked}, timeout",
            "{event: email_opened}, since: entry, timeout",
            [
                ("wait", "Event", "email_clicked", "email_opened"),
                ("wait", "Counts from", "arrival at the step", "entry"),
            ],
        ),
        (
            "{name: now, weight: 1,",
            "{name: now, weight: 3,",
            [("test", "Variants", "now 50 %, later 50 %", "now 75 %, later 25 %")],
        ),
        (
            "salt: cart-timing, ",
            "",
            [("test", "Who gets which variant, drawn by", "cart-timing", "Cart recovery:test")],
        ),
        (
            "template: cart_discount, next",
            "template: cart_discount, subject: Last call, next",
            [("escalate", "Subject", "the e-mail's own", "Last call")],
        ),
        (
            "next: mail_later}\n",
            "next: escalate}\n",
            [
                ("pause", "Leads on to", "mail_later", "escalate"),
                ("mail_later", "Step removed", "Send “Cart recovery”", ""),
            ],
        ),
        (
            "then: done,",
            "then: escalate,",
            [("wait", "Way “clicked” leads to", "done", "escalate")],
        ),
        (
            "{id: pause, kind: delay, for: 4h,",
            "{id: pause, kind: update_profile, set: {late: true},",
            [("pause", "Kind", "Wait 4 hours", "Set late to true")],
        ),
    ],
)
def test_a_change_of_the_file_is_said_in_words(
    old: str, new: str, expected: list[tuple[str, str, str, str]]
) -> None:
    text = cart_with(old, new)
    if "next: escalate}\n  - {id: mail_later" in text:
        text = text.replace(MAIL_LATER, "")
    after = read_campaign(text, "cart.yaml")

    found = changes(BEFORE, after)

    assert [(step_id, what) for step_id, what, _, _ in found] == [e[:2] for e in expected]
    for (*_, was, now_is), (*_, expected_was, expected_now) in zip(found, expected, strict=True):
        assert expected_was in was
        assert expected_now in now_is


MAIL_LATER = "  - {id: mail_later, kind: send, template: cart_recovery, next: wait}\n"


def test_another_name_draws_people_anew_where_no_salt_is_written() -> None:
    found = changes(BEFORE, edited("name: Cart recovery", "name: Carts"))

    assert found == [
        ("", "Name", "Cart recovery", "Carts"),
        ("", "Who is held out, drawn by", "holdout:Cart recovery", "holdout:Carts"),
    ]


def test_an_inserted_step_is_new_and_stands_on_its_way() -> None:
    before = campaign(steps=[MAIL, {**MAIL, "id": "late"}])
    draft = opened(before)
    wait = {"id": "wait", "kind": "delay", "for": "24h"}

    after = campaign_of(edits.insert(draft, wait, after="mail", way="next"))

    assert differences(before, after) == [
        _change(ChangeKind.CHANGED, "mail", "Leads on to", "late", "wait"),
        _change(ChangeKind.ADDED, "wait", "New step", "", "Wait 24 hours"),
    ]
    assert differences(after, before) == [
        _change(ChangeKind.CHANGED, "mail", "Leads on to", "wait", "late"),
        _change(ChangeKind.REMOVED, "wait", "Step removed", "Wait 24 hours", ""),
    ]


def _change(kind: ChangeKind, step_id: str, what: str, before: str, after: str) -> Change:
    return Change(kind=kind, step_id=step_id, what=what, before=before, after=after)


def test_a_renamed_step_is_the_same_step_with_another_name() -> None:
    ask = {"id": "ask", "kind": "branch", "cases": [{"if": {"clicked": "mail"}}]}
    before = campaign(steps=[MAIL, ask, PAUSE])

    after = campaign_of(edits.rename(opened(before), "mail", "reminder"))

    assert differences(before, after) == [
        _change(ChangeKind.RENAMED, "reminder", "Name", "mail", "reminder")
    ]


def test_a_split_that_is_renamed_in_the_file_draws_people_anew() -> None:
    variants = [{"name": "now", "weight": 1}, {"name": "later", "weight": 1}]
    split = {"id": "test", "kind": "split", "variants": variants}

    found = changes(
        campaign(steps=[split, MAIL]), campaign(steps=[{**split, "id": "timing"}, MAIL])
    )

    assert found == [
        ("timing", "Name", "test", "timing"),
        (
            "timing",
            "Who gets which variant, drawn by",
            "Cart abandonment:test",
            "Cart abandonment:timing",
        ),
    ]


def test_the_same_content_elsewhere_is_another_step() -> None:
    before = campaign(steps=[PAUSE, MAIL, {**MAIL, "id": "late"}])
    after = campaign(steps=[MAIL, {**MAIL, "id": "late"}, {**PAUSE, "id": "rest"}])

    assert [(c.kind, c.step_id) for c in differences(before, after)] == [
        (ChangeKind.CHANGED, ""),
        (ChangeKind.CHANGED, "late"),
        (ChangeKind.ADDED, "rest"),
        (ChangeKind.REMOVED, "pause"),
    ]


def test_ways_of_a_branch_belong_to_their_cases_wherever_those_stand() -> None:
    german, vip = {"trait": "country", "op": "eq", "value": "DE"}, {"segment": "VIP"}
    ends = [{"id": "a", "kind": "exit"}, {"id": "b", "kind": "exit"}, {"id": "c", "kind": "exit"}]
    ask = {"id": "ask", "kind": "branch", "otherwise": "c"}
    cases = [{"if": german, "next": "a"}, {"if": vip, "next": "b"}]
    before = campaign(steps=[{**ask, "cases": cases}, *ends])
    turned = campaign(steps=[{**ask, "cases": cases[::-1]}, *ends])
    without = campaign(steps=[{**ask, "cases": cases[:1]}, ends[0], ends[2]])

    assert changes(before, turned) == [
        ("ask", "Cases", "1. country is DE; 2. is in VIP", "1. is in VIP; 2. country is DE")
    ]
    assert changes(before, without) == [
        ("ask", "Cases", "1. country is DE; 2. is in VIP", "country is DE"),
        ("ask", "Way “if they are in VIP” leads to", "b", ""),
        ("b", "Step removed", "End", ""),
    ]


def test_another_first_step_is_said() -> None:
    before = campaign(steps=[PAUSE, MAIL])
    after = campaign_of(edits.delete(opened(before), "pause"))

    assert changes(before, after) == [
        ("", "First step", "pause", "mail"),
        ("pause", "Step removed", "Wait 4 hours", ""),
    ]
    assert changes(campaign(steps=[]), after)[0] == ("", "First step", "the end", "mail")
