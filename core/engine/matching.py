"""Which events of a batch satisfy a matcher, decided once per distinct value (SEMANTICS 2)."""

from collections.abc import Sequence
from decimal import Decimal

import numpy as np

from core.domain.matchers import Matcher, PropertyCondition
from core.domain.values import JsonValue, as_number, key_text
from core.engine.batches import MISSING, Bits, Bools, EventBatch, Int32s, Int64s, PropertyColumn

MICRO = 1_000_000
LARGEST_WHOLE = 1_000_000_000_000


def matches(matcher: Matcher, batch: EventBatch) -> Bools:
    """Give for each event of the batch whether it matches (shape: events)."""
    by_name = np.array([matcher.accepts_name(name) for name in batch.names], dtype=np.bool_)
    every = bool(by_name.all())
    mask = np.ones(len(batch), dtype=np.bool_) if every else by_name[batch.name]
    for condition in matcher.where:
        mask &= _holds(condition, batch.properties[condition.property])
    return mask


def match_bits(matchers: Sequence[Matcher], batch: EventBatch) -> Bits:
    """Give for each event a bit per matcher it satisfies, the first matcher in the lowest bit."""
    by_name = np.zeros(len(batch.names), dtype=np.uint8)  # of the matchers without conditions
    for position, matcher in enumerate(matchers):
        if not matcher.where:
            accepted = [matcher.accepts_name(name) for name in batch.names]
            by_name |= np.array(accepted, dtype=np.uint8) << np.uint8(position)
    bits = by_name[batch.name]
    for position, matcher in enumerate(matchers):
        if matcher.where:
            bits |= matches(matcher, batch).view(np.uint8) << np.uint8(position)
    return bits


def key_codes(column: PropertyColumn) -> tuple[Int32s, Sequence[str]]:
    """Give each event's key as an index into the list of key texts; MISSING where it has none.

    Values that spell the same key (5, 5.0 and "5") share one index: that of the first.
    """
    values = column.values
    if set(map(type, values)) <= {str}:
        return column.codes, values  # type: ignore[return-value]  # narrowed by the line above
    texts: list[str] = []
    index_by_text: dict[str, int] = {}
    lookup = np.full(len(values) + 1, MISSING, dtype=np.int32)  # the last is for MISSING itself
    for code, value in enumerate(values):
        text = key_text(value)
        texts.append("" if text is None else text)
        if text is not None:
            lookup[code] = index_by_text.setdefault(text, code)
    return lookup[column.codes], texts


def amounts(column: PropertyColumn) -> tuple[Bools, Int64s, Int64s]:
    """Give for each event whether its value is a finite number, and that number in two parts.

    The parts are whole units (rounded down) and millionths, 0 to 999,999: sums of them are exact
    and do not depend on the order of addition, so that 33.10 + 33.45 + 33.45 reaches 100. Numbers
    are rounded to six decimals and clamped to ±10¹².
    """
    lookup = [_amount(value) for value in column.values] + [(False, 0, 0)]
    is_number = np.array([entry[0] for entry in lookup], dtype=np.bool_)
    whole = np.array([entry[1] for entry in lookup], dtype=np.int64)
    micro = np.array([entry[2] for entry in lookup], dtype=np.int64)
    return is_number[column.codes], whole[column.codes], micro[column.codes]


def split_amount(number: int | Decimal) -> tuple[int, int]:
    """Split a number into whole units (rounded down) and millionths, rounding half to even."""
    clamped = max(-LARGEST_WHOLE, min(LARGEST_WHOLE, number))
    return divmod(round(Decimal(clamped) * MICRO), MICRO)


def _amount(value: JsonValue) -> tuple[bool, int, int]:
    number = as_number(value)
    return (False, 0, 0) if number is None else (True, *split_amount(number))


def _holds(condition: PropertyCondition, column: PropertyColumn) -> Bools:
    answers = [condition.accepts(value) for value in column.values]
    answers.append(condition.accepts(None))  # index -1: the missing value
    return np.array(answers, dtype=np.bool_)[column.codes]
