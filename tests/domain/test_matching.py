"""Matchers, values and events: what matches what (SEMANTICS 1, 2)."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.events import Event
from core.domain.instants import as_microseconds, from_microseconds, iso
from core.domain.matchers import Matcher, is_reference
from core.domain.triggers import matchers_of, properties_of
from core.domain.values import Op, at_path, holds, key_text
from tests.reference import matching
from tests.reference.histories import TriggerCase, trigger_cases
from tests.rehearsal.worlds import TRIGGER


@settings(max_examples=200, deadline=None)
@given(case=trigger_cases())
def test_2_1_a_matcher_accepts_what_the_plain_reading_matches(case: TriggerCase) -> None:
    trigger = TRIGGER.validate_python(case.trigger)
    written = [case.trigger[k] for k in ("match", "start", "unless", "of") if k in case.trigger]
    written += case.trigger.get("steps", [])

    for matcher, plain in zip(matchers_of(trigger), written, strict=False):
        for event in case.events:
            accepted = matcher.accepts(event.event, event.properties)
            assert accepted is matching.matches(plain, event)


@settings(max_examples=100, deadline=None)
@given(case=trigger_cases())
def test_a_trigger_depends_on_no_property_but_those_it_names(case: TriggerCase) -> None:
    trigger = TRIGGER.validate_python(case.trigger)
    heads = {path.split(".")[0] for path in properties_of(trigger)} | properties_of(trigger)

    for event in case.events:
        kept = {name: value for name, value in event.properties.items() if name in heads}
        for matcher in matchers_of(trigger):
            assert matcher.accepts(event.event, kept) is matcher.accepts(
                event.event, event.properties
            )


@pytest.mark.parametrize(
    ("names", "name", "expected"),
    [
        ("add", "add", True),
        ("add", "Add", False),
        (["add", "view"], "view", True),
        ("*", "anything", True),
        (["add", "*"], "view", True),
        ("add*", "added", False),
    ],
)
def test_2_1_names_are_exact_and_a_star_is_any(names: Any, name: str, expected: bool) -> None:
    assert Matcher.model_validate({"event": names}).accepts_name(name) is expected


@pytest.mark.parametrize(
    ("op", "value", "operand", "expected"),
    [
        # A number in a string compares as a number where the other side is one; texts as texts.
        (Op.GTE, "9", 10, False),
        (Op.GTE, "9", "10", True),
        (Op.EQ, "5.0", 5, True),
        (Op.EQ, "5.0", "5", False),
        (Op.EQ, " 5 ", 5, True),
        (Op.LT, "1e2", 1000, True),
        (Op.GT, "abc", 5, False),
        (Op.LT, "abc", 5, False),
        (Op.EQ, True, 1, False),
        (Op.EQ, True, True, True),
        (Op.EQ, "true", True, False),
        (Op.GT, 1234567890123456789, 1234567890123456788, True),
        (Op.EQ, "1234567890123456789", 1234567890123456788, False),
        (Op.EQ, 0.1, "0.10", True),
        (Op.EQ, "0.1", 0.1, True),
        # Missing values.
        (Op.EQ, None, 5, False),
        (Op.NE, None, 5, True),
        (Op.NOT_IN, None, [5], True),
        (Op.IN, None, [5], False),
        (Op.NOT_EXISTS, None, None, True),
        (Op.EXISTS, None, None, False),
        (Op.EXISTS, "", None, True),
        (Op.CONTAINS, None, "a", False),
        # Sides that cannot be compared make all false but what a missing value makes true.
        (Op.NE, "abc", 5, False),
        (Op.NE, "5", 6, True),
        (Op.NOT_IN, "abc", [5, 6], False),
        (Op.NOT_IN, "abc", [5, "def"], True),
        (Op.IN, "5", [4, 5], True),
        (Op.IN, 5, [], False),
        (Op.NOT_IN, 5, [], True),
        # Substring, or a member of a list.
        (Op.CONTAINS, "abcd", "bc", True),
        (Op.CONTAINS, "abcd", "BC", False),
        (Op.CONTAINS, ["a", 5], "5", True),
        (Op.CONTAINS, ["ab"], "a", False),
        (Op.CONTAINS, 55, "5", False),
    ],
)
def test_2_2_comparisons(op: Op, value: Any, operand: Any, expected: bool) -> None:
    assert holds(op, value, operand) is expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a", {"b": {"c": 1}}),
        ("a.b", {"c": 1}),
        ("a.b.c", 1),
        ("a.b.c.d", None),
        ("x.y", "flat"),
        ("x.z", None),
        ("n", None),
        ("", None),
        ("list.0", None),
    ],
)
def test_2_2_a_property_may_be_a_dotted_path_and_an_exact_name_wins(
    path: str, expected: Any
) -> None:
    properties = {"a": {"b": {"c": 1}}, "x.y": "flat", "x": {"y": "nested"}, "n": None, "list": [1]}

    assert at_path(properties, path) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("00123", "00123"),
        ("123.456", "123.456"),
        ("", ""),
        (1234567890123456789, "1234567890123456789"),
        (5, "5"),
        (5.0, "5"),
        (5.5, "5.5"),
        (True, "true"),
        (None, None),
        (["x"], None),
        ({"x": 1}, None),
    ],
)
def test_2_3_2_5_a_key_is_text_and_never_cast(value: Any, expected: str | None) -> None:
    assert key_text(value) == expected


@pytest.mark.parametrize(
    "comparison",
    [
        {"op": "eq"},
        {"op": "exists", "value": 1},
        {"op": "in", "value": "DE"},
        {"op": "gt", "value": [1]},
        {"op": "gt", "value": True},
        {"op": "eq", "value": float("nan")},
        {"op": "in", "value": [float("inf")]},
        {"op": "like", "value": "x"},
        {"op": "eq", "value": 1, "property": ""},
    ],
)
def test_2_2_a_comparison_that_means_nothing_is_refused(comparison: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="where"):
        Matcher.model_validate({"event": "a", "where": [{"property": "p", **comparison}]})


@pytest.mark.parametrize("names", [[], "", [""], None, 5])
def test_2_1_a_matcher_names_at_least_one_event(names: Any) -> None:
    with pytest.raises(ValueError, match="event"):
        Matcher.model_validate({"event": names})


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("$key", True),
        ("$trigger.cart_id", True),
        ("$keys", False),
        ("key", False),
        ("$trigger", False),
        (5, False),
    ],
)
def test_2_4_what_refers_to_the_firing(value: Any, expected: bool) -> None:
    assert is_reference(value) is expected


def test_1_1_an_event_without_user_name_or_zone_cannot_exist() -> None:
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    parts: dict[str, Any] = {"event_id": "1", "user_id": "u", "event": "a", "timestamp": noon}

    assert Event(**parts).properties == {}
    for broken in ({"user_id": ""}, {"event": ""}, {"timestamp": noon.replace(tzinfo=None)}):
        with pytest.raises(ValueError, match="event"):
            Event(**{**parts, **broken})


@given(st.integers(0, 7_258_118_399_999_999))
def test_an_instant_is_read_back_from_its_microseconds(at: int) -> None:
    instant = from_microseconds(at)

    assert as_microseconds(instant) == at
    assert as_microseconds(instant.astimezone(timezone(timedelta(hours=5.5)))) == at
    assert datetime.fromisoformat(iso(at)) == instant
    assert len(iso(at)) == 27
