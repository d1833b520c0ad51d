"""What the pages and the command line ask about live: status, decisions, traces, the outbox."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from core.domain.instants import as_microseconds, from_microseconds, iso
from core.live.evaluator import GRACE
from core.services.evaluator_switch import TURNED_AT
from core.services.live_launches import LaunchState
from core.store import (
    live_counts,
    live_decisions,
    live_events,
    live_launches,
    live_outbox,
    live_people,
)
from core.store.app_settings import setting
from core.store.database import reading
from core.store.live_decisions import Decision, TraceLine
from core.store.live_events import DeadLetter, ReceivedEvent
from core.store.live_outbox import OutboxMessage

MOST_ROWS = 100


def status(database: Engine, now: datetime) -> dict[str, Any]:
    """Count events, decisions and messages, and say how far behind the evaluator is.

    `lag_seconds` is how long the oldest event that could be decided has been waiting, 0.0 if none.
    """
    at = as_microseconds(now)
    with reading(database) as session:
        shares = live_launches.shares(session)
        due_count, next_due_at = live_people.next_timers(session, at)
        return {
            "at": iso(at),
            "events": _events(session, shares),
            "decisions": live_decisions.outcome_counts(session),
            "outbox": live_outbox.state_counts(session),
            "timers": {
                "due": due_count,
                "next_at": None if next_due_at is None else iso(next_due_at),
            },
            "dead_letters": len(live_events.dead_letters(session, MOST_ROWS)),
            "lag_seconds": _lag(session, at),
            "workers": [
                {
                    "name": name,
                    "started_at": iso(started_at),
                    "heartbeat_at": iso(heartbeat_at),
                    "partitions": [s.partition for s in shares if s.owner == name],
                }
                for name, started_at, heartbeat_at in live_launches.workers(session)
            ],
            "launches": [
                {"id": one.id, "name": one.name, "mode": one.mode, "state": one.state}
                for one in live_launches.stored_launches(session)
            ],
        }


def is_needed(database: Engine) -> bool:
    """Say whether there is anything to decide: a launch that was not stopped, or an event."""
    with reading(database) as session:
        return live_counts.waiting_count(session, most=1) > 0 or live_launches.has_open_launch(
            session
        )


def needed_since(database: Engine) -> datetime | None:
    """Say since when the evaluator is wanted: the latest launch, the switch, else an event."""
    with reading(database) as session:
        waiting = live_counts.oldest_waiting(session)
        launched = [
            one.launched_at
            for one in live_launches.stored_launches(session)
            if one.state != LaunchState.STOPPED
        ]
        turned = setting(session, TURNED_AT)
    if waiting is None and not launched:
        return None
    wanted = [max(launched) if launched else waiting, turned]
    return from_microseconds(max(at for at in wanted if isinstance(at, int)))


def decisions(
    database: Engine,
    *,
    user_id: str | None = None,
    launch_id: int | None = None,
    outcome: str | None = None,
    before_id: int | None = None,
    limit: int = MOST_ROWS,
) -> list[Decision]:
    """List firings and what came of them, the latest first; `before_id` gives the page before."""
    only = {"user_id": user_id, "launch_id": launch_id, "outcome": outcome}
    with reading(database) as session:
        return live_decisions.decisions(session, only, before_id, limit)


def trace(
    database: Engine,
    *,
    user_id: str | None = None,
    launch_id: int | None = None,
    outcome: str | None = None,
    before_id: int | None = None,
    limit: int = MOST_ROWS,
) -> list[TraceLine]:
    """List what steps did, the latest first: why somebody got an e-mail, or did not (5.10)."""
    only = {"user_id": user_id, "launch_id": launch_id, "outcome": outcome}
    with reading(database) as session:
        return live_decisions.trace_lines(session, only, before_id, limit)


def outbox(
    database: Engine,
    *,
    state: str | None = None,
    launch_id: int | None = None,
    user_id: str | None = None,
    before_id: int | None = None,
    limit: int = MOST_ROWS,
) -> list[OutboxMessage]:
    """List messages, the latest first."""
    only = {"state": state, "launch_id": launch_id, "user_id": user_id}
    with reading(database) as session:
        return live_outbox.messages(session, only, before_id, limit)


def late_events(database: Engine, *, limit: int = MOST_ROWS) -> list[ReceivedEvent]:
    """List events that came too late for their order, the latest to arrive first (8.1)."""
    with reading(database) as session:
        return live_events.late_events(session, limit)


def dead_letters(database: Engine, *, limit: int = MOST_ROWS) -> list[DeadLetter]:
    """List people whose events could not be decided, the latest first."""
    with reading(database) as session:
        return live_events.dead_letters(session, limit)


def _events(session: Session, shares: Sequence[live_launches.Share]) -> dict[str, int]:
    tallies = live_events.tallies(session).values()
    received = sum(tally[0] for tally in tallies)
    duplicate = sum(tally[1] for tally in tallies)
    waiting, _ = live_events.waiting_since(session)
    return {
        "received": received,
        "added": received - duplicate,
        "duplicate": duplicate,
        "late": sum(share.late_count for share in shares),
        "decided": sum(share.decided_count for share in shares),
        "waiting": waiting,
    }


def _lag(session: Session, now: int) -> float:
    oldest = live_counts.oldest_waiting(session)
    if oldest is None or oldest > now - GRACE:
        return 0.0
    return (from_microseconds(now - GRACE) - from_microseconds(oldest)).total_seconds()
