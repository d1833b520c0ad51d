"""The people of a test as arrays: one row per person, from their first time at the split.

People are compared, never sends: whoever came to the split counts once, with the variant recorded
there, whatever was sent to them afterwards (6.3). Windows begin at the split as well.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from core.engine.batches import Bools, Int32s, Int64s
from core.engine.memory import NEVER

Floats = NDArray[np.float64]
Int8s = NDArray[np.int8]
Kind = TypeVar("Kind", bound=np.generic)

_LAST = np.iinfo(np.int64).max


class Origin(StrEnum):
    """Where the people of a test were observed."""

    LIVE = "live"
    FILE = "file"
    REPLAY = "replay"


class Exclusion(StrEnum):
    """Why rows or people are in no figure. Repeated rows are rows, all others people."""

    REPEATED_ROWS = "repeated_rows"
    SEVERAL_VARIANTS = "several_variants"
    UNKNOWN_VARIANT = "unknown_variant"
    HELD_OUT = "held_out"
    GOAL_BEFORE_SPLIT = "goal_before_split"
    BEFORE_START = "before_start"
    AFTER_END = "after_end"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GoalEvents:
    """Events that mean a goal: whose (place among the exposed), when (µs), and the money in each.

    `is_machine` marks clicks of scanners, which nobody made; they reach no goal.
    """

    person: Int32s
    at: Int64s
    value: Floats | None = None
    is_machine: Bools | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GoalColumn:
    """Who reached a goal within their window, when first (µs, NEVER without), for how much money.

    `reached_at` is None where only the fact is known, `value` None where no money is recorded.
    """

    name: str
    is_reached: Bools
    reached_at: Int64s | None = None
    value: Floats | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MailColumns:
    """What became of each person's e-mails since the split; None where nobody recorded it.

    `clicked` and `opened` count whatever was recorded, the other two those who are known only by
    clicks of scanners, or openings of mail programs. None of it ever decides a test.
    """

    sent: Bools | None = None
    delivered: Bools | None = None
    clicked: Bools | None = None
    clicked_by_machine_only: Bools | None = None
    opened: Bools | None = None
    opened_by_machine_only: Bools | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SegmentColumn:
    """Groups of the people: `code` is a place in `labels`, or -1 where it is not known."""

    name: str
    labels: tuple[str, ...]
    code: Int32s


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExposedPeople:
    """Everybody who came to the split, in the order of their first time there.

    Arrays have one entry per person; times are µs since 1970 UTC. `variant` is a place in
    `variants`. A window that ends after the time of reading leaves its person out of every rate.
    """

    origin: Origin
    variants: tuple[str, ...]
    variant: Int8s
    exposed_at: Int64s
    window_ends_at: Int64s
    goals: tuple[GoalColumn, ...]
    guardrails: tuple[GoalColumn, ...] = ()
    value_before: Floats | None = None
    mails: MailColumns | None = None
    source: SegmentColumn | None = None
    segments: tuple[SegmentColumn, ...] = ()
    is_in_other_tests: Bools | None = None
    excluded: Mapping[Exclusion, int]
    row_count: int
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Count the people."""
        return len(self.variant)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FirstExposures:
    """The first exposure of each person who saw one variant only, in order of time.

    `row` is where it stands among the rows, `person` the code there; `repeated_count` are rows
    beyond anybody's first, `several_count` people left out because they came under two variants.
    """

    row: NDArray[np.intp]
    person: Int64s
    variant: Int8s
    exposed_at: Int64s
    repeated_count: int
    several_count: int


def first_exposures(person: Int64s, variant: Int8s, exposed_at: Int64s) -> FirstExposures:
    """Reduce exposures (shape: rows) to people: sends, or times at the split, are not compared.

    Somebody under two variants got both, and so tells nothing about either.
    """
    order = np.lexsort((exposed_at, person))
    starts = np.flatnonzero(_begins(person[order]))
    if len(starts) == 0:
        return FirstExposures(
            row=order,
            person=person[:0],
            variant=variant[:0],
            exposed_at=exposed_at[:0],
            repeated_count=0,
            several_count=0,
        )
    ordered = variant[order]
    is_one = np.minimum.reduceat(ordered, starts) == np.maximum.reduceat(ordered, starts)
    first = order[starts[is_one]]
    first = first[np.argsort(exposed_at[first], kind="stable")]
    sizes = np.diff(np.append(starts, len(order)))
    return FirstExposures(
        row=first,
        person=person[first],
        variant=variant[first],
        exposed_at=exposed_at[first],
        repeated_count=int((sizes[is_one] - 1).sum()),
        several_count=int((~is_one).sum()),
    )


