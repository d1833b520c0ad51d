"""What a rehearsal found, in words: every reason and every step taken has its own."""

from datetime import timedelta
from typing import Any

import pytest

from core.domain.campaigns import Campaign, Goal
from core.domain.firings import Admission
from core.domain.outcomes import MessageOutcome, StepOutcome
from core.rehearsal.person_path import PathRow
from core.rehearsal.reports.change_reasons import Reason
from core.ui.rehearse import rehearse_words

NINE = 1_754_031_600_000_000  # 2025-08-01 07:00 UTC, 09:00 in Berlin
BUYING = {"event": {"event": "purchase"}, "within": "7d"}
STEPS: list[dict[str, Any]] = [
    {"id": "pause", "kind": "delay", "for": "4h"},
    {"id": "wait", "kind": "wait_for", "event": {"event": "visit"}, "timeout": "24h"},
    {
        "id": "choose",
        "kind": "branch",
        "cases": [{"if": {"trait": "country", "op": "eq", "value": "DE"}}],
    },
    {"id": "mail", "kind": "send", "template": "hello"},
    {"id": "again", "kind": "send", "template": "hello"},
]


def campaign(**changes: Any) -> Campaign:
    written = {
        "name": "Carts",
        "trigger": {"kind": "event", "match": {"event": "cart"}},
        "goal": BUYING,
        "steps": STEPS,
    }
    return Campaign.model_validate({**written, **changes})


def meaning(
    step_id: str | None, outcome: StepOutcome, reason: str = "", until: int | None = None
) -> str:
    row = PathRow(at=NINE, step_id=step_id, outcome=outcome, reason=reason, until_at=until)
    return rehearse_words.row_meaning(row, campaign(), "Europe/Berlin")


@pytest.mark.parametrize(
    ("step_id", "outcome", "reason", "said"),
    [
        ("pause", StepOutcome.WAITING, "", "Waits until Fri 1 Aug 2025, 09:00"),
        (
            "wait",
            StepOutcome.WAITING,
            "",
            "Waits for visit, at the latest until Fri 1 Aug 2025, 09:00",
        ),
        (
            "mail",
            StepOutcome.DEFERRED,
            "quiet_hours",
            "Quiet hours: the e-mail waits until Fri 1 Aug 2025, 09:00",
        ),
        ("pause", StepOutcome.CONTINUED, "", "The wait is over"),
        ("wait", StepOutcome.MATCHED, "", "It happened (visit): goes on"),
        (
            "wait",
            StepOutcome.MATCHED,
            "since_entry",
            "It had happened already since entering: goes on at once",
        ),
        (
            "wait",
            StepOutcome.TIMED_OUT,
            "",
            "It did not happen in time (visit): takes the other way",
        ),
        ("choose", StepOutcome.TOOK, "cases[0]", "This held: country is DE"),
        (
            "choose",
            StepOutcome.TOOK,
            "otherwise",
            "None of the conditions held: takes the other way",
        ),
        ("mail", StepOutcome.SENT, "", "Sent: “Hello”"),
        ("mail", StepOutcome.WITHHELD, "no_address", "Held back: “Hello”. No e-mail address"),
        ("pause", StepOutcome.EXITED, "goal", "Reached the goal (purchase) and leaves the flow"),
        ("pause", StepOutcome.EXITED, "exit", "Leaves the flow here"),
        (None, StepOutcome.COMPLETED, "", "Came through the whole flow"),
    ],
)
def test_each_row_of_the_trace_is_told_in_words(
    step_id: str | None, outcome: StepOutcome, reason: str, said: str
) -> None:
    assert meaning(step_id, outcome, reason, until=NINE) == said


@pytest.mark.parametrize("outcome", StepOutcome)
def test_every_outcome_of_a_step_has_words(outcome: StepOutcome) -> None:
    assert meaning("mail", outcome, "otherwise", until=NINE)


@pytest.mark.parametrize("reason", [r.word for r in MessageOutcome if r is not MessageOutcome.SENT])
def test_every_reason_for_holding_back_has_words_and_advice(reason: str) -> None:
    assert rehearse_words.WITHHELD[reason]
    assert rehearse_words.remedy(reason, campaign(holdout=0.1))


@pytest.mark.parametrize("reason", [r.word for r in Admission if r is not Admission.ENROLLED])
def test_every_reason_for_not_letting_in_has_words_and_advice(reason: str) -> None:
    assert rehearse_words.REFUSED[reason]
    assert rehearse_words.remedy(reason, campaign())


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_for_a_change_has_words(reason: Reason) -> None:
    assert rehearse_words.change_reason(reason, "reentry")


def test_a_plain_purchase_is_called_buying_and_any_other_goal_by_its_name() -> None:
    other = campaign(goal={"event": {"event": "review"}, "within": "7d"})
    narrow = {"event": "purchase", "where": [{"property": "price", "op": "gte", "value": 20}]}
    dear = campaign(goal={"event": narrow, "within": "7d"})

    assert rehearse_words.goal_done(campaign().goal) == "bought"
    assert rehearse_words.goal_done(other.goal) == "done review"
    assert rehearse_words.goal_done(dear.goal) == "done purchase where price is at least 20"
    assert rehearse_words.goal_title(dear.goal) == "Reached the goal anyway"


def test_steps_that_do_the_same_are_told_apart() -> None:
    titles = rehearse_words.step_titles(campaign())

    assert (titles["mail"], titles["again"]) == ("Send “Hello” (mail)", "Send “Hello” (again)")
    assert titles["pause"] == "Wait 4 hours"


def test_emails_sent_twice_are_told_apart_by_the_subject_that_only_one_has() -> None:
    steps = [
        {**step, "subject": "Still there?"} if step["id"] == "again" else step for step in STEPS
    ]

    labels = rehearse_words.mail_labels(campaign(steps=steps))

    assert labels == {"mail": "Hello (mail)", "again": "Hello (“Still there?”)"}


def test_an_email_is_called_by_its_title() -> None:
    steps = [{"id": "mail", "kind": "send", "template": "cart_recovery"}]

    assert rehearse_words.mail_labels(campaign(steps=steps)) == {"mail": "Cart recovery"}


@pytest.mark.parametrize(("hours", "said"), [(-3, "3 hours earlier"), (26, "1 day 2 hours later")])
def test_a_move_says_its_direction(hours: int, said: str) -> None:
    assert rehearse_words.moved(timedelta(hours=hours)) == said


@pytest.mark.parametrize(("count", "said"), [(1, "1 e-mail"), (1_040, "1,040 e-mails")])
def test_counts_agree_with_their_nouns(count: int, said: str) -> None:
    assert rehearse_words.emails(count) == said


def test_a_goal_that_is_over_before_an_email_leaves_is_pointed_out() -> None:
    goal = Goal.model_validate({"event": {"event": "buy"}, "within": "1d"})

    note = rehearse_words.short_goal(goal, [None, timedelta(days=3)])

    assert "only within 24 hours of entering" in note
    assert rehearse_words.short_goal(goal, [timedelta(days=1), None]) == ""
    assert rehearse_words.short_goal(None, [timedelta(days=3)]) == ""
