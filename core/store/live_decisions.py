"""What live decided: firings, enrolments, traces, exposures, and the messages they led to."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, distinct, func, select, update
from sqlalchemy.orm import Session

from core.domain.firings import Admission
from core.domain.live_reasons import LiveReason
from core.domain.outcomes import EnrolmentState
from core.store.live_sets import add_all, among, insert_into, table_of, upsert
from core.store.live_tables import (
    DecisionRow,
    EffectRow,
    EnrolmentRow,
    ExposureRow,
    LaunchVersionRow,
    MessageRow,
    TraceRow,
)

_DECISIONS, _ENROLMENTS = table_of(DecisionRow), table_of(EnrolmentRow)
_TRACE, _EXPOSURES = table_of(TraceRow), table_of(ExposureRow)
_MESSAGES, _EFFECTS = table_of(MessageRow), table_of(EffectRow)
_VERSIONS = table_of(LaunchVersionRow)

Row = dict[str, Any]
SPAN = 200_000


@dataclass(slots=True, kw_only=True)
class Decided:
    """Rows of one pass, ready for their tables (see `live_tables`)."""

    decisions: list[Row] = field(default_factory=list)
    enrolments: list[Row] = field(default_factory=list)
    trace: list[Row] = field(default_factory=list)
    exposures: list[Row] = field(default_factory=list)
    messages: list[Row] = field(default_factory=list)
    effects: list[Row] = field(default_factory=list)

    def without(self, user_ids: Collection[str]) -> "Decided":
        """Leave out the rows of some people."""
        kept = {
            part.name: [row for row in getattr(self, part.name) if row["user_id"] not in user_ids]
            for part in fields(self)
        }
        return Decided(**kept)


class Decision(NamedTuple):
    """A firing and what came of it; times in µs."""

    id: int
    launch_id: int
    user_id: str
    key: str | None
    fired_at: int
    event_id: str
    outcome: str
    decided_at: int


class TraceLine(NamedTuple):
    """What a step did to an enrolment; times in µs."""

    id: int
    enrolment_id: str
    launch_id: int
    user_id: str
    step: str
    at: int
    outcome: str
    reason: str
    decided_at: int


class StoredEnrolment(NamedTuple):
    """One person's way through a launch; times in µs."""

    id: str
    launch_id: int
    version_id: int
    user_id: str
    key: str | None
    entered_at: int
    is_held_out: bool
    variant: str
    state: str
    ended_at: int | None
    goal_at: int | None


def save_decided(session: Session, decided: Decided) -> None:
    """Write down what a pass decided; a decision or message that exists already is an error."""
    add_all(session, _DECISIONS, decided.decisions)
    upsert(session, _ENROLMENTS, decided.enrolments)
    add_all(session, _TRACE, decided.trace)
    if decided.exposures:
        first = insert_into(session, _EXPOSURES).on_conflict_do_nothing()
        session.connection().execute(first, decided.exposures)
    add_all(session, _MESSAGES, decided.messages)
    add_all(session, _EFFECTS, decided.effects)


def decisions(
    session: Session, only: Mapping[str, Any], before_id: int | None, limit: int
) -> list[Decision]:
    """List firings that fit, the latest decided first."""
    return [
        Decision._make(r) for r in _latest(session, _DECISIONS, Decision, only, before_id, limit)
    ]


def trace_lines(
    session: Session, only: Mapping[str, Any], before_id: int | None, limit: int
) -> list[TraceLine]:
    """List rows of the trace that fit, the latest decided first."""
    return [TraceLine._make(r) for r in _latest(session, _TRACE, TraceLine, only, before_id, limit)]


def enrolments(session: Session, only: Mapping[str, Any]) -> list[StoredEnrolment]:
    """List enrolments that fit, by person and time of entry."""
    columns = [_ENROLMENTS.c[name] for name in StoredEnrolment._fields]
    asked = _only(select(*columns), _ENROLMENTS, only)
    rows = session.connection().execute(
        asked.order_by(_ENROLMENTS.c.user_id, _ENROLMENTS.c.entered_at, _ENROLMENTS.c.id)
    )
    return [StoredEnrolment._make(row) for row in rows.all()]


def outcome_counts(session: Session, launch_id: int | None = None) -> dict[str, int]:
    """Count firings by what came of them."""
    asked = select(_DECISIONS.c.outcome, func.count()).group_by(_DECISIONS.c.outcome)
    if launch_id is not None:
        asked = asked.where(_DECISIONS.c.launch_id == launch_id)
    return {row[0]: row[1] for row in session.connection().execute(asked)}


def decisions_of(
    session: Session, only: Mapping[str, Any], has_entered: bool | None, limit: int
) -> list[Decision]:
    """List the latest firings that fit: those that led to an entry, the others, or (None) all.

    What came of them is looked for among the latest SPAN only, unless they are of one person.
    """
    asked = _only(select(*(_DECISIONS.c[name] for name in Decision._fields)), _DECISIONS, only)
    if has_entered is not None:
        enrolled = _DECISIONS.c.outcome == Admission.ENROLLED.word
        asked = asked.where(enrolled if has_entered else ~enrolled)
    if has_entered is not None or only.get("outcome"):
        asked = _among_latest(session, asked, _DECISIONS, only)
    latest = asked.order_by(_DECISIONS.c.id.desc()).limit(limit)
    return [Decision._make(row) for row in session.connection().execute(latest)]


