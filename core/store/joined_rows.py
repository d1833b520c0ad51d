"""All rows of the evaluator about a person, given to another one who is the same."""

from sqlalchemy import delete, select, tuple_, update
from sqlalchemy.orm import Session

from core.domain.outcomes import StepOutcome
from core.store.live_events import HISTORY, partition_of
from core.store.live_sets import among, table_of
from core.store.live_tables import (
    DeadLetterRow,
    DecisionRow,
    EffectRow,
    EnrolmentRow,
    EventRow,
    ExposureRow,
    LaunchVersionRow,
    MessageRow,
    TraceRow,
    WaitingRow,
)

_EVENTS, _WAITING = table_of(EventRow), table_of(WaitingRow)
_ENROLMENTS, _TRACE = table_of(EnrolmentRow), table_of(TraceRow)
_EXPOSURES, _EFFECTS = table_of(ExposureRow), table_of(EffectRow)
_VERSIONS = table_of(LaunchVersionRow)
_ALONE = [table_of(row) for row in (DecisionRow, MessageRow, DeadLetterRow, EnrolmentRow, TraceRow)]


def has_entered(session: Session, person_id: str) -> bool:
    """Say whether somebody ever entered a campaign."""
    entered = select(_ENROLMENTS.c.id).where(_ENROLMENTS.c.user_id == person_id).limit(1)
    return session.connection().execute(entered).first() is not None


def give(session: Session, person_id: str, user_id: str) -> None:
    """Let events and what was decided be a user's; a decided event keeps its place in the order.

    Of what both have, an event or a split, the user's own counts.
    """
    _give_events(session, person_id, user_id)
    _give_exposures(session, person_id, user_id)
    _give_effects(session, person_id, user_id)
    for table in _ALONE:
        session.connection().execute(
            update(table).where(table.c.user_id == person_id).values(user_id=user_id)
        )


def _give_events(session: Session, person_id: str, user_id: str) -> None:
    connection = session.connection()
    own = (_EVENTS.c.user_id == person_id, _EVENTS.c.source != HISTORY)
    known = select(_EVENTS.c.event_id).where(_EVENTS.c.user_id == user_id)
    moved = connection.execute(
        update(_EVENTS)
        .where(*own, _EVENTS.c.event_id.not_in(known))
        .values(user_id=user_id)
        .returning(_EVENTS.c.seq)
    )
    seqs = [row[0] for row in moved]
    connection.execute(
        update(_WAITING)
        .where(among(session, _WAITING.c.seq, seqs))
        .values(partition=partition_of(user_id))
    )
    doubled = select(_EVENTS.c.seq).where(*own)
    connection.execute(delete(_WAITING).where(_WAITING.c.seq.in_(doubled)))


def _give_exposures(session: Session, person_id: str, user_id: str) -> None:
    """Split by split, as the trace tells them: exposures are found by their whole key alone."""
    connection = session.connection()
    splits = connection.execute(
        select(_TRACE.c.launch_id, _TRACE.c.step)
        .distinct()
        .where(_TRACE.c.user_id == person_id, _TRACE.c.outcome == StepOutcome.ASSIGNED.word)
    )
    place = tuple_(_EXPOSURES.c.launch_id, _EXPOSURES.c.step)
    for launch_id, step in splits.all():
        known = select(_EXPOSURES.c.user_id).where(
            place == (launch_id, step), _EXPOSURES.c.user_id == user_id
        )
        if connection.execute(known).first() is None:
            connection.execute(
                update(_EXPOSURES)
                .where(place == (launch_id, step), _EXPOSURES.c.user_id == person_id)
                .values(user_id=user_id)
            )


def _give_effects(session: Session, person_id: str, user_id: str) -> None:
    """By their keys, which the trace tells: effects are not found by their person."""
    rows = session.connection().execute(
        select(_VERSIONS.c.id, _TRACE.c.enrolment_id, _TRACE.c.step)
        .join(_VERSIONS, _VERSIONS.c.launch_id == _TRACE.c.launch_id)
        .where(_TRACE.c.user_id == person_id, _TRACE.c.outcome == StepOutcome.RECORDED.word)
    )
    keys = {f"{version_id}.{enrolment_id}.{step}" for version_id, enrolment_id, step in rows}
    if keys:
        session.connection().execute(
            update(_EFFECTS).where(among(session, _EFFECTS.c.key, keys)).values(user_id=user_id)
        )
