"""The funnel loses nobody: whoever comes to a step leaves it, ends there, or is there still."""

import pytest
from hypothesis import given

from core.domain.campaigns import Campaign
from core.domain.firings import Admission
from core.domain.outcomes import MessageOutcome
from core.rehearsal.outcome import Outcome
from core.rehearsal.reports.funnel import CampaignFunnel, funnels
from core.rehearsal.reports.sankey import NodeKind, sankey
from tests.rehearsal.outcomes import DAY, HOUR, WORLD, Told, campaign_of, goal, outcomes
from tests.rehearsal.worlds import brief

MAIL = campaign_of(
    {"id": "pause", "kind": "delay", "for": "24h"},
    {"id": "mail", "kind": "send", "template": "t"},
    {"id": "bye", "kind": "exit"},
    goal=goal(),
    quiet_hours={"from": "21:00", "to": "08:00"},
)


def small_world() -> CampaignFunnel:
    """Six enrolments of five people: two mails leave, one is withheld, one left, two wait."""
    told = Told(MAIL, watermark=10 * DAY)
    done = told.enrol(1).waits("pause", 0, DAY).goes_on("pause", DAY)
    done.is_deferred("mail", DAY, DAY + HOUR).is_sent("mail", DAY + HOUR).exits("bye", DAY + HOUR)
    again = told.enrol(1, 2 * DAY).waits("pause", 2 * DAY, 3 * DAY).goes_on("pause", 3 * DAY)
    again.is_sent("mail", 3 * DAY).exits("bye", 3 * DAY)
    held = told.enrol(2, out=True).waits("pause", 0, DAY).goes_on("pause", DAY)
    held.is_withheld("mail", DAY, MessageOutcome.HOLDOUT).exits("bye", DAY)
    told.enrol(3).waits("pause", 0, DAY).reaches_goal("pause", HOUR)
    told.enrol(4, 9 * DAY + HOUR).waits("pause", 9 * DAY + HOUR, 10 * DAY + HOUR)
    late = told.enrol(5, 8 * DAY).waits("pause", 8 * DAY, 9 * DAY).goes_on("pause", 9 * DAY)
    late.is_deferred("mail", 9 * DAY, 11 * DAY)
    told.refuse(1, 3 * DAY, Admission.REENTRY)
    told.refuse(6, 3 * DAY, Admission.AUDIENCE)
    return funnels(told.outcome())[0]


def test_a_funnel_counts_who_entered_and_who_was_refused_why() -> None:
    found = small_world()

    assert (found.firing_count, found.enrolment_count, found.people_count) == (8, 6, 5)
    assert found.refused_count_by_reason == {"reentry": 1, "audience": 1, "active": 0}
    assert (found.held_out_count, found.held_out_people_count) == (1, 1)


def test_a_funnel_counts_how_enrolments_ended() -> None:
    found = small_world()

    assert (found.completed_count, found.exited_count) == (0, 3)
    assert (found.left_by_goal_count, found.waiting_count) == (1, 2)


def test_a_step_counts_who_came_went_on_left_and_waits() -> None:
    pause = small_world().step("pause")

    assert pause.arrived_count == 6
    assert pause.passed_count_by_way == {"next": 4}
    assert (pause.left_by_goal_count, pause.waiting_count, pause.exited_count) == (1, 1, 0)


def test_a_send_counts_mails_sent_withheld_deferred_and_still_waiting() -> None:
    mail = small_world().step("mail")

    assert (mail.sent_count, mail.withheld_count_by_reason) == (2, {"holdout": 1})
    assert (mail.deferred_count, mail.waiting_count) == (2, 1)


def test_a_message_deferred_past_the_goal_left_by_the_goal_at_the_send() -> None:
    told = Told(MAIL)
    way = told.enrol(1).waits("pause", 0, DAY).goes_on("pause", DAY)
    way.is_deferred("mail", DAY, 2 * DAY).reaches_goal("mail", DAY + HOUR)

    mail = funnels(told.outcome())[0].step("mail")

    assert (mail.arrived_count, mail.left_by_goal_count, mail.sent_count) == (1, 1, 0)


def test_a_goal_at_the_instant_of_arrival_still_counts_the_arrival() -> None:
    """The mail becomes due at the instant of arrival; a goal at that instant precedes it."""
    told = Told(MAIL)
    told.enrol(1).waits("pause", 0, DAY).goes_on("pause", DAY).reaches_goal("mail", DAY)

    mail = funnels(told.outcome())[0].step("mail")

    assert (mail.arrived_count, mail.left_by_goal_count) == (1, 1)


