"""Everybody's walks through the campaigns of a run, fed batch by batch (SEMANTICS 7.5)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.domain.campaigns import Campaign
from core.domain.durations import to_microseconds
from core.domain.triggers import AbsenceTrigger, InactivityTrigger
from core.domain.values import JsonValue
from core.engine.batches import Bools, EventBatch, Firings, Int32s, Int64s
from core.engine.enrolments import Person
from core.engine.happenings import Happenings, Raised, happenings_of
from core.engine.memory import NEVER
from core.engine.plans import Plan
from core.engine.recording import Book
from core.engine.walk import Walk

PersonsOf = Callable[[Int32s], list[Person]]
Begin = Callable[[int, Person], Walk]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlanFirings:
    """The raw firings of a plan's trigger in a batch, and what the flow must know of them.

    `is_wanted` says per firing whether the audience holds the person; `properties` gives per firing
    the properties that `$trigger.…` names (`Plan.trigger_properties`) of the event behind it.
    """

    firings: Firings
    is_wanted: Bools
    properties: Mapping[str, Sequence[JsonValue]]


class Crowd:
    """The people who are on their way; they come to be when a trigger first fires for them."""

    def __init__(
        self,
        plans: Sequence[Plan],
        persons_of: PersonsOf,
        book: Book,
        begin: Begin | None = None,
    ) -> None:
        """Begin with nobody; `persons_of` makes persons by user code, `begin` their walks."""
        self._plans = plans
        self._persons_of = persons_of
        self._book = book
        self._begin = begin or (lambda _, person: Walk(plans, person, book))
        self.walks: dict[int, Walk] = {}

    def meet(self, users: Int32s) -> None:
        """Let people begin to walk."""
        persons = self._persons_of(users)
        for user, person in zip(users.tolist(), persons, strict=True):
            self.walks[user] = self._begin(user, person)

    def proceed(
        self, batch: EventBatch, found: Sequence[PlanFirings], watermark: int
    ) -> list[Int64s]:
        """Let a batch happen, then time pass until the watermark (µs).

        The caller promises what `engine.triggers.advance` asks for. Gives the `Admission` of each
        firing, per plan.
        """
        raised = [_raised(p, f) for p, f in zip(self._plans, found, strict=True)]
        is_after = self._is_after_entry(batch, found)
        happenings = happenings_of(batch, self._plans, is_after, _causes(batch, raised))
        users = self._meet(happenings, raised)
        outcomes = [[0] * len(source.at) for source in raised]
        own = _ranges(happenings.user, users)
        of_each = [_ranges(source.user, users) for source in raised]
        settled_at = _settled(batch, users, watermark)
        for place, user in enumerate(users.tolist()):
            self._book.turn_to(user)
            self.walks[user].proceed(
                happenings,
                own[place],
                raised,
                [ranges[place] for ranges in of_each],
                outcomes,
                settled_at[place],
            )
        return [np.array(outcome, dtype=np.int64) for outcome in outcomes]

    def _is_after_entry(self, batch: EventBatch, found: Sequence[PlanFirings]) -> Bools:
        """Say of each event whether its user may be on their way by then (shape: events)."""
        known = np.fromiter(self.walks, dtype=np.int32, count=len(self.walks))
        users = [batch.user, known, *(plan.firings.user for plan in found)]
        size = 1 + max((int(codes.max()) for codes in users if len(codes)), default=0)
        first_at = np.full(size, np.iinfo(np.int64).max, dtype=np.int64)
        for plan in found:
            np.minimum.at(first_at, plan.firings.user, plan.firings.fired_at)
        first_at[known] = NEVER
        is_after: Bools = batch.timestamp >= first_at[batch.user]
        return is_after

    def _meet(self, happenings: Happenings, raised: Sequence[Raised]) -> Int32s:
        """Give everybody concerned, sorted; newcomers begin to walk.

        What became of somebody's address counts before any trigger fires for them.
        """
        mailed = happenings.user[np.array(happenings.mail, dtype=np.int64) != 0]
        concerned = np.unique(np.concatenate([mailed, *(source.user for source in raised)]))
        newcomers = concerned[[user not in self.walks for user in concerned.tolist()]]
        self.meet(newcomers.astype(np.int32))
        return np.array(sorted(self.walks), dtype=np.int32)


def deadline_of(campaign: Campaign) -> int | None:
    """Give how long after its start a campaign's trigger fires (µs); None if at an event."""
    match campaign.trigger:
        case AbsenceTrigger(within=within):
            return to_microseconds(within)
        case InactivityTrigger():
            return to_microseconds(campaign.trigger.as_absence().within)
        case _:
            return None


def _raised(plan: Plan, found: PlanFirings) -> Raised:
    firings, wait = found.firings, deadline_of(plan.campaign)
    caused_at = firings.fired_at if wait is None else firings.fired_at - wait
    return Raised(
        user=firings.user.astype(np.int64),
        at=firings.fired_at.tolist(),
        row=firings.row.tolist(),
        key=firings.key.tolist(),
        key_texts=firings.key_texts,
        caused_at=caused_at.tolist(),
        is_wanted=found.is_wanted.tolist(),
        at_deadline=wait is not None,
        properties=found.properties,
    )


def _causes(batch: EventBatch, raised: Sequence[Raised]) -> Bools:
    """Mark the events at which a trigger fired: the walks must pass them."""
    rows = [source.row for source in raised if not source.at_deadline]
    return np.isin(batch.row, np.array([row for part in rows for row in part], dtype=np.int64))


def _settled(batch: EventBatch, users: Int32s, watermark: int) -> list[int]:
    """Give for each user the time up to which all is known: an event shows that time has passed."""
    settled = np.full(len(users), watermark, dtype=np.int64)
    if len(batch):
        last = np.searchsorted(batch.user, users, "right") - 1
        has_events = (last >= 0) & (batch.user[last] == users)
        shown = batch.timestamp[last] - 1
        settled = np.where(has_events, np.maximum(settled, shown), settled)
    known: list[int] = settled.tolist()
    return known


def _ranges(user: Int64s, users: Int32s) -> list[range]:
    """Give for each of `users` the places at which they stand in a sorted array."""
    begins = np.searchsorted(user, users, "left").tolist()
    ends = np.searchsorted(user, users, "right").tolist()
    return list(map(range, begins, ends))
