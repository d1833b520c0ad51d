"""Which enrolment and which message of one run is the other run's: the same occasion.

All pairing is symmetric: with the two runs exchanged, the same things are paired.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from core.domain.durations import to_microseconds
from core.domain.steps import SendStep
from core.engine.batches import Bools, Int32s, Int64s
from core.rehearsal.reports.sides import Entered, Side

# Two entries of one person that neither an event nor an instant joins are one occasion when they
# lie no further apart than this.
SAME_OCCASION = timedelta(days=7)
NOBODY = -1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pairs:
    """Places on the one side and on the other (equally long), each at most once."""

    before: Int64s
    after: Int64s

    def swapped(self) -> "Pairs":
        """Exchange the two sides."""
        return Pairs(before=self.after, after=self.before)

    def partner_of_before(self, count: int) -> Int64s:
        """Give the partner of each of `count` places before, or NOBODY."""
        return _partners(self.before, self.after, count)

    def partner_of_after(self, count: int) -> Int64s:
        """Give the partner of each of `count` places after, or NOBODY."""
        return _partners(self.after, self.before, count)


def _partners(own: Int64s, other: Int64s, count: int) -> Int64s:
    partner = np.full(count, NOBODY, dtype=np.int64)
    partner[own] = other
    return partner


def pair_enrolments(before: Entered, after: Entered) -> Pairs:
    """Pair enrolments caused by the same event, else of one instant, else nearest in time."""
    pairs = _Pairing(len(before), len(after))
    pairs.add_equal([before.row], [after.row])
    pairs.add_equal([before.user, before.entered_at], [after.user, after.entered_at])
    pairs.add_nearest(before, after)
    return pairs.all()


def pair_messages(before: Side, after: Side, enrolments: Pairs) -> Pairs:
    """Pair the messages of paired enrolments by step, else by template in order."""
    pairs = _Pairing(len(before.due), len(after.due))
    own = enrolments.partner_of_before(len(before.entered))[before.due.enrolment]
    other = np.where(
        enrolments.partner_of_after(len(after.entered))[after.due.enrolment] == NOBODY,
        NOBODY - 1,  # equal to no place before
        after.due.enrolment,
    )
    codes: dict[str, int] = {}
    for name in ("id", "template"):
        one, two = (_named(side, name, codes)[side.due.step] for side in (before, after))
        pairs.add_equal([own, one], [other, two])
    return pairs.all()


def _named(side: Side, name: str, codes: dict[str, int]) -> Int64s:
    """Number the ids or the templates of a campaign's steps, alike on both sides."""
    texts = [
        f"{name} {getattr(step, name) if isinstance(step, SendStep) else ''}"
        for step in side.campaign.steps
    ]
    return np.array([codes.setdefault(text, len(codes)) for text in texts], dtype=np.int64)


class _Pairing:
    """Pairs found so far, and the places that have none yet."""

    def __init__(self, before_count: int, after_count: int) -> None:
        self._before, self._after = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
        self._free = np.arange(before_count), np.arange(after_count)

    def all(self) -> Pairs:
        return Pairs(before=np.concatenate(self._before), after=np.concatenate(self._after))

    def add_equal(
        self, before: Sequence[Int64s | Int32s], after: Sequence[Int64s | Int32s]
    ) -> None:
        """Pair free places whose columns are equal; several equal ones in order."""
        one, two = self._free
        code = _codes(
            [np.concatenate([b[one], a[two]]) for b, a in zip(before, after, strict=True)]
        )
        _, found, others = np.intersect1d(
            _with_rank(code[: len(one)]), _with_rank(code[len(one) :]), True, return_indices=True
        )
        self._take(one[found], two[others])

    def add_nearest(self, before: Entered, after: Entered) -> None:
        """Pair free enrolments of one person that are each other's nearest, until there is none."""
        one, two = self._free
        own, other = _moments(
            [before.user[one], after.user[two]], [before.entered_at[one], after.entered_at[two]]
        )
        while True:
            nearest, back = _nearest(own, other), _nearest(other, own)
            near = np.flatnonzero(nearest != NOBODY)
            found = near[back[nearest[near]] == near]
            if not len(found):
                return
            self._take(one[found], two[nearest[found]])
            # Whoever has nobody near now will not have anybody later either.
            one_is_open, two_is_open = nearest != NOBODY, back != NOBODY
            one_is_open[found], two_is_open[nearest[found]] = False, False
            one, two = one[one_is_open], two[two_is_open]
            own, other = own.where(one_is_open), other.where(two_is_open)

    def _take(self, before: Int64s, after: Int64s) -> None:
        self._before.append(before)
        self._after.append(after)
        one, two = self._free
        self._free = np.setdiff1d(one, before, True), np.setdiff1d(two, after, True)


