"""What a property's value is and how two values compare (SEMANTICS 2.2)."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import StrEnum

JsonScalar = str | int | float | bool | None
JsonValue = JsonScalar | Sequence["JsonValue"] | Mapping[str, "JsonValue"]

_INTEGER = re.compile(r"[+-]?\d+")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,4})?")
_LONGEST_NUMBER = 400
_INFINITY = float("inf")


class Op(StrEnum):
    """The comparisons of a condition."""

    EQ = "eq"
    NE = "ne"
    GT = "gt"
    GTE = "gte"
    LT = "lt"
    LTE = "lte"
    IN = "in"
    NOT_IN = "not_in"
    CONTAINS = "contains"
    EXISTS = "exists"
    NOT_EXISTS = "not_exists"


_TRUE_WHEN_MISSING = frozenset({Op.NE, Op.NOT_IN, Op.NOT_EXISTS})


def holds(op: Op, value: JsonValue, operand: JsonValue) -> bool:
    """Say whether `value op operand` is true; `None` is a missing value.

    A missing value makes a condition false except `ne`, `not_in` and `not_exists`; sides that
    cannot be compared make every condition false. A value is comparable with *a list* of
    candidates when it is comparable with one of them.
    """
    if value is None:
        return op in _TRUE_WHEN_MISSING
    if op is Op.EXISTS:
        return True
    if op is Op.NOT_EXISTS:
        return False
    if op is Op.IN or op is Op.NOT_IN:
        return _among(value, operand, wanted=op is Op.IN)
    if op is Op.CONTAINS:
        return _contains(value, operand)
    return _ordered(op, value, operand)


def as_number(value: JsonValue) -> int | Decimal | None:
    """Give the finite number that a value is or spells, as it is written and exact, else None."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return Decimal(repr(value)) if abs(value) < _INFINITY else None
    if isinstance(value, str) and value.isascii() and len(value) <= _LONGEST_NUMBER:
        return _spelled_number(value.strip())
    return None


def key_text(value: JsonValue) -> str | None:
    """Give the text under which state is kept for a key's value; None when it names nothing.

    Text stays as it is (`00123` is not `123`); 5 and 5.0 are both "5"; lists and objects name
    nothing.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, int | float):
        return str(value)
    return None


def at_path(properties: Mapping[str, JsonValue], path: str) -> JsonValue:
    """Look up a dotted path: a property of exactly that name wins, else each dot steps inside.

    A null is a missing property, here as everywhere.
    """
    if properties.get(path) is not None:
        return properties[path]
    found: JsonValue = properties
    for part in path.split("."):
        if not isinstance(found, Mapping) or part not in found:
            return None
        found = found[part]
    return found


def _spelled_number(text: str) -> int | Decimal | None:
    if _INTEGER.fullmatch(text):
        return int(text)
    if _NUMBER.fullmatch(text) and abs(float(text)) < _INFINITY:
        return Decimal(text)
    return None


def _compare(value: JsonValue, operand: JsonValue) -> int | None:
    """Give the sign of value − operand, or None when the two cannot be ordered."""
    if isinstance(value, str) and isinstance(operand, str):
        return (value > operand) - (value < operand)
    left, right = as_number(value), as_number(operand)
    if left is None or right is None:
        return None
    return (left > right) - (left < right)


def _equals(value: JsonValue, operand: JsonValue) -> bool | None:
    """Say whether the two are equal, or None when they cannot be compared."""
    if isinstance(value, bool) and isinstance(operand, bool):
        return value is operand
    sign = _compare(value, operand)
    if sign is not None:
        return sign == 0
    if isinstance(value, Mapping) and isinstance(operand, Mapping):
        return _is_same(value, operand)
    if _is_list(value) and _is_list(operand):
        return _is_same(value, operand)
    return None


def _is_same(value: JsonValue, other: JsonValue) -> bool:
    """Compare two JSON values member by member; `true` is not 1, and "5" is not 5."""
    if isinstance(value, Mapping) and isinstance(other, Mapping):
        return value.keys() == other.keys() and all(_is_same(value[k], other[k]) for k in value)
    if isinstance(value, list | tuple) and isinstance(other, list | tuple):
        return len(value) == len(other) and all(map(_is_same, value, other))
    return isinstance(value, bool) is isinstance(other, bool) and value == other


def _ordered(op: Op, value: JsonValue, operand: JsonValue) -> bool:
    if op is Op.EQ or op is Op.NE:
        equal = _equals(value, operand)
        return equal is not None and equal is (op is Op.EQ)
    sign = _compare(value, operand)
    if sign is None:
        return False
    return {Op.GT: sign > 0, Op.GTE: sign >= 0, Op.LT: sign < 0, Op.LTE: sign <= 0}[op]


def _among(value: JsonValue, operand: JsonValue, *, wanted: bool) -> bool:
    if not isinstance(operand, Sequence) or isinstance(operand, str):
        return False
    answers = [_equals(value, candidate) for candidate in operand]
    if wanted:
        return any(answers)
    is_comparable = not answers or any(answer is not None for answer in answers)
    return is_comparable and not any(answers)


def _contains(value: JsonValue, operand: JsonValue) -> bool:
    if isinstance(value, str):
        return isinstance(operand, str) and operand in value
    if isinstance(value, Sequence):
        return any(_equals(member, operand) for member in value)
    return False


def _is_list(value: JsonValue) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)
