"""Messages per person, crowded weeks, collisions: by hand and against a plain reading."""

from datetime import timedelta
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.outcomes import MessageOutcome
from core.rehearsal.outcome import Outcome
from core.rehearsal.reports.funnel import funnels
from core.rehearsal.reports.pressure import Pressure, pressure
from core.rehearsal.reports.withheld import withheld
from tests.rehearsal.outcomes import DAY, HOUR, TRACKING, WORLD, Told, campaign_of, outcomes
from tests.rehearsal.worlds import brief

A, B, C = (
    campaign_of({"id": "mail", "kind": "send", "template": "t"}, name=name) for name in "ABC"
)


def mailed(*mails: tuple[int, int, int]) -> Outcome:
    """Send mails to users: (user, campaign's place, time)."""
    told = Told(A, B, C)
    for user, place, at in mails:
        told.enrol(user, at, place=place).is_sent("mail", at).completes(at)
    return told.outcome()


def collisions(found: Pressure) -> list[tuple[str, str, int]]:
    return [(c.first, c.second, c.people_count) for c in found.collisions]


def test_people_are_counted_by_how_many_mails_they_got() -> None:
    told = Told(A, B)
    told.enrol(1).is_sent("mail", 0).completes(0)
    told.enrol(2).is_sent("mail", 0).completes(0)
    told.enrol(2, DAY, place=1).is_sent("mail", DAY).completes(DAY)
    told.enrol(3).is_withheld("mail", 0, MessageOutcome.NO_ADDRESS).completes(0)

    found = pressure(told.outcome())

    assert found.people_by_sent_count == {0: 1, 1: 1, 2: 1}
    assert (found.enrolled_people_count, found.most_sent_count) == (3, 2)


def test_a_run_without_enrolments_presses_nobody() -> None:
    found = pressure(Told(A).outcome())

    assert (found.people_by_sent_count, found.most_sent_count) == ({}, 0)
    assert (found.crowded.people_count, found.collisions) == (0, [])


@pytest.mark.parametrize(("last", "people"), [(7 * DAY - 1, 1), (7 * DAY, 0)])
def test_a_week_is_open_at_its_start_as_a_frequency_cap_counts(last: int, people: int) -> None:
    found = pressure(mailed((1, 0, 0), (1, 0, DAY), (1, 0, last)))

    assert found.crowded.people_count == people


def test_crowded_weeks_name_the_campaigns_that_fill_them() -> None:
    found = pressure(
        mailed((1, 0, 0), (1, 1, DAY), (1, 1, 2 * DAY), (1, 2, 20 * DAY), (2, 2, 0), (2, 2, DAY))
    )

    told = [(c.campaign, c.people_count, c.message_count) for c in found.crowded.by_campaign]
    assert told == [("A", 1, 1), ("B", 1, 2), ("C", 0, 0)]


def test_mails_of_different_people_are_no_crowd() -> None:
    assert pressure(mailed((1, 0, 0), (2, 0, 1), (3, 0, 2))).crowded.people_count == 0


@pytest.mark.parametrize(("later", "people"), [(DAY - 1, 1), (DAY, 0)])
def test_two_campaigns_collide_less_than_a_day_apart(later: int, people: int) -> None:
    assert pressure(mailed((1, 0, 0), (1, 1, later))).collision_people_count == people


def test_a_campaign_does_not_collide_with_itself() -> None:
    assert pressure(mailed((1, 0, 0), (1, 0, HOUR))).collisions == []


def test_collisions_reach_over_mails_between() -> None:
    found = pressure(mailed((1, 0, 0), (1, 0, HOUR), (1, 1, 2 * HOUR), (1, 2, 23 * HOUR)))

    assert collisions(found) == [("A", "B", 1), ("A", "C", 1), ("B", "C", 1)]


def test_mails_a_day_apart_do_not_collide_over_one_between() -> None:
    found = pressure(mailed((1, 0, 0), (1, 2, 12 * HOUR), (1, 1, DAY)))

    assert collisions(found) == [("A", "C", 1), ("B", "C", 1)]


def test_collisions_stand_with_most_people_first_and_count_each_person_once() -> None:
    found = pressure(
        mailed(
            *((1, 0, 0), (1, 1, HOUR), (1, 0, 2 * HOUR)),
            *((2, 2, 0), (2, 1, HOUR)),
            *((3, 1, 0), (3, 2, 0)),
        )
    )

    assert collisions(found) == [("B", "C", 2), ("A", "B", 1)]
    assert found.collision_people_count == 3


@brief
@given(outcomes(users=2), st.integers(1, 4), st.integers(1, 200))
def test_pressure_is_what_a_plain_reading_counts(outcome: Outcome, most: int, hours: int) -> None:
    length = timedelta(hours=hours)
    found = pressure(outcome, most=most, within=length, apart=length)

    by_user: dict[int, list[tuple[int, str]]] = {}
    messages, enrolments = outcome.messages, outcome.enrolments
    for n in range(len(messages)):
        if messages.outcome[n] == MessageOutcome.SENT:
            enrolment = messages.enrolment[n]
            name = outcome.campaigns[enrolments.campaign[enrolment]].name
            sent = by_user.setdefault(int(enrolments.user[enrolment]), [])
            sent.append((int(messages.due_at[n]), name))
    crowded, pairs = set(), set()
    for user, sent in by_user.items():
        for at, _ in sent:
            if sum(at - hours * HOUR < other <= at for other, _ in sent) >= most:
                crowded.add(user)
        for (at, one), (other_at, other) in combinations(sent, 2):
            if one != other and abs(at - other_at) < hours * HOUR:
                pairs.add((user, frozenset((one, other))))
    assert found.crowded.people_count == len(crowded)
    assert sum(c.people_count for c in found.collisions) == len(pairs)
    assert found.collision_people_count == len({user for user, _ in pairs})


@brief
@given(outcomes())
def test_withheld_messages_are_those_of_the_funnel(outcome: Outcome) -> None:
    for found, funnel in zip(withheld(outcome), funnels(outcome), strict=True):
        for step in found.steps:
            counted = funnel.step(step.step_id)
            assert step.count_by_reason == counted.withheld_count_by_reason
            assert step.sent_count == counted.sent_count
        assert found.withheld_count == sum(step.withheld_count for step in funnel.steps)


def test_a_person_counts_once_per_reason_and_campaign() -> None:
    told = Told(WORLD, TRACKING)
    for user, step in ((1, "first"), (1, "second"), (2, "second")):
        told.enrol(user).is_withheld(step, HOUR, MessageOutcome.FREQUENCY_CAP)
    told.enrol(1).is_withheld("first", HOUR, MessageOutcome.UNSUBSCRIBED)

    found = withheld(told.outcome())[0]

    assert found.count_by_reason == {"unsubscribed": 1, "frequency_cap": 3}
    assert found.people_by_reason == {"unsubscribed": 1, "frequency_cap": 2}
    assert [step.people_by_reason for step in found.steps] == [
        {"unsubscribed": 1, "frequency_cap": 1},
        {"frequency_cap": 2},
    ]


def test_campaigns_without_steps_withhold_nothing() -> None:
    told = Told(campaign_of())
    told.enrol(1).completes(0)

    assert withheld(told.outcome())[0].count_by_reason == {}
