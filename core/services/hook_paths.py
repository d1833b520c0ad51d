"""Values at paths of JSON: names, places, all members and plain comparisons, nothing that hangs."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from jsonpath import JSONPathEnvironment
from jsonpath.exceptions import JSONPathError
from jsonpath.filter import (
    BooleanLiteral,
    FloatLiteral,
    InfixExpression,
    IntegerLiteral,
    RelativeFilterQuery,
    StringLiteral,
)
from jsonpath.path import JSONPath
from jsonpath.segments import JSONPathChildSegment, JSONPathSegment
from jsonpath.selectors import Filter, IndexSelector, NameSelector, WildcardSelector

from core.domain.errors import UnusableInput
from core.domain.values import JsonValue, key_text

MOST_FOUND = 1_000
_MOST_SEGMENTS = 16
_INSIDE = re.compile(r"\{(\$[^{}]*)\}")
_OR = " | "
_LITERALS = (StringLiteral, IntegerLiteral, FloatLiteral, BooleanLiteral)
_COMPARISONS = ("==", "!=")


class _Environment(JSONPathEnvironment):
    """Paths as in RFC 9535, without functions: no pattern of a stranger is ever matched."""

    def setup_function_extensions(self) -> None:
        return


_ENVIRONMENT = _Environment(strict=True, filter_caching=False)


def check_value(written: str, called: str) -> None:
    """Raise UnusableInput, in a sentence, if a value of a mapping is neither a path nor a text."""
    for path in _paths_in(written):
        _compiled(path, called)


def value_at(written: str, item: Any) -> JsonValue:
    """Give the value that a mapping asks of an item: at a path, the first of several, or a text."""
    if not written.startswith("$"):
        return _INSIDE.sub(lambda inside: key_text(_first(inside[1], item)) or "", written)
    for path in written.split(_OR):
        found: JsonValue = _first(path.strip(), item)
        if found is not None and found != "":
            return found
    return None


def values_at(path: str, item: Any) -> list[Any]:
    """Give all values at a path, at most one more than MOST_FOUND."""
    found: list[Any] = []
    if isinstance(item, dict | list):
        for match in _compiled(path, "").finditer(item):
            found.append(match.obj)
            if len(found) > MOST_FOUND:
                break
    return found


def _first(path: str, item: Any) -> Any:
    if isinstance(item, dict | list):
        for match in _compiled(path, "").finditer(item):
            return match.obj
    return None


def _paths_in(written: str) -> list[str]:
    if written.startswith("$"):
        return [part.strip() for part in written.split(_OR)]
    return _INSIDE.findall(written)


@lru_cache(maxsize=1_000)
def _compiled(path: str, called: str) -> JSONPath:
    try:
        found = _ENVIRONMENT.compile(path)
    except (JSONPathError, RecursionError) as error:
        raise UnusableInput(
            f"{called or 'a path'} is {path[:100]!r}, which is no path; write it as "
            "$.customer.email or $.items[0].id"
        ) from error
    if not (isinstance(found, JSONPath) and _is_simple(found.segments)):
        raise UnusableInput(
            f"{called or 'a path'} is {path[:100]!r}; only names, places in lists, [*] and "
            "[?@.name == 'value'] can be used"
        )
    return found


def _is_simple(segments: Sequence[JSONPathSegment], *, is_inside: bool = False) -> bool:
    """Say whether a path looks at each value once at most, whatever it is asked about."""
    return len(segments) <= _MOST_SEGMENTS and all(
        isinstance(segment, JSONPathChildSegment)
        and len(segment.selectors) == 1
        and _is_selector(segment.selectors[0], is_inside=is_inside)
        for segment in segments
    )


def _is_selector(selector: object, *, is_inside: bool) -> bool:
    if isinstance(selector, NameSelector | IndexSelector):
        return True
    if is_inside:
        return False
    return isinstance(selector, WildcardSelector) or (
        isinstance(selector, Filter) and _is_comparison(selector.expression.expression)
    )


def _is_comparison(expression: object) -> bool:
    return (
        isinstance(expression, InfixExpression)
        and expression.operator in _COMPARISONS
        and isinstance(expression.left, RelativeFilterQuery)
        and _is_simple(expression.left.path.segments, is_inside=True)
        and isinstance(expression.right, _LITERALS)
    )
