"""Why one person got, or did not get, the e-mails of a rehearsal."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core.domain.errors import UnusableInput
from core.domain.events import Event
from core.domain.firings import Admission
from core.domain.outcomes import EnrolmentState, MessageOutcome, StepOutcome
from core.rehearsal.story import Mark
from core.services.person_stories import PersonStory, counted_before, person_story
from core.services.stored_rehearsals import NamedVersion, open_rehearsal, rehearse_and_keep
from tests.history.datasets import IMPORTED_AT, START, event
from tests.services.shops import CART, campaign, stored

STEPS: list[dict[str, Any]] = [
    {"id": "first", "kind": "send", "template": "hello"},
    {"id": "pause", "kind": "delay", "for": "48h"},
    {"id": "second", "kind": "send", "template": "again"},
]
END = event("zoe", "view", 400)


def told(
    home: Path,
    events: list[Event],
    user_id: str = "ann",
    *,
    profiles: dict[str, dict[str, Any]] | None = None,
    since: int | None = None,
    **changes: Any,
) -> PersonStory:
    """Rehearse one campaign over some events, and tell a person's story."""
    dataset = stored(home, [*events, END], profiles)
    given = [NamedVersion(campaign=campaign(CART, **{"steps": STEPS, **changes}))]
    record = rehearse_and_keep(
        home,
        dataset,
        given,
        made_at=IMPORTED_AT,
        since=None if since is None else START + timedelta(hours=since),
    )
    record, outcome = open_rehearsal(home, record.rehearsal_id)
    return person_story(record, outcome, 0, dataset, user_id)


def admissions(story: PersonStory) -> list[str | None]:
    return [moment.admission for moment in story.moments if moment.admission]


def test_a_way_through_is_told_step_by_step(tmp_path: Path) -> None:
    story = told(tmp_path, [event("ann", "add", 0)])

    (enrolment,) = story.path.enrolments
    assert admissions(story) == ["enrolled"]
    assert [(row.step_id, row.outcome) for row in enrolment.rows] == [
        ("first", StepOutcome.SENT),
        ("pause", StepOutcome.WAITING),
        ("pause", StepOutcome.CONTINUED),
        ("second", StepOutcome.SENT),
        (None, StepOutcome.COMPLETED),
    ]
    assert [message.template for message in enrolment.messages] == ["hello", "again"]
    assert enrolment.state is EnrolmentState.COMPLETED


def test_a_goal_ends_the_way(tmp_path: Path) -> None:
    story = told(tmp_path, [event("ann", "add", 0), event("ann", "buy", 30)])

    (enrolment,) = story.path.enrolments
    assert enrolment.rows[-1].reason == "goal"
    assert enrolment.goal_at == enrolment.ended_at


def test_who_did_it_in_time_never_enters_and_the_story_says_when_the_clock_stopped(
    tmp_path: Path,
) -> None:
    story = told(tmp_path, [event("ann", "add", 0), event("ann", "buy", 20)])

    assert story.path.enrolments == []
    assert [moment.moment.mark for moment in story.moments] == [Mark.ARMED, Mark.DISARMED]


def test_who_is_still_inside_is_refused_as_active_which_the_trigger_alone_cannot_know(
    tmp_path: Path,
) -> None:
    events = [event("ann", "add", 0), event("ann", "add", 30)]

    story = told(tmp_path, events, reentry="always")

    assert admissions(story) == ["enrolled", "active"]
    assert [firing.admission for firing in story.path.firings] == [
        Admission.ENROLLED,
        Admission.ACTIVE,
    ]


def test_a_firing_before_the_campaign_was_switched_on_is_told_as_such(tmp_path: Path) -> None:
    events = [event("ann", "add", 0), event("ann", "add", 100)]

    story = told(tmp_path, events, since=50)

    fired = [moment for moment in story.moments if moment.was_off or moment.admission]
    assert [(moment.was_off, moment.admission) for moment in fired] == [
        (True, None),
        (False, "enrolled"),
    ]


def test_the_emails_that_used_up_the_limit_are_listed(tmp_path: Path) -> None:
    story = told(tmp_path, [event("ann", "add", 0)], frequency_cap={"max": 1, "per": "7d"})

    sent, withheld = story.messages
    assert withheld.outcome is MessageOutcome.FREQUENCY_CAP
    assert counted_before(story, withheld) == [sent]
    assert counted_before(story, sent) == []


def test_an_email_at_the_very_edge_of_the_period_does_not_count_against_the_limit(
    tmp_path: Path,
) -> None:
    story = told(tmp_path, [event("ann", "add", 0)], frequency_cap={"max": 1, "per": "48h"})
    first, second = story.messages
    as_if_held_back = replace(second, outcome=MessageOutcome.FREQUENCY_CAP)

    counted = counted_before(story, as_if_held_back)

    assert second.due_at - first.due_at == timedelta(hours=48) // timedelta(microseconds=1)
    assert second.outcome is MessageOutcome.SENT
    assert first not in counted


def test_a_zone_of_the_persons_own_is_named(tmp_path: Path) -> None:
    profiles = {"ann": {"email": "ann@example.com", "timezone": "Asia/Tokyo"}}

    story = told(tmp_path, [event("ann", "add", 0)], profiles=profiles)

    assert story.own_zone == "Asia/Tokyo"


def test_a_stranger_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UnusableInput, match="Nobody in 'shop' has the id 'eve'"):
        told(tmp_path, [event("ann", "add", 0)], "eve")
