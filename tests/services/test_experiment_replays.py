"""The split of a rehearsal as an A/A test (SEMANTICS 7.2)."""

import pytest

from core.domain.errors import UnusableInput
from core.domain.instants import from_microseconds
from core.rehearsal.reports.arms import splits
from core.services.experiment_people import Exclusion, Origin
from core.services.experiment_replays import people_of_rehearsal
from core.services.experiment_results import experiment_results
from tests.rehearsal.outcomes import DAY, HOUR, Told, campaign_of, goal

SPLIT = campaign_of(
    {
        "id": "timing",
        "kind": "split",
        "variants": [
            {"name": "now", "weight": 1, "next": "mail"},
            {"name": "later", "weight": 1, "next": "pause"},
        ],
    },
    {"id": "pause", "kind": "delay", "for": "24h"},
    {"id": "mail", "kind": "send", "template": "t"},
    goal=goal(),
    exit_on_goal=False,
)


def told() -> Told:
    """Tell of ten people per variant, one held out, one who came twice, one late, one early."""
    found = Told(SPLIT)
    for user in range(10):
        way = found.enrol(user, user * HOUR).is_assigned("timing", user * HOUR, "now")
        way.is_sent("mail", user * HOUR)
        if user < 3:
            way.with_goal(user * HOUR + DAY)
    for user in range(10, 20):
        found.enrol(user, user * HOUR).is_assigned("timing", user * HOUR, "later")
    found.enrol(20, 0, out=True).is_assigned("timing", 0, "now")
    found.enrol(0, 9 * DAY).is_assigned("timing", 9 * DAY, "now")
    found.enrol(21, 28 * DAY).is_assigned("timing", 28 * DAY, "later")
    found.enrol(22, 0).is_assigned("timing", 5 * HOUR, "later").with_goal(HOUR)
    return found


def test_a_rehearsed_split_has_people_by_their_first_time_there() -> None:
    people, settings = people_of_rehearsal(told().outcome(), 0, "timing")

    assert people.origin is Origin.REPLAY
    assert settings.variant_names == ("now", "later")
    assert [int((people.variant == n).sum()) for n in (0, 1)] == [10, 11]
    assert people.goals[0].is_reached.sum() == 3
    assert people.mails is not None
    assert people.mails.sent is not None
    assert people.mails.sent.sum() == 10
    assert people.excluded == {
        Exclusion.REPEATED_ROWS: 1,
        Exclusion.HELD_OUT: 1,
        Exclusion.GOAL_BEFORE_SPLIT: 1,
    }
    assert (people.exposed_at[1:] >= people.exposed_at[:-1]).all()


def test_the_counts_are_those_of_the_page_rehearse() -> None:
    outcome = told().outcome()
    people, settings = people_of_rehearsal(outcome, 0, "timing")

    results = experiment_results(people, settings, now=from_microseconds(outcome.watermark))

    arms = splits(outcome)[0].arms
    assert [(v.decided_count, v.goal_count, v.in_window_count) for v in results.variants] == [
        (arm.decided_count, arm.goal_count, arm.censored_count) for arm in arms
    ]
    assert results.is_aa
    assert results.verdict.winner is None


def test_a_campaign_without_that_split_is_refused() -> None:
    with pytest.raises(UnusableInput, match="no split called 'other'"):
        people_of_rehearsal(told().outcome(), 0, "other")
