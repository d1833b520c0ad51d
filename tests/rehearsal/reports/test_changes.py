"""What changes between two runs: who and which mail is gained, lost or moved, and why."""

from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given

from core.domain.errors import UnusableInput
from core.domain.firings import Admission
from core.domain.outcomes import MessageOutcome
from core.rehearsal.outcome import Outcome
from core.rehearsal.reports.change_reasons import Reason
from core.rehearsal.reports.changes import Changes, changes
from core.rehearsal.reports.funnel import funnels
from tests.rehearsal.outcomes import DAY, HOUR, WORLD, Told, Way, campaign_of, goal, outcomes
from tests.rehearsal.worlds import brief

PAUSE = {"id": "pause", "kind": "delay", "for": "24h"}
MAIL = {"id": "mail", "kind": "send", "template": "t"}
CAMPAIGN = campaign_of(PAUSE, MAIL, goal=goal())


def mailed(way: Way, wait: int = DAY, step: str = "mail") -> Way:
    at = way.entered_at + wait
    way.waits("pause", way.entered_at, at).goes_on("pause", at)
    return way.is_sent(step, at).completes(at)


def compared(before: Told, after: Told, listed: int = 500) -> Changes:
    return changes(before.outcome(), after.outcome(), listed=listed)


def lost(found: Changes) -> list[tuple[int, Reason, str, int | None]]:
    return [(c.user, c.reason, c.detail, c.reason_at) for c in found.lost]


def test_a_longer_wait_moves_the_mail() -> None:
    before, after = Told(CAMPAIGN), Told(CAMPAIGN)
    mailed(before.enrol(1, row=1))
    mailed(after.enrol(1, row=1), wait=DAY + 3 * HOUR)

    found = compared(before, after)

    assert (found.moved_count, found.later_count, found.earlier_count) == (1, 1, 0)
    assert (found.same_count, found.gained_count, found.lost_count) == (0, 0, 0)
    change = found.moved[0]
    assert (change.moved_by, change.reason) == (timedelta(hours=3), Reason.WAITED_LONGER)
    assert (change.before_step, change.after_step, change.template) == ("mail", "mail", "t")


def test_an_entry_moved_by_the_trigger_moves_the_mail() -> None:
    """The same event fires later, as with another window: the same occasion, however far apart."""
    before, after = Told(CAMPAIGN), Told(CAMPAIGN)
    mailed(before.enrol(1, 0, row=1))
    mailed(after.enrol(1, 9 * DAY, row=1))

    found = compared(before, after)

    assert (found.moved_count, found.median_move) == (1, timedelta(days=9))
    assert found.moved[0].reason is Reason.ENTERED_LATER


def test_a_mail_sent_by_another_step_moved() -> None:
    other = campaign_of(PAUSE, {**MAIL, "id": "renamed"}, goal=goal())
    before, after = Told(CAMPAIGN), Told(other)
    mailed(before.enrol(1, row=1))
    mailed(after.enrol(1, row=1), wait=2 * HOUR, step="renamed")

    found = compared(before, after)

    assert [(c.before_step, c.after_step, c.reason) for c in found.moved] == [
        ("mail", "renamed", Reason.OTHER_STEP)
    ]


def test_a_step_renamed_without_more_changes_no_message() -> None:
    other = campaign_of(PAUSE, {**MAIL, "id": "renamed"}, goal=goal())
    before, after = Told(CAMPAIGN), Told(other)
    mailed(before.enrol(1, row=1))
    mailed(after.enrol(1, row=1), step="renamed")

    found = compared(before, after)

    assert (found.is_empty, found.same_count) == (True, 1)


def test_the_goal_before_a_later_mail_loses_it() -> None:
    before, after = Told(CAMPAIGN), Told(CAMPAIGN)
    mailed(before.enrol(1, row=1)).with_goal(DAY + HOUR)
    after.enrol(1, row=1).waits("pause", 0, 2 * DAY).reaches_goal("pause", DAY + HOUR)

    assert lost(compared(before, after)) == [(1, Reason.LEFT_BY_GOAL, "", DAY + HOUR)]


def test_a_withheld_mail_is_lost_for_its_reason() -> None:
    before, after = Told(CAMPAIGN), Told(CAMPAIGN)
    mailed(before.enrol(1, row=1))
    way = after.enrol(1, row=1).waits("pause", 0, DAY).goes_on("pause", DAY)
    way.is_withheld("mail", DAY, MessageOutcome.FREQUENCY_CAP).completes(DAY)

    assert lost(compared(before, after)) == [(1, Reason.WITHHELD, "frequency_cap", DAY)]


