"""The people and messages behind a comparison, one by one, with the reason for each."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from core.domain.steps import SendStep
from core.engine.batches import Int64s
from core.engine.memory import NEVER
from core.rehearsal.reports.change_reasons import DETAILS, REASONS, Reason, Why
from core.rehearsal.reports.pairing import Pairs
from core.rehearsal.reports.sides import Side


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageChange:
    """One message gained, lost or moved; times in µs, None on the side that does not send it.

    For one gained the reason says why it was not sent before, for one lost why it is not sent
    after; `reason_at` is when that came about, where it has a time.
    """

    user: int
    template: str
    before_step: str | None
    after_step: str | None
    before_at: int | None
    after_at: int | None
    reason: Reason
    detail: str
    reason_at: int | None

    @property
    def moved_by(self) -> timedelta | None:
        """Give how much later it is sent after; negative if earlier, None unless both send it."""
        if self.before_at is None or self.after_at is None:
            return None
        return timedelta(microseconds=self.after_at - self.before_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonChange:
    """A person enrolled on one side only: when first, and why not on the other."""

    user: int
    entered_at: int
    reason: Reason
    detail: str
    reason_at: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sending:
    """A message that one side sends."""

    user: int
    template: str
    step: str
    at: int


def people_missing(side: Side, people: Int64s, why: Why, listed: int) -> list[PersonChange]:
    """List people of a side (places of their first enrolments), the first to enter first."""
    at, user = side.entered.entered_at[people], side.entered.user[people]
    found = []
    for n in np.lexsort((user, at))[:listed]:
        reason, detail, reason_at = _told(why, n)
        found.append(
            PersonChange(
                user=int(user[n]),
                entered_at=int(at[n]),
                reason=reason,
                detail=detail,
                reason_at=reason_at,
            )
        )
    return found


def messages_lost(side: Side, sent: Int64s, why: Why, listed: int) -> list[MessageChange]:
    """List messages that only the side before sends (places), the earliest first."""
    found = []
    for n in _by_time(side, sent)[:listed]:
        sending = _sending(side, sent[n])
        found.append(_change(sending, None, why, n))
    return found


def messages_gained(side: Side, sent: Int64s, why: Why, listed: int) -> list[MessageChange]:
    """List messages that only the side after sends (places), the earliest first."""
    found = []
    for n in _by_time(side, sent)[:listed]:
        sending = _sending(side, sent[n])
        found.append(_change(None, sending, why, n))
    return found


def messages_moved(
    before: Side, after: Side, moved: Pairs, why: Why, listed: int
) -> list[MessageChange]:
    """List messages that both sides send at different times, those that moved most first."""
    at = before.due.due_at[moved.before]
    by = np.abs(after.due.due_at[moved.after] - at)
    user = before.entered.user[before.due.enrolment[moved.before]]
    return [
        _change(_sending(before, moved.before[n]), _sending(after, moved.after[n]), why, n)
        for n in np.lexsort((at, user, -by))[:listed]
    ]


def _by_time(side: Side, sent: Int64s) -> Int64s:
    return np.lexsort((side.entered.user[side.due.enrolment[sent]], side.due.due_at[sent]))


def _sending(side: Side, message: np.int64) -> _Sending:
    step = side.campaign.steps[side.due.step[message]]
    assert isinstance(step, SendStep)  # no other step makes a message due
    return _Sending(
        user=int(side.entered.user[side.due.enrolment[message]]),
        template=step.template,
        step=step.id,
        at=int(side.due.due_at[message]),
    )


def _change(
    before: _Sending | None, after: _Sending | None, why: Why, place: np.int64
) -> MessageChange:
    known = after or before
    assert known is not None
    reason, detail, reason_at = _told(why, place)
    return MessageChange(
        user=known.user,
        template=known.template,
        before_step=None if before is None else before.step,
        after_step=None if after is None else after.step,
        before_at=None if before is None else before.at,
        after_at=None if after is None else after.at,
        reason=reason,
        detail=detail,
        reason_at=reason_at,
    )


def _told(why: Why, place: np.int64) -> tuple[Reason, str, int | None]:
    at = int(why.at[place])
    reason, detail = REASONS[why.reason[place]], DETAILS[why.detail[place]]
    return reason, detail, None if at == NEVER else at


def counted(why: Why) -> dict[tuple[Reason, str], int]:
    """Count reasons with their details, the most frequent first."""
    pairs, counts = np.unique(why.reason * len(DETAILS) + why.detail, return_counts=True)
    return {
        (REASONS[pairs[n] // len(DETAILS)], DETAILS[pairs[n] % len(DETAILS)]): int(counts[n])
        for n in np.argsort(-counts, kind="stable")
    }
