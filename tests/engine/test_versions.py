"""People under way stay, move or leave when a new version is published (SEMANTICS 5.9)."""

from typing import Any

import pytest

from core.domain.campaigns import Campaign
from core.domain.outcomes import EnrolmentState, MessageOutcome, StepOutcome
from core.engine import flow
from core.engine.enrolments import Enrolment, Person
from core.engine.memory import NEVER
from core.engine.plans import Plan, plan_of
from core.engine.versions import UnderWay, hand_over

HOUR = 3_600_000_000
MONDAY = 1_748_822_400_000_000  # 2 June 2025, midnight UTC
PAUSE = {"id": "pause", "kind": "delay", "for": "24h"}
WAIT = {"id": "wait", "kind": "wait_for", "event": {"event": "buy"}, "timeout": "24h"}
MAIL = {"id": "mail", "kind": "send", "template": "reminder"}


class Notes:
    """Keeps what was recorded."""

    def __init__(self) -> None:
        self.steps: list[tuple[str, str]] = []
        self.sent_at: list[int] = []

    def step(
        self,
        enrolment: Enrolment,
        place: int,
        at: int,
        outcome: StepOutcome,
        reason: str = "",
        until_at: int = NEVER,
    ) -> None:
        self.steps.append((outcome.word, reason))

    def message(self, enrolment: Enrolment, place: int, at: int, outcome: MessageOutcome) -> None:
        self.sent_at.append(at)


def version(*steps: dict[str, Any], **parts: Any) -> Plan:
    trigger = {"kind": "event", "match": {"event": "add"}}
    written = {"name": "c", "trigger": trigger, "steps": list(steps), **parts}
    return plan_of(Campaign.model_validate(written))


def entered(plan: Plan) -> tuple[Enrolment, Person, Notes]:
    enrolment = Enrolment(number=0, campaign=0, entered_at=MONDAY, is_held_out=False)
    person, notes = Person(user_id="ann"), Notes()
    flow.enter(plan, enrolment, person, notes)
    return enrolment, person, notes


def test_who_stays_keeps_the_former_version() -> None:
    former, present = version(PAUSE, MAIL), version({**PAUSE, "for": "1h"}, MAIL)
    enrolment, person, notes = entered(former)

    plan = hand_over(enrolment, former, present, UnderWay.STAY, MONDAY + HOUR, person, notes)

    assert plan is former
    assert enrolment.due_at == MONDAY + 24 * HOUR


def test_who_leaves_exits_with_the_reason() -> None:
    former = version(PAUSE, MAIL)
    enrolment, person, notes = entered(former)

    hand_over(enrolment, former, version(MAIL), UnderWay.LEAVE, MONDAY + HOUR, person, notes)

    assert (enrolment.state, enrolment.ended_at) == (EnrolmentState.EXITED, MONDAY + HOUR)
    assert notes.steps[-1] == ("exited", "new_version")


@pytest.mark.parametrize(("lasting", "due_hour"), [("48h", 48), ("6h", 6), ("1h", 2)])
def test_who_moves_waits_as_long_as_the_new_version_says_but_never_into_the_past(
    lasting: str, due_hour: int
) -> None:
    former, present = version(PAUSE, MAIL), version(MAIL, {**PAUSE, "for": lasting})
    enrolment, person, notes = entered(former)

    plan = hand_over(enrolment, former, present, UnderWay.MOVE, MONDAY + 2 * HOUR, person, notes)

    assert plan is present
    assert (enrolment.place, enrolment.due_at) == (1, MONDAY + due_hour * HOUR)
    flow.wake(plan, enrolment, person, notes)
    assert enrolment.state is EnrolmentState.COMPLETED
    assert notes.sent_at == []


@pytest.mark.parametrize("gone", [version(MAIL), version({**WAIT, "id": "pause"}, MAIL)])
def test_who_cannot_move_leaves(gone: Plan) -> None:
    former = version(PAUSE, MAIL)
    enrolment, person, notes = entered(former)

    hand_over(enrolment, former, gone, UnderWay.MOVE, MONDAY + HOUR, person, notes)

    assert enrolment.state is EnrolmentState.EXITED
    assert notes.steps[-1] == ("exited", "step_gone")


def test_what_was_seen_counts_on_after_a_move() -> None:
    asks = {
        "id": "bought",
        "kind": "branch",
        "cases": [{"if": {"did": {"event": "view"}}, "next": "mail"}],
        "otherwise": "end",
    }
    end = {"id": "end", "kind": "exit"}
    former = version(PAUSE, {**asks, "otherwise": "mail"}, MAIL)
    # Another goal first: the same question has another bit in the new version.
    goal = {"event": {"event": "buy"}, "within": "7d"}
    present = version(PAUSE, asks, MAIL, end, goal=goal)
    enrolment, person, notes = entered(former)
    flow.seen_by(former, [enrolment], 1, lambda: lambda name: None)

    plan = hand_over(enrolment, former, present, UnderWay.MOVE, MONDAY + HOUR, person, notes)
    flow.wake(plan, enrolment, person, notes)

    assert ("took", "cases[0]") in notes.steps
