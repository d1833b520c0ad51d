"""Outcomes of rehearsals told by hand, or drawn: for the tests of what is read from them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from core.domain.campaigns import Campaign
from core.domain.durations import to_microseconds
from core.domain.firings import Admission
from core.domain.flows import ways_out
from core.domain.outcomes import EnrolmentState, MessageOutcome, Reactions, StepOutcome
from core.domain.steps import BranchStep, DelayStep, ExitStep, SendStep, SplitStep, WaitForStep
from core.engine.ledger import Enrolments, Messages, Trace
from core.engine.memory import NEVER
from core.rehearsal.outcome import Outcome
from core.rehearsal.replay import CampaignReplay

HOUR = 3_600_000_000
DAY = 24 * HOUR


def campaign_of(*steps: dict[str, Any], **keys: Any) -> Campaign:
    """Give a campaign with some steps; it fires at every event `x`."""
    fixed = {"name": "Test", "trigger": {"kind": "event", "match": {"event": "x"}}}
    return Campaign.model_validate({**fixed, "steps": steps, **keys})


def goal(within: str = "7d") -> dict[str, Any]:
    return {"event": {"event": "purchase"}, "within": within}


@dataclass(kw_only=True)
class Way:
    """One enrolment, told row by row; steps are named by id, times are µs."""

    campaign: Campaign
    place: int
    user: int
    entered_at: int
    row: int
    is_held_out: bool
    state: EnrolmentState = EnrolmentState.ACTIVE
    ended_at: int = NEVER
    goal_at: int = NEVER
    variant: str = ""
    rows: list[tuple[str, int, StepOutcome, str, int]] = field(default_factory=list)
    messages: list[tuple[str, int, MessageOutcome, str]] = field(default_factory=list)

    def _row(self, step: str, at: int, outcome: StepOutcome, why: str = "", until: int = NEVER):
        self.rows.append((step, at, outcome, why, until))
        return self

    def waits(self, step: str, at: int, until: int) -> "Way":
        return self._row(step, at, StepOutcome.WAITING, "", until)

    def goes_on(self, step: str, at: int) -> "Way":
        return self._row(step, at, StepOutcome.CONTINUED)

    def is_matched(self, step: str, at: int) -> "Way":
        return self._row(step, at, StepOutcome.MATCHED)

    def times_out(self, step: str, at: int) -> "Way":
        return self._row(step, at, StepOutcome.TIMED_OUT)

    def takes(self, step: str, at: int, way: str) -> "Way":
        return self._row(step, at, StepOutcome.TOOK, way)

    def is_assigned(self, step: str, at: int, variant: str) -> "Way":
        self.variant = variant
        return self._row(step, at, StepOutcome.ASSIGNED, variant)

    def is_recorded(self, step: str, at: int) -> "Way":
        return self._row(step, at, StepOutcome.RECORDED)

    def is_deferred(self, step: str, at: int, until: int) -> "Way":
        return self._row(step, at, StepOutcome.DEFERRED, "quiet_hours", until)

    def is_sent(self, step: str, at: int) -> "Way":
        self.messages.append((step, at, MessageOutcome.SENT, self.variant))
        return self._row(step, at, StepOutcome.SENT)

    def is_withheld(self, step: str, at: int, reason: MessageOutcome) -> "Way":
        self.messages.append((step, at, reason, self.variant))
        return self._row(step, at, StepOutcome.WITHHELD, reason.word)

    def reaches_goal(self, step: str, at: int) -> "Way":
        """Reach the goal while resting at a step; that ends the enrolment if the campaign says."""
        self.goal_at = at
        if not self.campaign.exit_on_goal:
            return self._row(step, at, StepOutcome.GOAL)
        self.state, self.ended_at = EnrolmentState.EXITED, at
        return self._row(step, at, StepOutcome.EXITED, "goal")

    def exits(self, step: str, at: int) -> "Way":
        self.state, self.ended_at = EnrolmentState.EXITED, at
        return self._row(step, at, StepOutcome.EXITED, "exit")

    def completes(self, at: int) -> "Way":
        self.state, self.ended_at = EnrolmentState.COMPLETED, at
        return self._row("", at, StepOutcome.COMPLETED) if self.campaign.steps else self

    def with_goal(self, at: int) -> "Way":
        """Reach the goal after the end."""
        self.goal_at = at
        return self


class Told:
    """A rehearsal told by hand."""

    def __init__(
        self,
        *campaigns: Campaign,
        watermark: int = 30 * DAY,
        first_at: int = 0,
        user_count: int = 100,
        reactions: Reactions = Reactions.OBSERVED,
    ) -> None:
        self.campaigns = campaigns
        self.watermark = watermark
        self._fixed: dict[str, Any] = {
            "first_at": first_at,
            "user_count": user_count,
            "reactions": reactions,
            "seed": 0,
        }
        self._ways: list[Way] = []
        self._refusals: list[tuple[int, int, int, int, Admission]] = []

    def enrol(
        self, user: int, at: int = 0, *, place: int = 0, row: int | None = None, out: bool = False
    ) -> Way:
        """Enrol a user; `row` is the event behind it, by default the user's at that second."""
        way = Way(
            campaign=self.campaigns[place],
            place=place,
            user=user,
            entered_at=at,
            row=_row_of(user, at, row),
            is_held_out=out,
        )
        self._ways.append(way)
        return way

    def refuse(
        self, user: int, at: int, reason: Admission, *, place: int = 0, row: int | None = None
    ) -> None:
        self._refusals.append((place, user, at, _row_of(user, at, row), reason))

    def outcome(self) -> Outcome:
        ways = sorted(self._ways, key=lambda way: (way.user, way.entered_at))
        return Outcome(
            campaigns=list(self.campaigns),
            watermark=self.watermark,
            firings=[self._firings(place) for place in range(len(self.campaigns))],
            enrolments=_enrolments(ways),
            messages=_messages(ways),
            trace=_trace(ways),
            **self._fixed,
        )

    def _firings(self, place: int) -> CampaignReplay:
        admitted = [
            (way.user, way.entered_at, way.row, Admission.ENROLLED)
            for way in self._ways
            if way.place == place
        ]
        refused = [refusal[1:] for refusal in self._refusals if refusal[0] == place]
        fired = sorted([*admitted, *refused])
        return CampaignReplay(
            campaign=self.campaigns[place],
            user=_int32s([user for user, *_ in fired]),
            fired_at=_int64s([at for _, at, *_ in fired]),
            row=_int64s([row for _, _, row, _ in fired]),
            key=_int32s([-1] * len(fired)),
            key_texts=[],
            outcome=_int64s([outcome for *_, outcome in fired]),
        )