def test_a_mail_after_the_end_of_the_history_is_lost_to_it() -> None:
    before, after = Told(CAMPAIGN), Told(CAMPAIGN)
    mailed(before.enrol(1, row=1))
    after.enrol(1, row=1).waits("pause", 0, 60 * DAY)

    assert lost(compared(before, after)) == [(1, Reason.STILL_WAITING, "", None)]


def test_a_mail_of_a_step_that_is_gone_is_lost_with_it() -> None:
    before, after = Told(CAMPAIGN), Told(campaign_of(PAUSE, goal=goal()))
    mailed(before.enrol(1, row=1))
    after.enrol(1, row=1).waits("pause", 0, DAY).goes_on("pause", DAY).completes(DAY)

    found = compared(before, after)

    assert lost(found) == [(1, Reason.NO_SUCH_STEP, "", None)]
    gone = found.steps[-1]
    assert (gone.step_id, gone.after) == ("mail", None)
    assert gone.before is not None
    assert gone.before.sent_count == 1


def test_a_mail_that_the_flow_leads_past_is_lost_on_another_way() -> None:
    before, after = Told(WORLD), Told(WORLD)
    one, two = (told.enrol(1, row=1).takes("which", 0, "otherwise") for told in (before, after))
    one.is_sent("second", 0).is_recorded("mark", 0).exits("done", 0)
    two.is_recorded("mark", 0).exits("done", 0)

    assert lost(compared(before, after)) == [(1, Reason.ANOTHER_WAY, "", None)]


@pytest.mark.parametrize("row", [1, 99])
def test_a_refused_firing_loses_person_and_mail(row: int) -> None:
    """By the event behind it, or, where another event stands behind it, as the nearest in time."""
    before, after = Told(CAMPAIGN), Told(CAMPAIGN)
    mailed(before.enrol(1, DAY, row=1))
    after.refuse(1, DAY + HOUR, Admission.REENTRY, row=row)
    after.refuse(1, 8 * DAY, Admission.AUDIENCE)

    found = compared(before, after)

    assert lost(found) == [(1, Reason.REFUSED, "reentry", DAY + HOUR)]
    assert [(p.user, p.entered_at, p.detail) for p in found.people_lost] == [(1, DAY, "reentry")]


def test_the_refusal_of_the_same_event_says_more_than_a_nearer_one() -> None:
    before, after = Told(CAMPAIGN), Told(CAMPAIGN)
    mailed(before.enrol(1, DAY, row=1))
    after.refuse(1, DAY, Admission.AUDIENCE, row=2)
    after.refuse(1, 20 * DAY, Admission.ACTIVE, row=1)

    assert lost(compared(before, after)) == [(1, Reason.REFUSED, "active", 20 * DAY)]


def test_a_person_the_trigger_does_not_catch_is_lost() -> None:
    before, after = Told(CAMPAIGN), Told(CAMPAIGN)
    mailed(before.enrol(1, row=1))
    mailed(before.enrol(2, row=2))
    mailed(after.enrol(2, row=2))
    mailed(after.enrol(3, row=3))
    after.refuse(1, 20 * DAY, Admission.REENTRY)

    found = compared(before, after)

    assert lost(found) == [(1, Reason.NOT_CAUGHT, "", None)]
    people = (found.people_lost_count, found.people_gained_count, found.people_kept_count)
    assert people == (1, 1, 1)
    assert [(c.user, c.reason) for c in found.gained] == [(3, Reason.NOT_CAUGHT)]


@pytest.mark.parametrize(("apart", "moved"), [(7 * DAY, 1), (7 * DAY + 1, 0)])
def test_entries_by_other_events_are_one_occasion_within_a_week(apart: int, moved: int) -> None:
    before, after = Told(CAMPAIGN), Told(CAMPAIGN)
    mailed(before.enrol(1, DAY))
    mailed(after.enrol(1, DAY + apart))

    found = compared(before, after)

    assert (found.moved_count, found.lost_count, found.gained_count) == (
        moved,
        1 - moved,
        1 - moved,
    )


def test_the_nearest_entries_belong_together_whatever_their_number() -> None:
    before, after = Told(CAMPAIGN), Told(CAMPAIGN)
    for day in (1, 4, 6):
        mailed(before.enrol(1, day * DAY))
    mailed(after.enrol(1, 4 * DAY + HOUR))
    mailed(after.enrol(1, 6 * DAY + HOUR))

    found = compared(before, after)

    assert found.median_move == timedelta(hours=1)
    assert [(c.before_at, c.reason) for c in found.lost] == [(2 * DAY, Reason.NOT_CAUGHT)]