def _codes(columns: Sequence[Int64s | Int32s]) -> Int64s:
    """Number the rows of some columns: equal rows have equal numbers."""
    code = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        values = column.astype(np.int64) - int(column.min(initial=0))
        # Sorting is what costs: only what would not fit into 64 bits side by side is numbered.
        if _count(code) * _count(values) >= _MOST_CODES:
            code, values = _numbered(code), _numbered(values)
        code = code * _count(values) + values
    return _numbered(code)


def _count(code: Int64s) -> int:
    return int(code.max(initial=0)) + 1


def _numbered(code: Int64s) -> Int64s:
    number: Int64s = np.unique(code, return_inverse=True)[1]
    return number


_MOST_CODES = 1 << 62
# More than a person has messages or enrolments of one kind; codes stay far below 2^63 / this.
_MOST_ALIKE = 1 << 31


def _with_rank(code: Int64s) -> Int64s:
    """Make equal codes different by their order of appearance."""
    order = np.argsort(code, kind="stable")
    ordered = code[order]
    starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])[: len(code)])
    lengths = np.diff(np.append(starts, len(code)))
    rank = np.empty(len(code), dtype=np.int64)
    rank[order] = np.arange(len(code)) - np.repeat(starts, lengths)
    return code * _MOST_ALIKE + rank


def nearest_of(user: Int32s, at: Int64s, other_user: Int32s, other_at: Int64s) -> Int64s:
    """Find the same person's nearest instant in another list, the earlier of two equally near.

    The other list stands by user and time. NOBODY where none lies within `SAME_OCCASION`.
    """
    return _nearest(*_moments([user, other_user], [at, other_at]))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Moments:
    """Instants of people; `place` orders them by user and time, alike on both sides."""

    user: Int32s
    at: Int64s
    place: Int64s

    def where(self, chosen: Bools) -> "_Moments":
        return _Moments(user=self.user[chosen], at=self.at[chosen], place=self.place[chosen])


def _moments(users: Sequence[Int32s], times: Sequence[Int64s]) -> list[_Moments]:
    """Give moments of both sides places in one order."""
    # Sorted with repetitions: equal instants still have one place, and numpy is slow to drop them.
    instants = np.sort(np.concatenate(times))
    return [
        _Moments(
            user=user,
            at=at,
            place=user.astype(np.int64) * len(instants) + np.searchsorted(instants, at),
        )
        for user, at in zip(users, times, strict=True)
    ]


def _nearest(own: _Moments, other: _Moments) -> Int64s:
    """Find for each moment the nearest of the others, a place among them, or NOBODY."""
    if not len(other.at):
        return np.full(len(own.at), NOBODY, dtype=np.int64)
    position = np.searchsorted(other.place, own.place)
    candidates = np.stack([position - 1, position])
    inside = np.clip(candidates, 0, len(other.at) - 1)
    distance = np.abs(other.at[inside] - own.at)
    too_far = (inside != candidates) | (other.user[inside] != own.user)
    distance[too_far | (distance > to_microseconds(SAME_OCCASION))] = np.iinfo(np.int64).max
    choice = np.argmin(distance, axis=0)
    chosen = np.take_along_axis(distance, choice[None, :], axis=0)[0]
    found = np.take_along_axis(candidates, choice[None, :], axis=0)[0]
    return np.where(chosen == np.iinfo(np.int64).max, NOBODY, found)