def _row_of(user: int, at: int, row: int | None) -> int:
    return 1_000 + user * 10_000_000 + at // 1_000_000 if row is None else row


def _int32s(values: Sequence[int]) -> Any:
    return np.array(values, dtype=np.int32)


def _int64s(values: Sequence[int]) -> Any:
    return np.array(values, dtype=np.int64)


def _enrolments(ways: Sequence[Way]) -> Enrolments:
    return Enrolments(
        campaign=_int32s([way.place for way in ways]),
        user=_int32s([way.user for way in ways]),
        entered_at=_int64s([way.entered_at for way in ways]),
        row=_int64s([way.row for way in ways]),
        key=_int32s([-1] * len(ways)),
        key_texts=[],
        is_held_out=np.array([way.is_held_out for way in ways], dtype=np.bool_),
        state=np.array([way.state for way in ways], dtype=np.int8),
        ended_at=_int64s([way.ended_at for way in ways]),
        goal_at=_int64s([way.goal_at for way in ways]),
    )


def _place(way: Way, step: str) -> int:
    return [s.id for s in way.campaign.steps].index(step) if step else -1


def _messages(ways: Sequence[Way]) -> Messages:
    told = [(n, way, *message) for n, way in enumerate(ways) for message in way.messages]
    told.sort(key=lambda row: (row[1].user, row[3], row[0]))
    variants = sorted({variant for *_, variant in told if variant})
    return Messages(
        enrolment=_int32s([n for n, *_ in told]),
        step=_int32s([_place(way, step) for _, way, step, *_ in told]),
        variant=_int32s([variants.index(v) if v else -1 for *_, v in told]),
        variants=variants,
        due_at=_int64s([at for _, _, _, at, *_ in told]),
        outcome=np.array([outcome for *_, outcome, _ in told], dtype=np.int8),
    )


def _trace(ways: Sequence[Way]) -> Trace:
    told = [(n, way, *row) for n, way in enumerate(ways) for row in way.rows]
    told.sort(key=lambda row: (row[1].user, row[3]))  # stable: rows of one instant keep their order
    reasons = sorted({why for *_, why, _ in told if why})
    return Trace(
        enrolment=_int32s([n for n, *_ in told]),
        step=_int32s([_place(way, step) for _, way, step, *_ in told]),
        at=_int64s([at for _, _, _, at, *_ in told]),
        outcome=np.array([outcome for *_, outcome, _, _ in told], dtype=np.int8),
        reason=_int32s([reasons.index(why) if why else -1 for *_, why, _ in told]),
        reasons=reasons,
        until_at=_int64s([until for *_, until in told]),
    )


WORLD = campaign_of(
    {
        "id": "halves",
        "kind": "split",
        "variants": [
            {"name": "now", "weight": 1, "next": "first"},
            {"name": "later", "weight": 1, "next": "pause"},
        ],
    },
    {"id": "pause", "kind": "delay", "for": "24h"},
    {"id": "first", "kind": "send", "template": "one"},
    {
        "id": "reply",
        "kind": "wait_for",
        "event": {"event": "email_clicked"},
        "timeout": "48h",
        "then": "done",
    },
    {
        "id": "which",
        "kind": "branch",
        "cases": [{"if": {"trait": "vip", "op": "eq", "value": "yes"}, "next": "mark"}],
    },
    {"id": "second", "kind": "send", "template": "two"},
    {"id": "mark", "kind": "webhook", "url": "https://example.com/"},
    {"id": "done", "kind": "exit"},
    name="World",
    goal=goal(),
    quiet_hours={"from": "21:00", "to": "08:00"},
    concurrent=True,
    holdout=0.2,
)
TRACKING = WORLD.model_copy(update={"name": "Tracking", "exit_on_goal": False})


