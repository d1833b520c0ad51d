"""Branches on reactions nobody could have, as a range (SEMANTICS 7.2)."""

from typing import Any

import pytest

from core.domain.errors import UnusableInput
from core.domain.outcomes import Reactions
from core.rehearsal.reports.ranges import depends_on_reactions, ranges
from tests.rehearsal.outcomes import DAY, HOUR, Told, campaign_of

MAIL = {"id": "mail", "kind": "send", "template": "t"}
SECOND = {"id": "second", "kind": "send", "template": "u"}
THIRD = {"id": "third", "kind": "send", "template": "v"}


def wait_for(*events: str, then: str = "second") -> dict[str, Any]:
    matcher = {"event": list(events)}
    return {"id": "wait", "kind": "wait_for", "event": matcher, "timeout": "24h", "then": then}


def branch(*conditions: dict[str, Any], step_id: str = "ask") -> dict[str, Any]:
    cases = [{"if": condition, "next": "second"} for condition in conditions]
    return {"id": step_id, "kind": "branch", "cases": cases, "otherwise": "third"}


@pytest.mark.parametrize(
    ("step", "depends"),
    [
        (wait_for("email_clicked"), True),
        (wait_for("email_clicked", "email_opened"), True),
        (wait_for("email_clicked", "purchase"), False),
        (wait_for("purchase"), False),
        (branch({"opened": "mail"}), True),
        (branch({"not": {"any": [{"clicked": "mail"}]}}), True),
        (branch({"did": {"event": "email_clicked"}}), False),
        (branch({"trait": "vip", "op": "exists"}), False),
    ],
)
def test_a_flow_depends_on_reactions_if_a_step_asks_for_them(
    step: dict[str, Any], depends: bool
) -> None:
    assert depends_on_reactions(campaign_of(MAIL, step, SECOND, THIRD)) is depends


def test_a_range_reaches_from_recorded_reactions_to_everybodys() -> None:
    campaign = campaign_of(MAIL, branch({"opened": "mail"}), SECOND, THIRD)
    observed, everybody = Told(campaign), Told(campaign, reactions=Reactions.EVERYBODY)
    for user in (1, 2, 3):
        way = observed.enrol(user).is_sent("mail", 0).takes("ask", 0, "otherwise")
        way.is_sent("third", 0).completes(0)
        way = everybody.enrol(user).is_sent("mail", 0).takes("ask", 0, "cases[0]")
        way.is_sent("second", 0).is_sent("third", 0).completes(0)

    found = ranges(observed.outcome(), everybody.outcome())[0]

    sent = {step.step_id: (step.sent.low, step.sent.high) for step in found.steps}
    assert found.depends
    assert sent == {"mail": (3, 3), "ask": (0, 0), "second": (0, 3), "third": (3, 3)}
    assert found.steps[0].arrived.is_one
    assert all(step.is_whole for step in found.steps)


def test_a_range_stands_the_right_way_round_where_reactions_lead_away() -> None:
    campaign = campaign_of(MAIL, wait_for("email_clicked", then="third"), SECOND, THIRD)
    observed, everybody = Told(campaign), Told(campaign)
    way = observed.enrol(1).is_sent("mail", 0).waits("wait", 0, DAY).times_out("wait", DAY)
    way.is_sent("second", DAY).is_sent("third", DAY).completes(DAY)
    way = everybody.enrol(1).is_sent("mail", 0).is_matched("wait", 0)
    way.is_sent("third", HOUR).completes(HOUR)

    second = ranges(observed.outcome(), everybody.outcome())[0].steps[2]

    assert (second.arrived.observed, second.arrived.everybody) == (1, 0)
    assert (second.arrived.low, second.arrived.high) == (0, 1)


def test_behind_two_questions_the_range_may_not_be_whole() -> None:
    """Who opens the first mail and not the second goes where neither run sends anybody."""
    campaign = campaign_of(
        MAIL,
        wait_for("email_opened"),
        {"id": "gone", "kind": "exit"},
        SECOND,
        {
            "id": "again",
            "kind": "branch",
            "cases": [{"if": {"opened": "second"}, "next": "end"}],
            "otherwise": "third",
        },
        THIRD,
        {"id": "end", "kind": "exit"},
    )
    told = Told(campaign)

    found = ranges(told.outcome(), told.outcome())[0]

    assert [step.step_id for step in found.steps if not step.is_whole] == ["third", "end"]


def test_one_step_that_asks_for_two_reactions_asks_two_questions() -> None:
    campaign = campaign_of(MAIL, branch({"clicked": "mail"}, {"opened": "mail"}), SECOND, THIRD)
    told = Told(campaign)

    found = ranges(told.outcome(), told.outcome())[0]

    assert [step.is_whole for step in found.steps] == [True, True, False, False]


def test_runs_of_different_campaigns_make_no_range() -> None:
    one, other = Told(campaign_of(MAIL)), Told(campaign_of(MAIL, SECOND))

    with pytest.raises(UnusableInput, match="same ones"):
        ranges(one.outcome(), other.outcome())
