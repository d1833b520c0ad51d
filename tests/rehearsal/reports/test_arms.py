"""The arms of a split on replayed history, worked out by hand (SEMANTICS 6.3, 7.2, 7.3)."""

from datetime import timedelta

import pytest
from hypothesis import given

from core.domain.errors import UnusableInput
from core.domain.outcomes import MessageOutcome
from core.rehearsal.outcome import Outcome
from core.rehearsal.reports.arms import ArmCount, recipients, splits
from core.rehearsal.reports.funnel import funnels
from tests.rehearsal.outcomes import DAY, HOUR, Told, Way, campaign_of, goal, outcomes
from tests.rehearsal.worlds import brief

SPLIT = campaign_of(
    {
        "id": "timing",
        "kind": "split",
        "variants": [
            {"name": "now", "weight": 1, "next": "mail"},
            {"name": "later", "weight": 3, "next": "pause"},
        ],
    },
    {"id": "pause", "kind": "delay", "for": "24h"},
    {"id": "mail", "kind": "send", "template": "t"},
    {"id": "rest", "kind": "delay", "for": "48h"},
    goal=goal(),
)
TRACKED = SPLIT.model_copy(update={"exit_on_goal": False})


def now(told: Told, user: int, at: int = 0, **keys: bool) -> Way:
    return told.enrol(user, at, **keys).is_assigned("timing", at, "now")


def later(told: Told, user: int, at: int = 0) -> Way:
    return told.enrol(user, at).is_assigned("timing", at, "later").waits("pause", at, at + DAY)


def arms(told: Told) -> tuple[ArmCount, ...]:
    found = splits(told.outcome())
    assert [split.step_id for split in found] == ["timing"]
    return tuple(found[0].arms)


def test_people_are_exposed_at_the_split_whether_a_mail_follows_or_not() -> None:
    told = Told(SPLIT)
    now(told, 1).is_sent("mail", 0)
    later(told, 2).reaches_goal("pause", HOUR)
    later(told, 3).goes_on("pause", DAY).is_sent("mail", DAY)
    told.enrol(4)

    first, second = arms(told)

    assert (first.name, first.weight, first.exposed_count) == ("now", 1, 1)
    assert (second.name, second.weight, second.exposed_count) == ("later", 3, 2)
    assert (second.sent_count, second.recipient_count) == (1, 1)
    assert (first.median_wait, second.median_wait) == (timedelta(0), timedelta(days=1))


def test_goals_are_observed_after_exposure_and_some_before_the_first_mail() -> None:
    told = Told(SPLIT)
    now(told, 1).is_sent("mail", 0).waits("rest", 0, 2 * DAY).reaches_goal("rest", HOUR)
    later(told, 2).reaches_goal("pause", HOUR)
    later(told, 3).goes_on("pause", DAY).is_sent("mail", DAY).with_goal(2 * DAY)

    first, second = arms(told)

    assert (first.decided_count, first.goal_count, first.before_first_send_count) == (1, 1, 0)
    assert (second.decided_count, second.goal_count, second.before_first_send_count) == (2, 2, 1)


def test_a_goal_that_ends_nothing_can_lie_before_a_mail_that_leaves() -> None:
    told = Told(TRACKED)
    later(told, 1).reaches_goal("pause", HOUR).goes_on("pause", DAY).is_sent("mail", DAY)

    _, second = arms(told)

    assert (second.goal_count, second.before_first_send_count, second.sent_count) == (1, 1, 1)


def test_a_withheld_first_mail_is_the_first_mail_all_the_same() -> None:
    told = Told(SPLIT)
    way = now(told, 1).is_withheld("mail", HOUR, MessageOutcome.UNSUBSCRIBED)
    way.waits("rest", HOUR, 3 * DAY).reaches_goal("rest", 2 * HOUR)

    first, _ = arms(told)

    assert (first.goal_count, first.before_first_send_count, first.sent_count) == (1, 0, 0)


def test_a_mail_right_before_the_split_belongs_to_no_arm() -> None:
    greeted = campaign_of(
        {"id": "greeting", "kind": "send", "template": "t"},
        *[step.model_dump(by_alias=True, exclude_none=True) for step in SPLIT.steps],
        goal=goal(),
    )
    told = Told(greeted)
    told.enrol(1).is_sent("greeting", 0).is_assigned("timing", 0, "now").is_sent("mail", 0)
    way = told.enrol(2).is_sent("greeting", 0).is_assigned("timing", 0, "later")
    way.waits("pause", 0, DAY).reaches_goal("pause", HOUR)

    first, second = arms(told)

    assert (first.sent_count, first.recipient_count, first.median_wait) == (1, 1, timedelta(0))
    assert (second.sent_count, second.recipient_count, second.median_wait) == (0, 0, None)
    assert (second.goal_count, second.before_first_send_count) == (1, 1)