def steps_of(
    session: Session, only: Mapping[str, Any], outcomes: Sequence[str] | None, limit: int
) -> list[TraceLine]:
    """List the latest rows of the trace that fit and have one of the outcomes.

    Outcomes are looked for among the latest SPAN rows only, unless they are of one person.
    """
    asked = _only(select(*(_TRACE.c[name] for name in TraceLine._fields)), _TRACE, only)
    if outcomes is not None:
        asked = asked.where(_TRACE.c.outcome.in_(outcomes))
    if outcomes is not None or only.get("reason"):
        asked = _among_latest(session, asked, _TRACE, only)
    latest = asked.order_by(_TRACE.c.id.desc()).limit(limit)
    return [TraceLine._make(row) for row in session.connection().execute(latest)]


def _among_latest(
    session: Session, asked: Select[Any], table: Any, only: Mapping[str, Any]
) -> Select[Any]:
    """Keep a question for something rare from reading millions of rows."""
    if only.get("user_id") is not None:
        return asked
    newest = session.connection().execute(select(func.max(table.c.id))).scalar_one()
    return asked.where(table.c.id > (newest or 0) - SPAN)


def entry_counts(session: Session) -> dict[int, int]:
    """Count the entries of each launch."""
    asked = select(_ENROLMENTS.c.launch_id, func.count()).group_by(_ENROLMENTS.c.launch_id)
    return {row[0]: row[1] for row in session.connection().execute(asked)}


def under_way_counts(session: Session) -> dict[int, int]:
    """Count the people who are under way in each launch."""
    people = func.count(distinct(_ENROLMENTS.c.user_id))
    asked = select(_ENROLMENTS.c.launch_id, people).where(
        _ENROLMENTS.c.state == EnrolmentState.ACTIVE.word
    )
    rows = session.connection().execute(asked.group_by(_ENROLMENTS.c.launch_id))
    return {row[0]: row[1] for row in rows}


def exposures(session: Session, launch_id: int, step: str) -> list[tuple[str, str, int]]:
    """List who came to a split: user id, variant, first time (µs), by user id."""
    rows = session.connection().execute(
        select(_EXPOSURES.c.user_id, _EXPOSURES.c.variant, _EXPOSURES.c.exposed_at)
        .where(_EXPOSURES.c.launch_id == launch_id, _EXPOSURES.c.step == step)
        .order_by(_EXPOSURES.c.user_id)
    )
    return [(row[0], row[1], row[2]) for row in rows.all()]


def withdraw(session: Session, launch_id: int, at: int, since: int) -> None:
    """Withhold what a launch that is stopped decided since an instant and has not sent (µs)."""
    _withhold(session, launch_id, LiveReason.STOPPED, at, _MESSAGES.c.changed_at >= since)


def withhold_stale(session: Session, launch_id: int, before: int, at: int, since: int) -> None:
    """Withhold what a launch decided since an instant, if it was due before another (µs, 8.3)."""
    is_stale = and_(_MESSAGES.c.due_at < before, _MESSAGES.c.changed_at >= since)
    _withhold(session, launch_id, LiveReason.STALE, at, is_stale)


def _withhold(
    session: Session, launch_id: int, reason: LiveReason, at: int, which: ColumnElement[bool]
) -> None:
    session.connection().execute(
        update(_MESSAGES)
        .where(_MESSAGES.c.launch_id == launch_id, _MESSAGES.c.state == "queued", which)
        .values(state="withheld", reason=reason, changed_at=at)
    )


def entered_by(session: Session, version_id: int, seqs: Collection[int]) -> set[int]:
    """Name the events (by seq) that somebody entered by, in any version of a version's launch."""
    own = select(_VERSIONS.c.launch_id).where(_VERSIONS.c.id == version_id).scalar_subquery()
    kin = select(_VERSIONS.c.id).where(_VERSIONS.c.launch_id == own)
    rows = session.connection().execute(
        select(_DECISIONS.c.cause_seq).where(
            _DECISIONS.c.version_id.in_(kin),
            among(session, _DECISIONS.c.cause_seq, seqs),
            _DECISIONS.c.outcome == Admission.ENROLLED.word,
        )
    )
    return {row[0] for row in rows}


def active_users(session: Session, launch_id: int) -> list[str]:
    """Name everybody who is under way in a launch."""
    rows = session.connection().execute(
        select(_ENROLMENTS.c.user_id)
        .distinct()
        .where(_ENROLMENTS.c.launch_id == launch_id, _ENROLMENTS.c.state == "active")
        .order_by(_ENROLMENTS.c.user_id)
    )
    return [row[0] for row in rows.all()]


def _latest(
    session: Session,
    table: Any,
    kind: Any,
    only: Mapping[str, Any],
    before_id: int | None,
    limit: int,
) -> Any:
    asked = _only(select(*(table.c[name] for name in kind._fields)), table, only)
    if before_id is not None:
        asked = asked.where(table.c.id < before_id)
    return session.connection().execute(asked.order_by(table.c.id.desc()).limit(limit))


def _only(asked: Select[Any], table: Any, only: Mapping[str, Any]) -> Select[Any]:
    for name, value in only.items():
        if value is not None:
            asked = asked.where(table.c[name] == value)
    return asked