def goal_column(
    name: str, exposed_at: Int64s, window_ends_at: Int64s, events: GoalEvents
) -> GoalColumn:
    """Join events to people: first time and money in `(exposed_at, window_ends_at]`.

    The window begins at the split, not at the e-mail: whoever gets theirs four hours later would
    otherwise have four hours more in which others could not count.
    """
    count = len(exposed_at)
    person, at = events.person, events.at
    counts = (at > exposed_at[person]) & (at <= window_ends_at[person])
    if events.is_machine is not None:
        counts &= ~events.is_machine
    reached_at = np.full(count, _LAST, dtype=np.int64)
    np.minimum.at(reached_at, person[counts], at[counts])
    is_reached = reached_at != _LAST
    value = None
    if events.value is not None:
        value = _added_up(person[counts], events.value[counts], count)
    return GoalColumn(
        name=name,
        is_reached=is_reached,
        reached_at=np.where(is_reached, reached_at, NEVER),
        value=value,
    )


def spent_before(exposed_at: Int64s, events: GoalEvents) -> Floats:
    """Add up each person's money before the split: the covariate that CUPED takes out."""
    if events.value is None:
        return np.zeros(len(exposed_at))
    before = events.at <= exposed_at[events.person]
    return _added_up(events.person[before], events.value[before], len(exposed_at))


def flagged(count: int, person: Int32s, is_machine: Bools | None = None) -> tuple[Bools, Bools]:
    """Say who did something at all, and who is known for it by machines only (shape: people)."""
    did = np.zeros(count, dtype=np.bool_)
    did[person] = True
    by_people = np.zeros(count, dtype=np.bool_)
    by_people[person if is_machine is None else person[~is_machine]] = True
    return did, did & ~by_people


def chosen_people(people: ExposedPeople, places: NDArray[np.intp] | Bools) -> ExposedPeople:
    """Take some of the people, in the order of `places`."""
    return replace(
        people,
        variant=people.variant[places],
        exposed_at=people.exposed_at[places],
        window_ends_at=people.window_ends_at[places],
        goals=tuple(_goal(goal, places) for goal in people.goals),
        guardrails=tuple(_goal(goal, places) for goal in people.guardrails),
        value_before=_part(people.value_before, places),
        mails=None if people.mails is None else _mails(people.mails, places),
        source=None if people.source is None else _segment(people.source, places),
        segments=tuple(_segment(segment, places) for segment in people.segments),
        is_in_other_tests=_part(people.is_in_other_tests, places),
    )


def in_order(people: ExposedPeople) -> ExposedPeople:
    """Put people into the order of their exposure."""
    if (np.diff(people.exposed_at) >= 0).all():
        return people
    return chosen_people(people, np.argsort(people.exposed_at, kind="stable"))


def until_end(people: ExposedPeople, ended_at: int) -> ExposedPeople:
    """Leave out who came after the end of the test (µs), and count them."""
    is_in = people.exposed_at <= ended_at
    if is_in.all():
        return people
    excluded = {**people.excluded, Exclusion.AFTER_END: int((~is_in).sum())}
    return replace(chosen_people(people, is_in), excluded=excluded)


def _added_up(person: Int32s, value: Floats, count: int) -> Floats:
    return np.bincount(person, weights=value, minlength=count).astype(np.float64, copy=False)


def _goal(goal: GoalColumn, places: NDArray[np.intp] | Bools) -> GoalColumn:
    return replace(
        goal,
        is_reached=goal.is_reached[places],
        reached_at=_part(goal.reached_at, places),
        value=_part(goal.value, places),
    )


def _mails(mails: MailColumns, places: NDArray[np.intp] | Bools) -> MailColumns:
    return MailColumns(**{f.name: _part(getattr(mails, f.name), places) for f in fields(mails)})


def _segment(segment: SegmentColumn, places: NDArray[np.intp] | Bools) -> SegmentColumn:
    return replace(segment, code=segment.code[places])


def _part(values: NDArray[Kind] | None, places: NDArray[np.intp] | Bools) -> NDArray[Kind] | None:
    return None if values is None else values[places]


def _begins(sorted_codes: Int64s) -> Bools:
    is_first = np.ones(len(sorted_codes), dtype=np.bool_)
    is_first[1:] = sorted_codes[1:] != sorted_codes[:-1]
    return is_first
