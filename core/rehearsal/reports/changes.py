"""What changes between two versions, or two campaigns, on the same history."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from core.domain.errors import UnusableInput
from core.domain.outcomes import MessageOutcome
from core.engine.batches import Bools, Int64s
from core.rehearsal.history import run_starts
from core.rehearsal.outcome import Outcome
from core.rehearsal.reports.change_lists import (
    MessageChange,
    PersonChange,
    counted,
    messages_gained,
    messages_lost,
    messages_moved,
    people_missing,
)
from core.rehearsal.reports.change_reasons import (
    Reason,
    Why,
    why_moved,
    why_not_entered,
    why_not_sent,
)
from core.rehearsal.reports.funnel import StepFunnel, funnels
from core.rehearsal.reports.pairing import Pairs, pair_enrolments, pair_messages
from core.rehearsal.reports.sides import Due, Side, side_of
from core.rehearsal.reports.visits import visits_of


@dataclass(frozen=True, slots=True, kw_only=True)
class StepChange:
    """A step before and after; None on the side that has no step of that id."""

    step_id: str
    before: StepFunnel | None
    after: StepFunnel | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """People and sent messages gained, lost, moved in time, or the same.

    The lists are capped, the counts are not. Reasons are counted with their detail. `median_move`
    is positive where messages are sent later after; None where none moved.
    """

    people_gained_count: int
    people_lost_count: int
    people_kept_count: int
    gained_count: int
    lost_count: int
    moved_count: int
    same_count: int
    earlier_count: int
    later_count: int
    median_move: timedelta | None
    gained: Sequence[MessageChange]
    lost: Sequence[MessageChange]
    moved: Sequence[MessageChange]
    people_gained: Sequence[PersonChange]
    people_lost: Sequence[PersonChange]
    gained_count_by_reason: Mapping[tuple[Reason, str], int]
    lost_count_by_reason: Mapping[tuple[Reason, str], int]
    steps: Sequence[StepChange]

    @property
    def is_empty(self) -> bool:
        """Say whether nobody and no message changed."""
        people = self.people_gained_count + self.people_lost_count
        return people + self.gained_count + self.lost_count + self.moved_count == 0


def changes(
    before: Outcome,
    after: Outcome,
    *,
    before_place: int = 0,
    after_place: int = 0,
    listed: int = 500,
) -> Changes:
    """Compare one campaign of each run; raises UnusableInput unless both saw the same history.

    Enrolments of one person are the same occasion if one event caused them, else if they entered at
    one instant, else if they are each other's nearest and at most a week apart. Within them a
    message is the same if its step is, else if its template is, in order.
    """
    _check_same_history(before, after)
    visits, visits_after = visits_of(before), visits_of(after)
    one, two = side_of(before, before_place, visits), side_of(after, after_place, visits_after)
    enrolments = pair_enrolments(one.entered, two.entered)
    messages = pair_messages(one, two, enrolments)
    both, is_same = _sent_by_both(one.due, two.due, messages)
    moved = Pairs(before=both.before[~is_same], after=both.after[~is_same])
    lost = _missing(one, two, both.before, enrolments, messages)
    gained = _missing(two, one, both.after, enrolments.swapped(), messages.swapped())
    by = two.due.due_at[moved.after] - one.due.due_at[moved.before]
    return Changes(
        people_gained_count=len(gained.people),
        people_lost_count=len(lost.people),
        people_kept_count=len(np.intersect1d(one.entered.user, two.entered.user)),
        gained_count=len(gained.sent),
        lost_count=len(lost.sent),
        moved_count=len(by),
        same_count=int(is_same.sum()),
        earlier_count=int((by < 0).sum()),
        later_count=int((by > 0).sum()),
        median_move=timedelta(microseconds=round(float(np.median(by)))) if len(by) else None,
        gained=messages_gained(two, gained.sent, gained.why_not_sent, listed),
        lost=messages_lost(one, lost.sent, lost.why_not_sent, listed),
        moved=messages_moved(one, two, moved, why_moved(one, two, moved), listed),
        people_gained=people_missing(two, gained.people, gained.why_not_entered, listed),
        people_lost=people_missing(one, lost.people, lost.why_not_entered, listed),
        gained_count_by_reason=counted(gained.why_not_sent),
        lost_count_by_reason=counted(lost.why_not_sent),
        steps=_steps(
            funnels(before, visits)[before_place].steps,
            funnels(after, visits_after)[after_place].steps,
        ),
    )


def _check_same_history(before: Outcome, after: Outcome) -> None:
    one, two = ((o.user_count, o.first_at, o.watermark) for o in (before, after))
    if one != two:
        raise UnusableInput(
            "The two rehearsals saw different histories; rehearse both on the same dataset up to "
            "the same time, then compare them."
        )


def _sent_by_both(before: Due, after: Due, messages: Pairs) -> tuple[Pairs, Bools]:
    """Keep the pairs that both sides sent, and say which of them left at the same time."""
    sent = before.outcome[messages.before] == MessageOutcome.SENT
    sent &= after.outcome[messages.after] == MessageOutcome.SENT
    both = Pairs(before=messages.before[sent], after=messages.after[sent])
    return both, before.due_at[both.before] == after.due_at[both.after]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Missing:
    """What a side has and the other lacks: messages sent, and people by their first enrolment."""

    sent: Int64s
    why_not_sent: Why
    people: Int64s
    why_not_entered: Why


def _missing(
    side: Side, other: Side, sent_by_both: Int64s, enrolments: Pairs, messages: Pairs
) -> _Missing:
    sent = np.flatnonzero(side.due.outcome == MessageOutcome.SENT)
    sent = np.setdiff1d(sent, sent_by_both, assume_unique=True)
    first = np.flatnonzero(run_starts(side.entered.user))
    people = first[~np.isin(side.entered.user[first], other.entered.user)]
    return _Missing(
        sent=sent,
        why_not_sent=why_not_sent(side, other, sent, enrolments, messages),
        people=people,
        why_not_entered=why_not_entered(side, other, people),
    )


def _steps(before: Sequence[StepFunnel], after: Sequence[StepFunnel]) -> list[StepChange]:
    """Put steps of one id side by side: those of after in their order, then those that are gone."""
    one, two = ({step.step_id: step for step in steps} for steps in (before, after))
    return [
        StepChange(step_id=step_id, before=one.get(step_id), after=two.get(step_id))
        for step_id in dict.fromkeys([*two, *one])
    ]
