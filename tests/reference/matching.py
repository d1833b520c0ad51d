"""SEMANTICS 1 and 2 read plainly: events, durations, paths, comparisons, matchers and keys."""

import math
import re
from decimal import Decimal
from typing import Any, NamedTuple

_UNITS = {"s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000}
_NUMBER_TEXT = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


class Event(NamedTuple):
    """One thing one user did (1.1); `timestamp` in µs, `seq` the order of arrival (1.2)."""

    event_id: str
    user_id: str
    event: str
    timestamp: int
    seq: int
    properties: dict[str, Any]


def in_order(events: list[Event]) -> list[Event]:
    """Sort a timeline by (timestamp, seq) (1.2)."""
    return sorted(events, key=lambda event: (event.timestamp, event.seq))


def microseconds(text: str) -> int:
    """Read `30s`, `24h` or `1d12h` as µs (9)."""
    total, digits = 0, ""
    for sign in text:
        if sign in _UNITS:
            total += int(digits) * _UNITS[sign]
            digits = ""
        else:
            digits += sign
    if digits or not total:
        raise ValueError(f"{text!r} is not a duration")
    return total


def look_up(properties: dict[str, Any], path: str) -> Any:
    """Give a property by name or dotted path, None when it is missing or null (2.2)."""
    if properties.get(path) is not None:
        return properties[path]
    inside: Any = properties
    for name in path.split("."):
        if not isinstance(inside, dict) or name not in inside:
            return None
        inside = inside[name]
    return inside


def number(value: Any) -> Decimal | None:
    """Give the finite number that a value is, or that its text spells, else None (2.2)."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return Decimal(value)
    if isinstance(value, float):
        return Decimal(repr(value)) if math.isfinite(value) else None
    if isinstance(value, str) and value.isascii():
        spelled = value.strip()
        if _NUMBER_TEXT.fullmatch(spelled) and math.isfinite(float(spelled)):
            return Decimal(spelled)
    return None


def equal(left: Any, right: Any) -> bool | None:
    """Say whether two values are equal, None when they cannot be compared (2.2)."""
    if isinstance(left, bool) and isinstance(right, bool):
        return left == right
    if isinstance(left, list) and isinstance(right, list):
        return same_json(left, right)
    if isinstance(left, dict) and isinstance(right, dict):
        return same_json(left, right)
    sides = _on_one_scale(left, right)
    return None if sides is None else sides[0] == sides[1]


def same_json(left: Any, right: Any) -> bool:
    """Say whether two JSON values are the same; unlike in Python, true is not 1 (2.2)."""
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same_json, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same_json(left[k], right[k]) for k in left)
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return bool(left == right)


def compares(op: str, value: Any, operand: Any) -> bool:
    """Say whether `value op operand` holds; value None is a missing property (2.2)."""
    if op in ("exists", "not_exists"):
        return (value is not None) == (op == "exists")
    if value is None:
        return op in ("ne", "not_in")
    if op in ("eq", "ne"):
        return equal(value, operand) is (op == "eq")
    if op == "in":
        return any(equal(value, candidate) is True for candidate in operand)
    if op == "not_in":
        return _is_in_none(value, operand)
    if op == "contains":
        return _contains(value, operand)
    return _is_ordered(op, value, operand)


def matches(matcher: dict[str, Any], event: Event) -> bool:
    """Say whether an event has one of the names and satisfies all conditions (2.1)."""
    names = matcher["event"]
    if names != "*" and event.event not in ([names] if isinstance(names, str) else names):
        return False
    return all(
        compares(
            condition["op"],
            look_up(event.properties, condition["property"]),
            condition.get("value"),
        )
        for condition in matcher.get("where", [])
    )


def key_text(value: Any) -> str | None:
    """Give the text under which state is kept for a key's value, None when it is no key (2.3)."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float) and math.isfinite(value):
        return str(int(value)) if value == int(value) else repr(value)
    return None


def _on_one_scale(left: Any, right: Any) -> tuple[Any, Any] | None:
    """Give two texts as texts and otherwise two numbers, None when neither is possible."""
    if isinstance(left, str) and isinstance(right, str):
        return left, right
    first, second = number(left), number(right)
    return None if first is None or second is None else (first, second)


def _is_ordered(op: str, value: Any, operand: Any) -> bool:
    sides = _on_one_scale(value, operand)
    if sides is None:
        return False
    left, right = sides
    return {"gt": left > right, "gte": left >= right, "lt": left < right, "lte": left <= right}[op]


def _is_in_none(value: Any, candidates: list[Any]) -> bool:
    answers = [equal(value, candidate) for candidate in candidates]
    cannot_be_compared = bool(answers) and all(answer is None for answer in answers)
    return not cannot_be_compared and True not in answers


def _contains(value: Any, operand: Any) -> bool:
    if isinstance(value, list):
        return any(equal(member, operand) is True for member in value)
    return isinstance(value, str) and isinstance(operand, str) and operand in value
