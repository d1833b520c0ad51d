"""Hypothesis strategies: small nasty histories, triggers and campaigns that fit them, and splits.

Everything is drawn from one `Vocabulary` per example: few names, few values, and times on a grid
whose unit is a divisor of every window, so that ties and exact boundaries are the rule.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain, pairwise
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from tests.reference.matching import Event, in_order, microseconds, number

KINDS = ("event", "count", "sum", "absence", "inactivity", "sequence")
EPOCH = 1_600_000_000_000_000
MISSING = "<missing>"  # a marker in the pools below: the property is left out

# One, two, three and four times the unit of the time grid, as people write them.
_WINDOWS = (
    ("1s", "2s", "3s", "4s"),
    ("30s", "1m", "1m30s", "120s"),
    ("12h", "24h", "1d12h", "2d"),
    ("7d", "14d", "21d", "28d"),
)
_NAMES = ("view", "add", "buy")
_USERS = ("123", "00123", "1234567890123456789", "ünal")
# Values that are easily taken for one another stand together: an example draws from one group or
# from all of them.
VALUE_GROUPS: tuple[tuple[Any, ...], ...] = (
    ("5", 5, 5.0, "005", " 5 ", "5.0", "5e0", "+5", [5], ["5"], {"x": 5}, {"x": "5"}, "5abc", 55),
    (True, "true", 1, 1.0, "1", [True], [1], [1.0], ["true"], "１", False, 0, -0.0, "0", [0]),
    (MISSING, None, "", " ", [], {}, [None], {"x": None}, 0, False, "null", "0"),
    ("abc", "ABC", "abcd", "5abc", ["abc", 5], ["abcd"], [["abc"], 5], {"abc": 5}, "c"),
    (1234567890123456789, "1234567890123456789", "1234567890123456788", 1234567890123456788),
    ("NaN", "nan", "inf", "-Infinity", "1e400", "1e300", 1e300, 10**30, "0x5", "1_0", "٥"),
    (-5, "-5", 5.5, "+5.5", "5.50", 0.1, "0.1", "0.10", "1e-1", 0, {"x": {"y": True}}, -5.5),
)
KEY_GROUPS: tuple[tuple[Any, ...], ...] = (
    ("x", "y", "z"),
    ("x", "X", " x", "", ["x"], {"x": 1}, MISSING, None),
    ("5", 5, 5.0, "005", "5.0", 5.5, "5.5", -5, 50, "50"),
    (True, "true", 1, "1", "True", False, "false", 0),
    (1234567890123456789, "1234567890123456789", "1234567890123456788", 1234567890123456788),
)
AMOUNT_GROUPS: tuple[tuple[Any, ...], ...] = (
    (1, 2, 5, 1.0, "5", " 2 ", "005", -1, -0.5, "1e0", "-1.5", 0),
    (0.1, 0.2, 0.3, "0.1", "0.3", -0.1),
    (1_000_000_000_000, 5e12, "1e13", 10**18, "1234567890123456789", 1e300, 999_999_999_999.5),
    (1_000_000_000_000, -1_000_000_000_000, "-1e13", 10**18, -(10**18), 1, 0.000001),
    (0.0000005, "0.0000015", 0.0000025, 0.0000004, "0.00000051", "1e-30", 0.000001, 1),
    (MISSING, None, True, "abc", "", "NaN", "inf", "1e400", [1], {"x": 1}, 1, "1"),
)
_TOTALS = (0.3, 1, 0, -1, 5, 1e12, -1e12, 0.000001, 0.0000005, 3.0000004)
# `p` holds values, `k` keys, `n` amounts; the other two paths end at a value as well.
_PATHS = ("p", "p", "k", "n", "in.p", "a.b", "in", "absent", "in.p.x")
_COMPARISONS = ("eq", "ne", "contains", "eq", "ne")
_ORDERINGS = ("gt", "gte", "lt", "lte")
_LISTINGS = ("in", "not_in")
_PRESENCES = ("exists", "not_exists")
_OPS = (*_COMPARISONS, *_ORDERINGS, *_LISTINGS, *_PRESENCES)
_BESIDE = (0, 0, 0, -1, 1)  # µs beside a point of the time grid
_GRID_POINTS = 9
_MOST_EVENTS = 25  # per user
_TRAITS = ("country", "score", "segments", "seen.last")
_SEGMENTS = ("VIP", "Repeat buyers", "New")
_TRAIT_VALUES: tuple[Any, ...] = (
    *("DE", "AT", "de", "5", 5, 5.0, True, "true", MISSING, None, "", ["DE", 5], {"last": 5}),
)
_SEGMENT_TRAITS: tuple[Any, ...] = (
    *("VIP", "VIP,New", "VIP, Repeat buyers", "Repeat buyers ,New", "vip", "", ",", "VIPs", 5),
    *(["VIP"], ["New", "Repeat buyers"], [], ["VIP, New"], [5, None], {"VIP": True}, None, MISSING),
)


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """What one example is made of; `windows` are 1, 2, 3 and 4 units of the time grid."""

    windows: tuple[str, ...]
    users: tuple[str, ...]
    names: tuple[str, ...]
    values: tuple[Any, ...]
    keys: tuple[Any, ...]
    amounts: tuple[Any, ...]

    @property
    def unit(self) -> int:
        """Give the distance of two points of the time grid, in µs."""
        return microseconds(self.windows[0])


@dataclass(frozen=True, kw_only=True)
class TriggerCase:
    """A trigger and a history for it; `events` are in order of arrival (`seq`)."""

    trigger: dict[str, Any]
    events: list[Event]
    watermark: int


@dataclass(frozen=True, kw_only=True)
class CampaignCase:
    """A campaign whose flow ends at once, a history and profiles for it (traits by user)."""

    campaign: dict[str, Any]
    events: list[Event]
    watermark: int
    profiles: dict[str, dict[str, Any]]


@st.composite
def trigger_cases(draw: DrawFn, kinds: tuple[str, ...] = KINDS) -> TriggerCase:
    """Draw a trigger of one of the kinds with a history in the same vocabulary."""
    words = _vocabulary(draw)
    trigger = _trigger(draw, words, kinds)
    events = _timeline(draw, words)
    return TriggerCase(trigger=trigger, events=events, watermark=_watermark(draw, words, events))


@st.composite
def campaign_cases(draw: DrawFn, kinds: tuple[str, ...] = KINDS) -> CampaignCase:
    """Draw a campaign with re-entry and audience, a history and profiles."""
    words = _vocabulary(draw)
    campaign = _campaign(draw, words, kinds)
    events = _timeline(draw, words)
    return CampaignCase(
        campaign=campaign,
        events=events,
        watermark=_watermark(draw, words, events),
        profiles=_profiles(draw, words),
    )


@st.composite
def splits(draw: DrawFn, events: list[Event]) -> list[list[Event]]:
    """Cut the whole timeline, ordered by (timestamp, seq), into consecutive non-empty batches."""
    timeline = in_order(events)
    cuts = {draw(_index(len(timeline) + 1)) for _ in range(draw(_index(9)))}
    bounds = sorted({0, *cuts, len(timeline)})
    return [timeline[low:high] for low, high in pairwise(bounds)]


@cache
def _index(size: int) -> SearchStrategy[int]:
    # Kept, because building strategies anew for every example costs more than drawing.
    return st.integers(0, size - 1)


def _pick(draw: DrawFn, pool: tuple[Any, ...]) -> Any:
    return pool[draw(_index(len(pool)))]


def _some(draw: DrawFn, pool: tuple[Any, ...], most: int) -> tuple[Any, ...]:
    return tuple(_pick(draw, pool) for _ in range(1 + draw(_index(most))))


def _vocabulary(draw: DrawFn) -> Vocabulary:
    return Vocabulary(
        windows=_pick(draw, _WINDOWS),
        users=_USERS[: 1 + draw(_index(len(_USERS)))],
        names=_NAMES[: 1 + draw(_index(len(_NAMES)))],
        values=_some(draw, _group(draw, VALUE_GROUPS), 4),
        keys=_some(draw, _group(draw, KEY_GROUPS), 3),
        amounts=_some(draw, _group(draw, AMOUNT_GROUPS), 4),
    )


def _group(draw: DrawFn, groups: tuple[tuple[Any, ...], ...]) -> tuple[Any, ...]:
    """Choose one of the groups, or all of them together."""
    return _pick(draw, (*groups, tuple(chain.from_iterable(groups))))


def _timeline(draw: DrawFn, words: Vocabulary) -> list[Event]:
    """Draw up to 25 events for each user, in order of arrival, at times that often coincide.

    An `event_id` is unique within its user only (1.3): two users share e0, e1, …
    """
    pools = (
        *(words.amounts, words.values, words.keys, _BESIDE),
        *(words.names, range(_GRID_POINTS), words.users),
    )
    sizes = [len(pool) for pool in pools]
    fewest = _pick(draw, (0, 3, 8, 15, 25)) * (1 + len(words.users)) // 2
    packed = draw(_packed_lists(math.prod(sizes), fewest, _MOST_EVENTS * len(words.users)))
    events: list[Event] = []
    numbers = dict.fromkeys(words.users, 0)
    for seq, choices in enumerate(packed):
        amount, value, key, beside, name, point, user_id = _unpack(choices, pools)
        if numbers[user_id] < _MOST_EVENTS:
            event_id = f"e{numbers[user_id]}"
            at = EPOCH + point * words.unit + beside
            properties = _properties(value, key, amount)
            events.append(Event(event_id, user_id, name, at, seq, properties))
            numbers[user_id] += 1
    return events


@cache
def _packed_lists(base: int, fewest: int, most: int) -> SearchStrategy[list[int]]:
    # One draw per event instead of seven: a history costs a third of the time.
    return st.lists(st.integers(0, base - 1), min_size=fewest, max_size=most)


def _unpack(choices: int, pools: tuple[Sequence[Any], ...]) -> list[Any]:
    """Read a number as one digit per pool, and each digit as a choice."""
    chosen = []
    for pool in pools:
        choices, digit = divmod(choices, len(pool))
        chosen.append(pool[digit])
    return chosen


def _properties(value: Any, key: Any, amount: Any) -> dict[str, Any]:
    """Lay values out flat, nested (`in.p`) and under a dotted name that hides a nested one."""
    drawn = {"p": value, "k": key, "n": amount, "a.b": value, "a": {"b": amount}}
    properties = {name: held for name, held in drawn.items() if held is not MISSING}
    properties["in"] = {} if value is MISSING else {"p": value}
    return properties


def _watermark(draw: DrawFn, words: Vocabulary, events: list[Event]) -> int:
    """Draw the default (the last timestamp), a time on the grid, or one after all windows."""
    choice = _pick(draw, ("last", "grid", "grid", "after"))
    if choice == "last":
        return max((event.timestamp for event in events), default=EPOCH)
    if choice == "grid":
        return EPOCH + draw(_index(_GRID_POINTS + 4)) * words.unit + _pick(draw, _BESIDE)
    return EPOCH + 100 * words.unit


def _matcher(draw: DrawFn, words: Vocabulary) -> dict[str, Any]:
    """Draw a matcher over one name, several or all, mostly without conditions."""
    shape = _pick(draw, ("one", "one", "one", "any", "several"))
    if shape == "one":
        event = _pick(draw, words.names)
    else:
        event = "*" if shape == "any" else list(_some(draw, _NAMES, 3))
    count = _pick(draw, (None, None, None, None, 0, 1, 1, 2))
    if count is None:
        return {"event": event}
    conditions = [
        {"property": _pick(draw, _PATHS), **_comparison(draw, words.values)} for _ in range(count)
    ]
    return {"event": event, "where": conditions}


def _comparison(draw: DrawFn, pool: tuple[Any, ...]) -> dict[str, Any]:
    """Draw an op with an operand that the model accepts."""
    op = _pick(draw, _OPS)
    if op in _PRESENCES:
        return {"op": op}
    operands = tuple(value for value in pool if value not in (None, MISSING)) or (5, "5")
    if op in _LISTINGS:
        return {"op": op, "value": [_pick(draw, operands) for _ in range(draw(_index(4)))]}
    if op in _ORDERINGS:
        operands = tuple(value for value in operands if _is_orderable(value)) or (5, "5")
    return {"op": op, "value": _pick(draw, operands)}


def _is_orderable(value: Any) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def _trigger(draw: DrawFn, words: Vocabulary, kinds: tuple[str, ...]) -> dict[str, Any]:
    """Draw a trigger in the shape of the campaign file."""
    kind = _pick(draw, kinds)
    trigger = {"kind": kind, **_PARTS[kind](draw, words)}
    key = _pick(draw, (None, None, None, "k", "k", "in.p", "a.b"))
    return trigger if key is None else {**trigger, "key": key}


def _event_parts(draw: DrawFn, words: Vocabulary) -> dict[str, Any]:
    return {"match": _matcher(draw, words)}


def _count_parts(draw: DrawFn, words: Vocabulary) -> dict[str, Any]:
    return {
        "match": _matcher(draw, words),
        "at_least": _pick(draw, (1, 2, 2, 3, 3, 4, 5)),
        "within": _pick(draw, words.windows),
    }


def _sum_parts(draw: DrawFn, words: Vocabulary) -> dict[str, Any]:
    return {
        "match": _matcher(draw, words),
        "property": _pick(draw, ("n", "n", "n", "a.b", "in.p")),
        "at_least": _total(draw, words),
        "within": _pick(draw, words.windows),
    }


def _total(draw: DrawFn, words: Vocabulary) -> float:
    """Draw a total that one, two or three of the amounts may reach exactly, or just any."""
    spelled = [number(amount) for amount in words.amounts]
    reachable = [float(n * times) for n in spelled if n is not None for times in (1, 2, 3)]
    return _pick(draw, (*(total for total in reachable if abs(total) <= 1e12), *_TOTALS))


def _absence_parts(draw: DrawFn, words: Vocabulary) -> dict[str, Any]:
    anchor = _pick(draw, ({}, {"anchor": "last"}, {"anchor": "first"}, {"anchor": "first"}))
    return {
        "start": _matcher(draw, words),
        "unless": _matcher(draw, words),
        "within": _pick(draw, words.windows),
        **anchor,
    }


def _inactivity_parts(draw: DrawFn, words: Vocabulary) -> dict[str, Any]:
    of = {} if _pick(draw, (True, False, False)) else {"of": _matcher(draw, words)}
    return {**of, "for": _pick(draw, words.windows)}


def _sequence_parts(draw: DrawFn, words: Vocabulary) -> dict[str, Any]:
    # Few different matchers, so that one event often fits several steps.
    pool = tuple(_matcher(draw, words) for _ in range(1 + draw(_index(3))))
    return {
        "steps": [_pick(draw, pool) for _ in range(_pick(draw, (2, 2, 2, 3, 3, 4, 5)))],
        "within": _pick(draw, words.windows),
    }


_PARTS: dict[str, Callable[[DrawFn, Vocabulary], dict[str, Any]]] = {
    "event": _event_parts,
    "count": _count_parts,
    "sum": _sum_parts,
    "absence": _absence_parts,
    "inactivity": _inactivity_parts,
    "sequence": _sequence_parts,
}


def _campaign(draw: DrawFn, words: Vocabulary, kinds: tuple[str, ...]) -> dict[str, Any]:
    """Draw a campaign that consists of a trigger, re-entry and audience."""
    trigger = _trigger(draw, words, kinds)
    leave_at_once = [{"id": "done", "kind": "exit"}]
    campaign: dict[str, Any] = {"name": "drawn", "trigger": trigger, "steps": leave_at_once}
    reentry = _pick(draw, ("cooldown", "cooldown", "cooldown", None, "always", "once"))
    if reentry is not None:
        cooldown = {"cooldown": _pick(draw, words.windows)}
        campaign["reentry"] = cooldown if reentry == "cooldown" else reentry
    per = _pick(draw, (None, "user", "key", "key"))
    if per == "user" or (per == "key" and "key" in trigger):
        campaign["reentry_per"] = per
    if _pick(draw, (True, False)):
        campaign["audience"] = _audience(draw, depth=2)
    return campaign


def _audience(draw: DrawFn, depth: int) -> dict[str, Any]:
    """Draw a condition over traits and segments, at most `depth` levels above them."""
    joints = ("all", "any", "not") if depth else ()
    kind = _pick(draw, ("segment", "trait", "trait", *joints))
    if kind == "segment":
        return {"segment": _pick(draw, _SEGMENTS)}
    if kind == "trait":
        return {"trait": _pick(draw, _TRAITS), **_comparison(draw, _TRAIT_VALUES)}
    if kind == "not":
        return {"not": _audience(draw, depth - 1)}
    return {kind: [_audience(draw, depth - 1) for _ in range(1 + draw(_index(3)))]}


def _profiles(draw: DrawFn, words: Vocabulary) -> dict[str, dict[str, Any]]:
    """Draw the traits of some of the users; the others have no profile."""
    pools = [_SEGMENT_TRAITS if trait == "segments" else _TRAIT_VALUES for trait in _TRAITS]
    with_profile = [user_id for user_id in words.users if _pick(draw, (True, True, True, False))]
    return {user_id: _traits([_pick(draw, pool) for pool in pools]) for user_id in with_profile}


def _traits(drawn: list[Any]) -> dict[str, Any]:
    held = zip(_TRAITS, drawn, strict=True)
    return {trait: value for trait, value in held if value is not MISSING}