@st.composite
def outcomes(
    draw: DrawFn, campaigns: Sequence[Campaign] = (WORLD, TRACKING), users: int = 4
) -> Outcome:
    """Draw people's ways through campaigns over ten days, as any history could lead them."""
    told = Told(*campaigns, watermark=10 * DAY, user_count=users)
    for _ in range(draw(st.integers(0, 8))):
        user, place = draw(st.integers(0, users - 1)), draw(st.integers(0, len(campaigns) - 1))
        at = draw(st.integers(0, 119)) * 2 * HOUR
        number = draw(st.none() | st.integers(0, 5))
        row = None if number is None else user * 10 + number
        if draw(st.integers(0, 3)):
            way = told.enrol(user, at, place=place, row=row, out=user == 0)
            hours = draw(st.none() | st.integers(0, 90))
            goal_at = None if hours is None else at + (2 * hours + 1) * HOUR
            _Walk(draw, way, told.watermark, goal_at).lead()
        else:
            refusals = [Admission.REENTRY, Admission.AUDIENCE, Admission.ACTIVE]
            told.refuse(user, at, draw(st.sampled_from(refusals)), place=place, row=row)
    return told.outcome()


class _Walk:
    """Leads an enrolment through its flow, to the goal or the end of the history."""

    def __init__(self, draw: DrawFn, way: Way, watermark: int, goal_at: int | None) -> None:
        self._draw, self._way, self._watermark = draw, way, watermark
        self._goal_at = goal_at if goal_at is not None and goal_at <= watermark else None

    def lead(self) -> None:
        way, at = self._way, self._way.entered_at
        ways = ways_out(way.campaign.steps)
        steps = {step.id: step for step in way.campaign.steps}
        step_id: str | None = way.campaign.steps[0].id
        while step_id is not None:
            due_at, chosen = self._rest(steps[step_id], at)
            if self._reaches_goal(step_id, at, due_at) or due_at > self._watermark:
                return
            at = due_at
            chosen = self._leave(steps[step_id], at, chosen)
            targets = [target for _, target in ways[step_id]]
            step_id = targets[chosen] if targets else None
        if way.state is EnrolmentState.ACTIVE:
            way.completes(at)
        if self._goal_at is not None and way.goal_at == NEVER and self._goal_at > at:
            way.with_goal(self._goal_at)

    def _rest(self, step: Any, at: int) -> tuple[int, int]:
        """Come to rest, if the step makes one; give until when, and the way to be taken then."""
        if isinstance(step, DelayStep):
            due_at = at + to_microseconds(step.for_)
            self._way.waits(step.id, at, due_at)
            return due_at, 0
        if isinstance(step, WaitForStep):
            times_out_at = at + to_microseconds(step.timeout)
            self._way.waits(step.id, at, times_out_at)
            hours = self._draw(st.none() | st.integers(1, 23))
            return (times_out_at, 1) if hours is None else (at + 2 * hours * HOUR, 0)
        if isinstance(step, SendStep) and self._draw(st.booleans()):
            self._way.is_deferred(step.id, at, at + 10 * HOUR)
            return at + 10 * HOUR, 0
        return at, 0

    def _reaches_goal(self, step_id: str, at: int, due_at: int) -> bool:
        """Reach the goal while resting; say whether that ends the enrolment."""
        goal_at = self._goal_at
        if goal_at is None or not at < goal_at <= due_at:
            return False
        self._way.reaches_goal(step_id, goal_at)
        return self._way.campaign.exit_on_goal

    def _leave(self, step: Any, at: int, chosen: int) -> int:
        way = self._way
        match step:
            case DelayStep():
                way.goes_on(step.id, at)
            case WaitForStep():
                (way.times_out if chosen else way.is_matched)(step.id, at)
            case SplitStep():
                chosen = way.user % len(step.variants)
                way.is_assigned(step.id, at, step.variants[chosen].name)
            case BranchStep():
                chosen = self._draw(st.integers(0, len(step.cases)))
                is_case = chosen < len(step.cases)
                way.takes(step.id, at, f"cases[{chosen}]" if is_case else "otherwise")
            case SendStep():
                self._mail(step.id, at)
            case ExitStep():
                way.exits(step.id, at)
            case _:
                way.is_recorded(step.id, at)
        return chosen

    def _mail(self, step_id: str, at: int) -> None:
        if self._way.is_held_out:
            self._way.is_withheld(step_id, at, MessageOutcome.HOLDOUT)
        elif self._draw(st.integers(0, 2)):
            self._way.is_sent(step_id, at)
        else:
            reasons = [MessageOutcome.UNSUBSCRIBED, MessageOutcome.FREQUENCY_CAP]
            self._way.is_withheld(step_id, at, self._draw(st.sampled_from(reasons)))
