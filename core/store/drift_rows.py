"""What was decided, in rows that can be compared, and what may explain a difference."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from core.domain.outcomes import StepOutcome
from core.store.live_events import HISTORY
from core.store.live_sets import among, table_of
from core.store.live_tables import (
    DeadLetterRow,
    DecisionRow,
    EventRow,
    ProfileRow,
    SuppressionRow,
    TraceRow,
)

_DECISIONS, _TRACE = table_of(DecisionRow), table_of(TraceRow)
_EVENTS, _PROFILES = table_of(EventRow), table_of(ProfileRow)
_SUPPRESSED, _DEAD = table_of(SuppressionRow), table_of(DeadLetterRow)
_MAILS = (StepOutcome.SENT.word, StepOutcome.WITHHELD.word)


class DecidedRow(NamedTuple):
    """A trigger that caught somebody (no `step`), or an e-mail that became due; times in µs.

    `reference` is what it follows from: the event and its key, or the entry. `outcome` is
    `enrolled` or why not, `sent` or why not.
    """

    user_id: str
    step: str
    at: int
    reference: str
    outcome: str
    decided_at: int


class SlowEvent(NamedTuple):
    """An event that was not there when its time was decided; times in µs."""

    user_id: str
    event: str
    at: int
    received_at: int
    is_late: bool


def decided_rows(
    session: Session,
    launch_id: int,
    period: tuple[int, int],
    user_ids: Sequence[str] | None = None,
) -> list[DecidedRow]:
    """List what a launch decided in a period (µs, both ends included), of some people or all."""
    d, t = _DECISIONS.c, _TRACE.c
    firings = select(d.user_id, d.fired_at, d.event_id, d.key, d.outcome, d.decided_at).where(
        d.launch_id == launch_id, d.fired_at.between(*period)
    )
    mails = select(t.user_id, t.step, t.at, t.enrolment_id, t.outcome, t.reason, t.decided_at)
    mails = mails.where(t.launch_id == launch_id, t.at.between(*period), t.outcome.in_(_MAILS))
    if user_ids is not None:
        firings = firings.where(among(session, d.user_id, user_ids))
        mails = mails.where(among(session, t.user_id, user_ids))
    connection = session.connection()
    found = [
        DecidedRow(user, "", at, f"{event} {key or ''}", outcome, decided_at)
        for user, at, event, key, outcome, decided_at in connection.execute(firings)
    ]
    found += [
        DecidedRow(user, step, at, entry, reason or outcome, decided_at)
        for user, step, at, entry, outcome, reason, decided_at in connection.execute(mails)
    ]
    return found


def slow_events(
    session: Session, user_ids: Iterable[str], until: int, grace: int
) -> list[SlowEvent]:
    """List events up to an instant (µs) that some people did and that came late, in order."""
    e = _EVENTS.c
    rows = session.connection().execute(
        select(e.user_id, e.event, e.at, e.received_at, e.is_late)
        .where(
            among(session, e.user_id, user_ids),
            e.at <= until,
            e.source != HISTORY,
            or_(e.is_late, e.received_at > e.at + grace),
        )
        .order_by(e.user_id, e.at, e.seq)
    )
    return [SlowEvent._make(row) for row in rows.all()]


def profile_changes(session: Session, user_ids: Iterable[str]) -> dict[str, tuple[int, str | None]]:
    """Give when the profiles of some people changed last (µs), and their addresses."""
    p = _PROFILES.c
    rows = session.connection().execute(
        select(p.user_id, p.changed_at, p.email).where(among(session, p.user_id, user_ids))
    )
    return {row[0]: (row[1], row[2]) for row in rows.all()}


def suppressed_at(session: Session, addresses: Iterable[str]) -> dict[str, int]:
    """Give since when (µs) those of the addresses, in lower case, get nothing any more."""
    rows = session.connection().execute(
        select(_SUPPRESSED.c.address, _SUPPRESSED.c.at).where(
            among(session, _SUPPRESSED.c.address, addresses)
        )
    )
    return {row[0]: row[1] for row in rows.all()}


def undecided_at(session: Session, user_ids: Iterable[str]) -> dict[str, int]:
    """Give when (µs) somebody could not be decided for the first time."""
    rows = session.connection().execute(
        select(_DEAD.c.user_id, _DEAD.c.at)
        .where(among(session, _DEAD.c.user_id, user_ids))
        .order_by(_DEAD.c.at.desc())
    )
    return {row[0]: row[1] for row in rows.all()}
