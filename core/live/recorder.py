"""Takes down what flows do in a pass, as rows of the decisions' tables."""

from collections.abc import Sequence
from typing import Any

from core.domain.instants import iso
from core.domain.live_reasons import LiveReason
from core.domain.outcomes import MessageOutcome, StepOutcome
from core.domain.steps import SendStep, UpdateProfileStep, WebhookStep
from core.engine.enrolments import Enrolment
from core.engine.memory import NEVER
from core.engine.recording import Book
from core.live.worlds import SANDBOX, World
from core.store.live_decisions import Decided, Row

QUEUED, WITHHELD = "queued", "withheld"


class LiveBook(Book):
    """The book of one pass; it knows who walked before by their enrolments as they were."""

    def __init__(self, world: World, user_ids: Sequence[str], now: int) -> None:
        """Begin empty; `user_ids` are the people of the pass by code."""
        super().__init__()
        self._world = world
        self._user_ids = user_ids
        self._now = now
        self._owners: list[str] = []
        self._met: list[tuple[Enrolment, tuple[Any, ...] | None]] = []
        self.decided = Decided()

    def enrolled(self, enrolment: Enrolment, row: int, key: int) -> None:
        """Take down an enrolment: one that begins, or one that is taken up again."""
        is_former = enrolment.arrived_at != NEVER or enrolment.ended_at != NEVER
        self._met.append((enrolment, _standing(enrolment) if is_former else None))
        self._enrolments.append(enrolment)
        self._owners.append(self._user_ids[self._user])

    def step(
        self,
        enrolment: Enrolment,
        place: int,
        at: int,
        outcome: StepOutcome,
        reason: str = "",
        until_at: int = NEVER,
    ) -> None:
        """Take down a row of the trace, an exposure and an effect (5.10, 6.3, 5.6)."""
        steps = self._world.plans[enrolment.campaign].campaign.steps
        step_id = steps[place].id if place >= 0 else ""
        row: Row = {
            **self._of(enrolment),
            "step": step_id,
            "at": at,
            "outcome": outcome.word,
            "reason": f"until {iso(until_at)}" if outcome is StepOutcome.WAITING else reason,
            "decided_at": self._now,
        }
        self.decided.trace.append(row)
        if outcome is StepOutcome.ASSIGNED:
            self.decided.exposures.append(
                {**self._of(enrolment), "step": step_id, "variant": reason, "exposed_at": at}
            )
        elif outcome is StepOutcome.RECORDED:
            self._effect(enrolment, place, at)

    def message(self, enrolment: Enrolment, place: int, at: int, outcome: MessageOutcome) -> None:
        """Take down a message that became due: into the outbox, or withheld."""
        is_sent = outcome is MessageOutcome.SENT
        self._message(enrolment, place, at, QUEUED if is_sent else WITHHELD, outcome.word)

    def missed(self, enrolment: Enrolment, place: int, at: int) -> None:
        """Take down a message whose time is too long ago (8.3)."""
        self._message(enrolment, place, at, WITHHELD, LiveReason.STALE)

    def close(self) -> Decided:
        """Give all rows, with those of enrolments that began or changed."""
        for enrolment, former in self._met:
            if former != _standing(enrolment):
                self.decided.enrolments.append(self._enrolment_row(enrolment))
        return self.decided

    def enrolment_id(self, enrolment: Enrolment) -> str:
        """Give the id of an enrolment: its launch, the event behind its firing, and its time."""
        launch_id = self._world.versions[enrolment.campaign].launch_id
        return f"{launch_id}-{enrolment.row}-{enrolment.entered_at}"

    def _of(self, enrolment: Enrolment) -> Row:
        return {
            "enrolment_id": self.enrolment_id(enrolment),
            "launch_id": self._world.versions[enrolment.campaign].launch_id,
            "user_id": self._owners[enrolment.number],
        }

    def _message(self, enrolment: Enrolment, place: int, at: int, state: str, outcome: str) -> None:
        version = self._world.versions[enrolment.campaign]
        step = self._world.plans[enrolment.campaign].campaign.steps[place]
        assert isinstance(step, SendStep)
        self.decided.messages.append(
            {
                **self._of(enrolment),
                "key": f"{version.id}.{self.enrolment_id(enrolment)}.{step.id}",
                "version_id": version.id,
                "entered_at": enrolment.entered_at,
                "step": step.id,
                "template": step.template,
                "subject": step.subject,
                "variant": enrolment.variant,
                "due_at": at,
                "state": state,
                "reason": "" if state == QUEUED else outcome,
                "is_sandbox": self._world.mode == SANDBOX,
                "attempt_count": 0,
                "changed_at": self._now,
            }
        )

    def _effect(self, enrolment: Enrolment, place: int, at: int) -> None:
        version = self._world.versions[enrolment.campaign]
        step = self._world.plans[enrolment.campaign].campaign.steps[place]
        assert isinstance(step, UpdateProfileStep | WebhookStep)
        self.decided.effects.append(
            {
                **self._of(enrolment),
                "key": f"{version.id}.{self.enrolment_id(enrolment)}.{step.id}",
                "step": step.id,
                "kind": step.kind,
                "document": step.model_dump_json(by_alias=True),
                "at": at,
                "state": QUEUED,
                "is_sandbox": self._world.mode == SANDBOX,
                "attempt_count": 0,
                "changed_at": self._now,
            }
        )

    def _enrolment_row(self, enrolment: Enrolment) -> Row:
        version = self._world.versions[enrolment.campaign]
        return {
            "id": self.enrolment_id(enrolment),
            "launch_id": version.launch_id,
            "version_id": version.id,
            "user_id": self._owners[enrolment.number],
            "key": enrolment.key,
            "entered_at": enrolment.entered_at,
            "is_held_out": enrolment.is_held_out,
            "variant": enrolment.variant,
            "state": enrolment.state.word,
            "ended_at": None if enrolment.ended_at == NEVER else enrolment.ended_at,
            "goal_at": None if enrolment.goal_at == NEVER else enrolment.goal_at,
        }


def _standing(enrolment: Enrolment) -> tuple[Any, ...]:
    """Give what the row of an enrolment says and may change."""
    return (enrolment.state, enrolment.ended_at, enrolment.goal_at, enrolment.variant)