def test_a_goal_that_does_not_end_the_enrolment_leaves_it_at_its_step() -> None:
    told = Told(MAIL.model_copy(update={"exit_on_goal": False}), watermark=DAY // 2)
    told.enrol(1).waits("pause", 0, DAY).reaches_goal("pause", HOUR)

    pause = funnels(told.outcome())[0].step("pause")

    assert (pause.arrived_count, pause.waiting_count, pause.left_by_goal_count) == (1, 1, 0)


def test_enrolments_of_a_campaign_without_steps_complete() -> None:
    told = Told(campaign_of())
    told.enrol(1, HOUR).completes(HOUR)

    found = funnels(told.outcome())[0]

    assert (found.enrolment_count, found.completed_count, found.steps) == (1, 1, [])


def test_interleaved_enrolments_of_one_person_are_told_apart() -> None:
    told = Told(MAIL.model_copy(update={"concurrent": True}), watermark=3 * DAY)
    for at in (0, HOUR):
        way = told.enrol(1, at).waits("pause", at, at + DAY).goes_on("pause", at + DAY)
        way.is_sent("mail", at + DAY).exits("bye", at + DAY)

    found = funnels(told.outcome())[0]

    assert [step.arrived_count for step in found.steps] == [2, 2, 2]


def test_branches_and_splits_are_counted_by_way() -> None:
    told = Told(WORLD)
    for user, arm in ((1, "now"), (2, "later"), (3, "later")):
        told.enrol(user).is_assigned("halves", 0, arm)
    told.enrol(4).takes("which", 0, "cases[0]")
    told.enrol(5).takes("which", 0, "otherwise")
    told.enrol(6).takes("which", 0, "otherwise")

    found = funnels(told.outcome())[0]

    assert found.step("halves").passed_count_by_way == {
        "variants[0].next": 1,
        "variants[1].next": 2,
    }
    assert found.step("which").passed_count_by_way == {"cases[0].next": 1, "otherwise": 2}


def test_campaigns_of_one_run_are_counted_apart() -> None:
    told = Told(MAIL, campaign_of(*[s.model_dump(by_alias=True) for s in MAIL.steps], name="B"))
    told.enrol(1, place=1).waits("pause", 0, DAY)
    told.enrol(1, place=0).waits("pause", 0, DAY)
    told.enrol(2, place=1).waits("pause", 0, DAY)

    found = funnels(told.outcome())

    assert [f.step("pause").waiting_count for f in found] == [1, 2]
    assert [f.people_count for f in found] == [1, 2]


def test_asking_for_an_unknown_step_says_so() -> None:
    with pytest.raises(KeyError):
        small_world().step("nowhere")


@brief
@given(outcomes())
def test_whoever_comes_to_a_step_leaves_it_or_is_there_still(outcome: Outcome) -> None:
    for found in funnels(outcome):
        for step in found.steps:
            passed = sum(step.passed_count_by_way.values())
            ended = step.left_by_goal_count + step.exited_count + step.waiting_count
            assert step.arrived_count == passed + ended
            if step.kind == "send":
                assert step.sent_count + step.withheld_count == passed


@brief
@given(outcomes())
def test_enrolments_complete_exit_leave_by_the_goal_or_wait(outcome: Outcome) -> None:
    for found in funnels(outcome):
        assert found.exited_count == sum(step.exited_count for step in found.steps)
        assert found.waiting_count == sum(step.waiting_count for step in found.steps)
        ended = found.completed_count + found.exited_count + found.left_by_goal_count
        assert found.enrolment_count == ended + found.waiting_count


@brief
@given(outcomes())
def test_what_flows_into_a_node_of_the_sankey_flows_out_of_it(outcome: Outcome) -> None:
    for campaign, found in zip(outcome.campaigns, funnels(outcome), strict=True):
        drawn = sankey(campaign, found)

        for place, node in enumerate(drawn.nodes):
            into = sum(link.count for link in drawn.links if link.target == place)
            out = sum(link.count for link in drawn.links if link.source == place)
            if node.kind is not NodeKind.ENTERED:
                assert into == node.count
            if node.kind in (NodeKind.ENTERED, NodeKind.STEP):
                assert out == node.count
        ends = [n for n in drawn.nodes if n.kind not in (NodeKind.ENTERED, NodeKind.STEP)]
        assert sum(node.count for node in ends) == found.enrolment_count


def sankey_of(campaign: Campaign) -> list[tuple[str, str, str, int]]:
    told = Told(campaign)
    told.enrol(1).waits("pause", 0, DAY).reaches_goal("pause", HOUR)
    way = told.enrol(2).waits("pause", 0, DAY).goes_on("pause", DAY).is_sent("mail", DAY)
    way.exits("bye", DAY)
    drawn = sankey(campaign, funnels(told.outcome())[0])
    name = [node.step_id or node.kind.value for node in drawn.nodes]
    return [(name[link.source], name[link.target], link.way, link.count) for link in drawn.links]


def test_a_sankey_leads_from_the_entry_over_the_steps_to_what_became_of_people() -> None:
    assert sankey_of(MAIL) == [
        ("entered", "pause", "", 2),
        ("pause", "mail", "next", 1),
        ("pause", "goal", "", 1),
        ("mail", "bye", "next", 1),
        ("bye", "exited", "", 1),
    ]
