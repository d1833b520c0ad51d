"""What the page Live asks: how the evaluator does, each launch in figures, the log of decisions."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Engine

from core.domain.instants import as_microseconds, from_microseconds
from core.domain.mail_events import DELIVERY
from core.domain.outcomes import StepOutcome
from core.live.evaluator import GRACE
from core.services.evaluator_switch import SETTING, EvaluatorState, state_of
from core.services.live_launches import Launch, LaunchState, launches
from core.services.live_ticks import LEASE
from core.store import (
    live_counts,
    live_decisions,
    live_events,
    live_launches,
    live_outbox,
)
from core.store.app_settings import setting
from core.store.database import reading
from core.store.live_decisions import Decision, TraceLine

LINES = 50
MOST = live_counts.MOST
_MINUTE = 60_000_000  # µs


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """How the evaluator does at an instant: the silence of its workers, and what waits for them.

    `state` is what somebody wants of it. `heard_at` is None where no worker is at work; `lag` is
    how long the oldest event that could be decided has been waiting. What waits and what is due is
    counted up to MOST; `per_second` is the pace of the last minute. What became of our own e-mails
    is not among what was received.
    """

    state: EvaluatorState
    heard_at: datetime | None
    worker_count: int
    lag: timedelta
    received_count: int
    duplicate_count: int
    late_count: int
    waiting_count: int
    per_second: float
    due_count: int
    next_due_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchCounts:
    """Entries in all, people under way now, and messages by state, each by launch id."""

    entered: Mapping[int, int]
    under_way: Mapping[int, int]
    messages: Mapping[int, Mapping[str, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchFigures:
    """A launch: entries in all, people under way now, and messages by state."""

    launch: Launch
    entered_count: int
    under_way_count: int
    messages: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of the log: somebody was caught by a trigger, or a step did something with them.

    `step` is None where a trigger caught somebody; `outcome` is then of `Admission` or `too_old`,
    else of `StepOutcome`. Times are µs.
    """

    decided_at: int
    at: int
    launch_id: int
    user_id: str
    step: str | None
    outcome: str
    reason: str = ""


class Kind(StrEnum):
    """What a line of the log speaks of, as a reader may want to filter."""

    ENTERED = "entered"
    REFUSED = "refused"
    MAIL = "mail"
    HELD_BACK = "held_back"
    WAITING = "waiting"
    WAY = "way"
    LEFT = "left"


_STEPS = {
    Kind.MAIL: (StepOutcome.SENT,),
    Kind.HELD_BACK: (StepOutcome.WITHHELD,),
    Kind.WAITING: (StepOutcome.WAITING, StepOutcome.DEFERRED),
    Kind.WAY: (
        *(StepOutcome.CONTINUED, StepOutcome.MATCHED, StepOutcome.TIMED_OUT, StepOutcome.TOOK),
        *(StepOutcome.ASSIGNED, StepOutcome.RECORDED),
    ),
    Kind.LEFT: (StepOutcome.GOAL, StepOutcome.EXITED, StepOutcome.COMPLETED),
}


def pulse(database: Engine, now: datetime) -> Pulse:
    """Ask how the evaluator does."""
    at = as_microseconds(now)
    with reading(database) as session:
        state = state_of(setting(session, SETTING))
        waiting, oldest = live_counts.waiting_count(session), live_counts.oldest_waiting(session)
        tallies = [
            tally for source, tally in live_events.tallies(session).items() if source != DELIVERY
        ]
        heard = [last for _, _, last in live_launches.workers(session) if last >= at - LEASE]
        late = sum(share.late_count for share in live_launches.shares(session))
        pace = live_counts.pace(session, at, _MINUTE)
        due = live_counts.due_timer_count(session, at)
        next_due = live_counts.next_timer(session, at)
    behind = 0 if oldest is None else max(0, at - GRACE - oldest)
    return Pulse(
        state=state,
        heard_at=from_microseconds(max(heard)) if heard else None,
        worker_count=len(heard),
        lag=timedelta(microseconds=behind),
        received_count=sum(received for received, _, _ in tallies),
        duplicate_count=sum(duplicate for _, duplicate, _ in tallies),
        late_count=late,
        waiting_count=waiting,
        per_second=pace.event_count * 1_000_000 / pace.length,
        due_count=due,
        next_due_at=None if next_due is None else from_microseconds(next_due),
    )


def launch_counts(database: Engine) -> LaunchCounts:
    """Count what became of all launches; the time it takes grows with what they did."""
    with reading(database) as session:
        return LaunchCounts(
            entered=live_decisions.entry_counts(session),
            under_way=live_decisions.under_way_counts(session),
            messages=live_outbox.counts_by_launch(session),
        )


def launch_figures(database: Engine, counts: LaunchCounts | None = None) -> list[LaunchFigures]:
    """List the launches, the latest first, those that were stopped after the others."""
    found = launches(database)
    counted = counts or launch_counts(database)
    figures = [
        LaunchFigures(
            launch=one,
            entered_count=counted.entered.get(one.id, 0),
            under_way_count=counted.under_way.get(one.id, 0),
            messages=counted.messages.get(one.id, {}),
        )
        for one in reversed(found)
    ]
    return sorted(figures, key=lambda each: each.launch.state is LaunchState.STOPPED)


def log(
    database: Engine,
    *,
    user_id: str | None = None,
    launch_id: int | None = None,
    kind: Kind | None = None,
    reason: str | None = None,
    limit: int = LINES,
) -> list[Line]:
    """List what was decided, the latest first: who entered or was refused, and what steps did.

    `reason` is why somebody was not let in, or an e-mail was held back.
    """
    only = {"user_id": user_id, "launch_id": launch_id}
    lines: list[Line] = []
    with reading(database) as session:
        if kind in (None, Kind.ENTERED, Kind.REFUSED):
            has_entered = None if kind is None else kind is Kind.ENTERED
            found = live_decisions.decisions_of(
                session, {**only, "outcome": reason}, has_entered, limit
            )
            lines += map(_caught, found)
        if kind is None or kind in _STEPS:
            words = None if kind is None else [outcome.word for outcome in _STEPS[kind]]
            asked = {**only, "reason": reason}
            lines += map(_done, live_decisions.steps_of(session, asked, words, limit))
    # At one moment somebody enters first, so that the entry stands below what came of it.
    lines.sort(key=lambda line: (line.decided_at, line.at, line.step is not None), reverse=True)
    return lines[:limit]


def _caught(decision: Decision) -> Line:
    return Line(
        decided_at=decision.decided_at,
        at=decision.fired_at,
        launch_id=decision.launch_id,
        user_id=decision.user_id,
        step=None,
        outcome=decision.outcome,
    )


def _done(line: TraceLine) -> Line:
    return Line(
        decided_at=line.decided_at,
        at=line.at,
        launch_id=line.launch_id,
        user_id=line.user_id,
        step=line.step,
        outcome=line.outcome,
        reason=line.reason,
    )