def test_people_whose_time_for_the_goal_is_not_over_are_censored() -> None:
    told = Told(SPLIT, watermark=10 * DAY)
    now(told, 1, 4 * DAY).is_sent("mail", 4 * DAY).with_goal(5 * DAY)
    now(told, 2, 3 * DAY).is_sent("mail", 3 * DAY)

    first, _ = arms(told)

    assert (first.exposed_count, first.decided_count, first.censored_count) == (2, 1, 1)
    assert first.goal_count == 0


def test_a_person_counts_once_with_the_first_exposure_and_all_mails() -> None:
    told = Told(SPLIT)
    now(told, 1).is_sent("mail", 0).completes(0)
    now(told, 1, 9 * DAY).is_sent("mail", 9 * DAY).with_goal(10 * DAY)

    first, _ = arms(told)

    assert (first.exposed_count, first.goal_count) == (1, 0)
    assert (first.sent_count, first.recipient_count) == (2, 1)


def test_the_holdout_is_in_no_arm() -> None:
    told = Told(SPLIT)
    now(told, 1, out=True).is_withheld("mail", 0, MessageOutcome.HOLDOUT).with_goal(HOUR)
    now(told, 2).is_sent("mail", 0)

    first, _ = arms(told)

    assert (first.exposed_count, first.held_out_count, first.goal_count) == (1, 1, 0)


def test_who_had_the_goal_before_the_split_is_in_no_rate() -> None:
    """The first goal event alone is known: what followed the exposure is not."""
    waiting = campaign_of(
        {"id": "before", "kind": "delay", "for": "24h"},
        *[step.model_dump(by_alias=True, exclude_none=True) for step in SPLIT.steps],
        goal=goal(),
        exit_on_goal=False,
    )
    told = Told(waiting)
    way = told.enrol(1).waits("before", 0, DAY).reaches_goal("before", HOUR)
    way.goes_on("before", DAY).is_assigned("timing", DAY, "now").is_sent("mail", DAY)

    first, _ = arms(told)

    assert (first.exposed_count, first.already_goal_count) == (1, 1)
    assert (first.decided_count, first.goal_count, first.censored_count) == (0, 0, 0)


@brief
@given(outcomes())
def test_arms_hold_everybody_who_came_to_the_split(outcome: Outcome) -> None:
    for split in splits(outcome):
        funnel = funnels(outcome)[split.place]
        people = sum(arm.exposed_count + arm.held_out_count for arm in split.arms)
        assert people == funnel.people_count
        sent = sum(step.sent_count for step in funnel.steps)
        assert sum(arm.sent_count for arm in split.arms) == sent
        for arm in split.arms:
            known = arm.decided_count + arm.censored_count + arm.already_goal_count
            assert known == arm.exposed_count
            assert arm.before_first_send_count <= arm.goal_count <= arm.decided_count


def test_recipients_are_those_the_first_mail_found_without_the_goal() -> None:
    told = Told(TRACKED)
    now(told, 1).is_sent("mail", HOUR)
    now(told, 2).is_sent("mail", 2 * HOUR).waits("rest", 2 * HOUR, 3 * DAY).reaches_goal(
        "rest", DAY
    )
    later(told, 3).reaches_goal("pause", HOUR).goes_on("pause", DAY).is_sent("mail", DAY)
    now(told, 4).is_withheld("mail", HOUR, MessageOutcome.NO_ADDRESS)

    first, second = recipients(told.outcome(), 0, "timing")

    assert (first.name, first.sent_count, first.delays.tolist()) == ("now", 2, [HOUR, 2 * HOUR])
    assert (first.decided_count, first.goal_count) == (2, 1)
    assert (second.sent_count, second.delays.tolist(), second.decided_count) == (1, [], 0)


def test_without_a_split_the_whole_campaign_is_one_arm() -> None:
    told = Told(SPLIT)
    now(told, 1).is_sent("mail", HOUR)
    later(told, 2).goes_on("pause", DAY).is_sent("mail", DAY)

    (everybody,) = recipients(told.outcome(), 0)

    assert (everybody.name, everybody.sent_count) == ("everybody", 2)
    assert everybody.delays.tolist() == [HOUR, DAY]


@pytest.mark.parametrize("split", ["nowhere", "mail"])
def test_a_campaign_without_that_split_says_so(split: str) -> None:
    with pytest.raises(UnusableInput, match=split):
        recipients(Told(SPLIT).outcome(), 0, split)
