"""SEMANTICS 3 read plainly: the raw firings of one trigger over a whole history."""

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, NamedTuple

from tests.reference.matching import (
    Event,
    in_order,
    key_text,
    look_up,
    matches,
    microseconds,
    number,
)

BY_EVENT = 0
BY_TIMER = 1

_LARGEST = Decimal(1_000_000_000_000)
_SMALLEST_STEP = Decimal("0.000001")

# What a rule yields for one user and key: the event that caused a firing, and when it fired.
_Moments = list[tuple[Event, int]]


class Firing(NamedTuple):
    """A raw firing (3.7); `order` is BY_EVENT or BY_TIMER: events come first (1.6)."""

    user_id: str
    key: str | None
    fired_at: int
    event_id: str
    order: int


def raw_firings(trigger: dict[str, Any], events: list[Event], watermark: int) -> list[Firing]:
    """List all raw firings up to the watermark: by user, then in the order of 1.6 and 5.8."""
    timeline = in_order([event for event in events if event.timestamp <= watermark])
    firings = []
    for user_id in sorted({event.user_id for event in timeline}):
        own = [event for event in timeline if event.user_id == user_id]
        firings += _firings_of_user(trigger, own, watermark)
    return firings


def _firings_of_user(trigger: dict[str, Any], own: list[Event], watermark: int) -> list[Firing]:
    order = BY_TIMER if trigger["kind"] in ("absence", "inactivity") else BY_EVENT
    found = []
    for key, lane in _lanes(trigger, own):
        for cause, fired_at in _RULES[trigger["kind"]](trigger, lane, watermark):
            firing = Firing(cause.user_id, key, fired_at, cause.event_id, order)
            # 1.6, 5.8: at one instant in the order in which the causing events were handled.
            found.append((fired_at, order, cause.timestamp, cause.seq, firing))
    return [firing for *_, firing in sorted(found, key=lambda row: row[:4])]


def _lanes(trigger: dict[str, Any], own: list[Event]) -> list[tuple[str | None, list[Event]]]:
    """Part a user's events by key; an event without the key is in no lane (2.3)."""
    if trigger.get("key") is None:
        return [(None, own)]
    keyed = [(key_text(look_up(event.properties, trigger["key"])), event) for event in own]
    keys = sorted({key for key, _ in keyed if key is not None})
    return [(key, [event for other, event in keyed if other == key]) for key in keys]


def _event_rule(trigger: dict[str, Any], lane: list[Event], _watermark: int) -> _Moments:
    """Fire at every matching event (3.1)."""
    return [(event, event.timestamp) for event in lane if matches(trigger["match"], event)]


def _count_rule(trigger: dict[str, Any], lane: list[Event], _watermark: int) -> _Moments:
    """Fire at a match when at least so many lie in (t − within, t] up to it (3.2)."""
    within = microseconds(trigger["within"])
    matching = [event for event in lane if matches(trigger["match"], event)]
    moments = []
    for position, event in enumerate(matching):
        up_to_it = matching[: position + 1]
        count = len([e for e in up_to_it if e.timestamp > event.timestamp - within])
        if count >= trigger["at_least"]:
            moments.append((event, event.timestamp))
    return moments


def _sum_rule(trigger: dict[str, Any], lane: list[Event], _watermark: int) -> _Moments:
    """Fire at a match when the property sums up to at least so much in (t − within, t] (3.3)."""
    within, wanted = microseconds(trigger["within"]), addend(trigger["at_least"])
    assert wanted is not None
    matching = []
    for event in lane:
        amount = addend(look_up(event.properties, trigger["property"]))
        if amount is not None and matches(trigger["match"], event):
            matching.append((event, amount))
    moments = []
    for position, (event, _) in enumerate(matching):
        up_to_it = matching[: position + 1]
        total = sum(a for e, a in up_to_it if e.timestamp > event.timestamp - within)
        if total >= wanted:
            moments.append((event, event.timestamp))
    return moments


def addend(value: Any) -> Decimal | None:
    """Give what a value adds to a sum: six decimals, at most ±1e12; None for no number (3.3)."""
    amount = number(value)
    if amount is None:
        return None
    clamped = max(-_LARGEST, min(_LARGEST, amount))
    return clamped.quantize(_SMALLEST_STEP, rounding=ROUND_HALF_EVEN)


def _absence_rule(trigger: dict[str, Any], lane: list[Event], watermark: int) -> _Moments:
    """Fire at the deadline of a start that no `unless` followed in time (3.4)."""
    within = microseconds(trigger["within"])
    anchor = trigger.get("anchor", "last")
    armed_by: Event | None = None
    moments = []
    for event in lane:
        # Strictly before: at the deadline's own instant, events come first (1.6).
        if armed_by is not None and armed_by.timestamp + within < event.timestamp:
            moments.append((armed_by, armed_by.timestamp + within))
            armed_by = None
        if matches(trigger["unless"], event):
            armed_by = None
        if matches(trigger["start"], event) and (armed_by is None or anchor == "last"):
            armed_by = event
    if armed_by is not None and armed_by.timestamp + within <= watermark:
        moments.append((armed_by, armed_by.timestamp + within))
    return moments


def _inactivity_rule(trigger: dict[str, Any], lane: list[Event], watermark: int) -> _Moments:
    """Fire as the absence that inactivity is by definition (3.5)."""
    of = trigger.get("of", {"event": "*"})
    absence = {"start": of, "unless": of, "within": trigger["for"], "anchor": "last"}
    return _absence_rule(absence, lane, watermark)


def _sequence_rule(trigger: dict[str, Any], lane: list[Event], _watermark: int) -> _Moments:
    """Fire at the event that completes the steps in order and in time (3.6)."""
    steps, within = trigger["steps"], microseconds(trigger["within"])
    first_at: dict[int, int] = {}  # length of a prefix -> latest time of its first event
    moments = []
    for event in lane:
        if _completes(event, steps, first_at, within):
            moments.append((event, event.timestamp))
            # All chains are cleared; the completing event is used up and starts no new one.
            first_at = {}
        else:
            _advance(event, steps, first_at)
    return moments


def _completes(
    event: Event, steps: list[dict[str, Any]], first_at: dict[int, int], within: int
) -> bool:
    started_at = first_at.get(len(steps) - 1)
    if started_at is None or not matches(steps[-1], event):
        return False
    return event.timestamp - started_at <= within


def _advance(event: Event, steps: list[dict[str, Any]], first_at: dict[int, int]) -> None:
    """Lengthen every chain by at most one step, longer chains first, then start one (3.6)."""
    for length in range(len(steps) - 2, 0, -1):
        if length in first_at and matches(steps[length], event):
            latest = max(first_at[length], first_at.get(length + 1, first_at[length]))
            first_at[length + 1] = latest
    if matches(steps[0], event):
        first_at[1] = event.timestamp


_RULES = {
    "event": _event_rule,
    "count": _count_rule,
    "sum": _sum_rule,
    "absence": _absence_rule,
    "inactivity": _inactivity_rule,
    "sequence": _sequence_rule,
}