def test_other_peoples_entries_are_never_the_same_occasion() -> None:
    before, after = Told(CAMPAIGN), Told(CAMPAIGN)
    mailed(before.enrol(1))
    mailed(after.enrol(2))

    assert compared(before, after).moved_count == 0


def test_reasons_are_counted_with_their_detail() -> None:
    before, after = Told(CAMPAIGN), Told(CAMPAIGN)
    for user in range(5):
        mailed(before.enrol(user, row=user))
    for user in range(3):
        after.refuse(user, 0, Admission.AUDIENCE, row=user)

    found = compared(before, after)

    assert dict(found.lost_count_by_reason) == {
        (Reason.REFUSED, "audience"): 3,
        (Reason.NOT_CAUGHT, ""): 2,
    }


def test_lists_are_capped_and_counts_are_not() -> None:
    before, after = Told(CAMPAIGN), Told(CAMPAIGN)
    for user in range(5):
        mailed(before.enrol(user, user * HOUR))

    found = compared(before, after, listed=2)

    assert (found.lost_count, found.people_lost_count) == (5, 5)
    assert [change.user for change in found.lost] == [0, 1]
    assert [change.user for change in found.people_lost] == [0, 1]


def test_messages_that_moved_most_stand_first() -> None:
    before, after = Told(CAMPAIGN), Told(CAMPAIGN)
    for user, wait in ((1, 2 * HOUR), (2, 3 * DAY), (3, 2 * DAY)):
        mailed(before.enrol(user, row=user))
        mailed(after.enrol(user, row=user), wait=wait)

    found = compared(before, after)

    assert [change.user for change in found.moved] == [2, 3, 1]


def test_two_campaigns_of_one_run_can_be_compared() -> None:
    other = CAMPAIGN.model_copy(update={"name": "Other"})
    told = Told(CAMPAIGN, other)
    mailed(told.enrol(1, 0, place=0))
    mailed(told.enrol(1, HOUR, place=1))
    mailed(told.enrol(2, 0, place=1))
    outcome = told.outcome()

    found = changes(outcome, outcome, before_place=0, after_place=1)

    assert (found.moved_count, found.gained_count, found.people_gained_count) == (1, 1, 1)


def test_runs_over_different_histories_are_not_compared() -> None:
    with pytest.raises(UnusableInput, match="same dataset"):
        compared(Told(CAMPAIGN, watermark=DAY), Told(CAMPAIGN, watermark=2 * DAY))


@brief
@given(outcomes())
def test_nothing_changes_between_a_run_and_itself(outcome: Outcome) -> None:
    for place, funnel in enumerate(funnels(outcome)):
        found = changes(outcome, outcome, before_place=place, after_place=place)

        assert found.is_empty
        assert found.same_count == sum(step.sent_count for step in funnel.steps)
        assert found.people_kept_count == funnel.people_count
        assert all(step.before == step.after for step in found.steps)


@brief
@given(outcomes((WORLD,)), outcomes((WORLD,)))
def test_every_mail_is_gained_lost_moved_or_the_same(before: Outcome, after: Outcome) -> None:
    found = changes(before, after)

    one, two = (sum(s.sent_count for s in funnels(o)[0].steps) for o in (before, after))
    both = found.moved_count + found.same_count
    assert one == found.lost_count + both
    assert two == found.gained_count + both
    assert found.moved_count == found.earlier_count + found.later_count
    assert sum(found.lost_count_by_reason.values()) == found.lost_count
    listed = Counter((change.reason, change.detail) for change in found.lost)
    assert listed == Counter(found.lost_count_by_reason)


@brief
@given(outcomes((WORLD,)), outcomes((WORLD,)))
def test_exchanging_the_runs_exchanges_what_is_gained_and_lost(
    before: Outcome, after: Outcome
) -> None:
    there, back = changes(before, after), changes(after, before)

    assert there.gained_count == back.lost_count
    assert there.people_gained_count == back.people_lost_count
    assert there.gained_count_by_reason == back.lost_count_by_reason
    assert there.earlier_count == back.later_count
    assert there.same_count == back.same_count
    assert [p.user for p in there.people_gained] == [p.user for p in back.people_lost]


@brief
@given(outcomes((WORLD,)), outcomes((WORLD,)))
def test_people_are_kept_gained_or_lost(before: Outcome, after: Outcome) -> None:
    found = changes(before, after)

    one, two = (set(outcome.enrolments.user.tolist()) for outcome in (before, after))
    assert {change.user for change in found.people_lost} == one - two
    assert {change.user for change in found.people_gained} == two - one
    assert found.people_kept_count == len(one & two)
