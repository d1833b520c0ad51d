"""Natural conversion, worked out by hand (SEMANTICS 7.1, 7.3)."""

from datetime import timedelta

import pytest
from hypothesis import given

from core.domain.outcomes import MessageOutcome
from core.rehearsal.outcome import Outcome
from core.rehearsal.reports.conversions import BeforeSend, before_sends, goals_after_entry
from core.rehearsal.reports.funnel import funnels
from tests.rehearsal.outcomes import DAY, HOUR, WORLD, Told, campaign_of, goal, outcomes
from tests.rehearsal.worlds import brief

MAILS = campaign_of(
    {"id": "pause", "kind": "delay", "for": "24h"},
    {"id": "one", "kind": "send", "template": "first"},
    {"id": "rest", "kind": "delay", "for": "48h"},
    {"id": "two", "kind": "send", "template": "second"},
    goal=goal(),
)
TRACKED = MAILS.model_copy(update={"exit_on_goal": False})


def sends_of(told: Told) -> list[BeforeSend]:
    return list(before_sends(told.outcome())[0].sends)


def to_first(told: Told, user: int, at: int = 0):
    way = told.enrol(user, at).waits("pause", at, at + DAY).goes_on("pause", at + DAY)
    return way.is_sent("one", at + DAY).waits("rest", at + DAY, at + 3 * DAY)


def test_who_bought_before_the_mail_is_one_of_those_it_came_up_for() -> None:
    told = Told(MAILS)
    for user in range(3):
        to_first(told, user).goes_on("rest", 3 * DAY).is_sent("two", 3 * DAY).completes(3 * DAY)
    told.enrol(3).waits("pause", 0, DAY).reaches_goal("pause", HOUR)
    to_first(told, 4).reaches_goal("rest", 2 * DAY)

    one, two = sends_of(told)

    assert (one.step_id, one.template, two.step_id) == ("one", "first", "two")
    assert (one.goal_count, one.enrolment_count, one.censored_count) == (1, 5, 0)
    assert (two.goal_count, two.enrolment_count, two.censored_count) == (2, 5, 0)
    assert (one.median_wait, two.median_wait) == (timedelta(days=1), timedelta(days=3))


def test_a_goal_that_ends_nothing_counts_at_the_mails_it_precedes() -> None:
    told = Told(TRACKED)
    way = to_first(told, 1)
    way.reaches_goal("rest", 3 * DAY).goes_on("rest", 3 * DAY)
    way.is_sent("two", 3 * DAY).completes(3 * DAY)

    one, two = sends_of(told)

    assert (one.goal_count, one.enrolment_count) == (0, 1)
    assert (two.goal_count, two.enrolment_count) == (1, 1)


def test_a_mail_on_another_way_did_not_come_up() -> None:
    told = Told(WORLD)
    way = told.enrol(1).is_assigned("halves", 0, "now").is_sent("first", 0)
    way.waits("reply", 0, 2 * DAY).is_matched("reply", HOUR).exits("done", HOUR)

    first, second = sends_of(told)

    assert (first.enrolment_count, second.enrolment_count) == (1, 0)
    assert second.median_wait is None


def test_a_mail_waiting_for_the_end_of_quiet_hours_is_overtaken_by_the_goal() -> None:
    told = Told(WORLD)
    way = told.enrol(1).is_assigned("halves", 0, "now").is_deferred("first", 0, 8 * HOUR)
    way.reaches_goal("first", HOUR)

    first, second = sends_of(told)

    assert (first.goal_count, first.enrolment_count) == (1, 1)
    assert (second.goal_count, second.enrolment_count) == (1, 1)


def test_who_entered_too_late_for_the_mail_to_leave_is_in_no_rate() -> None:
    """Of the last to enter, only those who bought at once are known: they alone say too much."""
    told = Told(MAILS, watermark=10 * DAY)
    told.enrol(1, 9 * DAY + HOUR).waits("pause", 9 * DAY + HOUR, 10 * DAY + HOUR)
    told.enrol(2, 9 * DAY + HOUR).waits("pause", 0, DAY).reaches_goal("pause", 9 * DAY + 2 * HOUR)
    to_first(told, 3, 9 * DAY)

    one, two = sends_of(told)

    assert (one.goal_count, one.enrolment_count, one.censored_count) == (0, 1, 2)
    assert (two.goal_count, two.enrolment_count, two.censored_count) == (0, 0, 3)


def test_a_campaign_without_a_goal_has_no_conversion() -> None:
    told = Told(campaign_of({"id": "mail", "kind": "send", "template": "t"}))
    told.enrol(1).is_sent("mail", 0).completes(0)

    found = before_sends(told.outcome())[0]

    assert (found.has_goal, found.sends) == (False, [])
    assert goals_after_entry(told.outcome())[0].within is None


@brief
@given(outcomes())
def test_every_enrolment_that_came_to_a_mail_is_counted_or_censored(outcome: Outcome) -> None:
    for found, funnel in zip(before_sends(outcome), funnels(outcome), strict=True):
        for send in found.sends:
            assert send.goal_count <= send.enrolment_count
            arrived = funnel.step(send.step_id).arrived_count
            assert arrived <= send.enrolment_count + send.censored_count <= funnel.enrolment_count


def test_people_count_once_by_their_first_enrolment() -> None:
    told = Told(MAILS, watermark=20 * DAY)
    told.enrol(1).completes(DAY)
    told.enrol(1, 2 * DAY).waits("pause", 2 * DAY, 3 * DAY).reaches_goal("pause", 2 * DAY + 1)
    told.enrol(2).waits("pause", 0, DAY).reaches_goal("pause", HOUR)

    found = goals_after_entry(told.outcome())[0].not_held_out

    assert (found.goal_count, found.people_count) == (1, 2)


@pytest.mark.parametrize(
    ("entered_at", "decided", "censored", "early"), [(3 * DAY, 1, 0, 0), (3 * DAY + 1, 0, 1, 1)]
)
def test_a_goal_whose_time_ends_after_the_history_is_censored_even_if_reached(
    entered_at: int, decided: int, censored: int, early: int
) -> None:
    told = Told(MAILS, watermark=10 * DAY)
    way = told.enrol(1, entered_at).waits("pause", entered_at, entered_at + DAY)
    way.reaches_goal("pause", entered_at + HOUR)

    found = goals_after_entry(told.outcome())[0].not_held_out

    assert (found.people_count, found.goal_count) == (decided, decided)
    assert (found.censored_count, found.early_goal_count) == (censored, early)


def test_the_holdout_is_counted_apart() -> None:
    told = Told(MAILS, watermark=20 * DAY)
    held = told.enrol(1, out=True).waits("pause", 0, DAY).goes_on("pause", DAY)
    held.is_withheld("one", DAY, MessageOutcome.HOLDOUT).with_goal(2 * DAY)
    told.enrol(2).waits("pause", 0, DAY)

    found = goals_after_entry(told.outcome())[0]

    assert found.within == timedelta(days=7)
    assert (found.held_out.goal_count, found.held_out.people_count) == (1, 1)
    assert (found.not_held_out.goal_count, found.not_held_out.people_count) == (0, 1)
