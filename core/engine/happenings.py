"""What flows need to know of a batch: which events matter to which campaign, and the firings."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.domain.matchers import OURS
from core.domain.values import JsonValue
from core.engine.batches import MISSING, Bools, EventBatch, Int64s, PropertyColumn
from core.engine.matching import matches
from core.engine.plans import Plan

UNSUBSCRIBED, SUPPRESSED = 1, 2
MAIL_EVENTS: Mapping[str, int] = {
    "email_unsubscribed": UNSUBSCRIBED,
    "email_bounced": SUPPRESSED,
    "email_complained": SUPPRESSED,
}
_BITS_AT_ONCE = 62


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Happenings:
    """The events that matter to flows, as equally long lists: each person's together, in order.

    `user` is the code, `at` the time (µs), `row` the batch's reference to the event, `place` its
    place in the batch; `mail` has the bits of `MAIL_EVENTS`, `bits[n]` those of plan n.
    """

    user: Int64s
    at: Sequence[int]
    row: Sequence[int]
    place: Sequence[int]
    mail: Sequence[int]
    bits: Sequence[Sequence[int]]
    properties: Mapping[str, PropertyColumn]

    def property_of(self, index: int) -> Callable[[str], JsonValue]:
        """Give what looks up the properties of one of the events."""
        place = self.place[index]
        return lambda name: property_at(self.properties[name], place)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Raised:
    """The raw firings of one campaign as lists, each person's together, in order.

    `caused_at` is the time of the event behind the firing, `is_wanted` says whether the audience
    holds the person. Firings of a deadline happen between events, the others at their event.
    """

    user: Int64s
    at: Sequence[int]
    row: Sequence[int]
    key: Sequence[int]
    key_texts: Sequence[str]
    caused_at: Sequence[int]
    is_wanted: Sequence[bool]
    at_deadline: bool
    properties: Mapping[str, Sequence[JsonValue]]

    def key_of(self, index: int) -> str | None:
        """Give the key of a firing; None without one."""
        code = self.key[index]
        return None if code == MISSING else self.key_texts[code]


def property_at(column: PropertyColumn, place: int) -> JsonValue:
    """Look up a property of the event at a place of its batch; None where it is missing."""
    code = int(column.codes[place])
    return None if code == MISSING else column.values[code]


def happenings_of(
    batch: EventBatch, plans: Sequence[Plan], is_after_entry: Bools, is_needed: Bools
) -> Happenings:
    """Pick the events of a batch that matter to somebody on their way.

    Of those for whom no trigger fired yet, only what became of their address matters. `is_needed`
    marks events that are picked all the same.
    """
    by_plan = [_bit_groups(plan, batch) for plan in plans]
    mail = _mail_bits(batch)
    is_asked = np.zeros(len(batch), dtype=np.bool_)
    for groups in by_plan:
        for bits in groups:
            is_asked |= bits != 0
    is_wanted = is_needed | (mail != 0) | (is_asked & is_after_entry)
    index = np.flatnonzero(is_wanted)
    return Happenings(
        user=batch.user[index].astype(np.int64),
        at=batch.timestamp[index].tolist(),
        row=batch.row[index].tolist(),
        place=index.tolist(),
        mail=mail[index].tolist(),
        bits=[_wide(groups, index) for groups in by_plan],
        properties=batch.properties,
    )


def _mail_bits(batch: EventBatch) -> Int64s:
    said = [MAIL_EVENTS.get(name.removeprefix(OURS), 0) for name in batch.names]
    by_name = np.array(said, dtype=np.int64)
    return by_name[batch.name] if len(by_name) else np.zeros(len(batch), dtype=np.int64)


def _bit_groups(plan: Plan, batch: EventBatch) -> list[Int64s]:
    """Give for each event the bits of the matchers it satisfies, 62 to an array."""
    groups = []
    for first in range(0, len(plan.awaited), _BITS_AT_ONCE):
        bits = np.zeros(len(batch), dtype=np.int64)
        for shift, awaited in enumerate(plan.awaited[first : first + _BITS_AT_ONCE]):
            bits |= matches(awaited.matcher, batch).astype(np.int64) << shift
        groups.append(bits)
    return groups


def _wide(groups: Sequence[Int64s], index: Int64s) -> list[int]:
    """Put groups of bits together: Python's whole numbers have no end."""
    if not groups:
        return [0] * len(index)
    wide: list[int] = groups[0][index].tolist()
    for number, bits in enumerate(groups[1:], start=1):
        shift = number * _BITS_AT_ONCE
        wide = [low | high << shift for low, high in zip(wide, bits[index].tolist(), strict=True)]
    return wide
