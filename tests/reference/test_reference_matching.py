"""Hand-made examples of SEMANTICS 2 and of the durations of section 9."""

from typing import Any

import pytest

from tests.reference.matching import (
    Event,
    compares,
    equal,
    key_text,
    look_up,
    matches,
    microseconds,
    number,
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30s", 30),
        ("15m", 900),
        ("24h", 86_400),
        ("7d", 604_800),
        ("1d12h", 129_600),
        ("90m", 5400),
    ],
)
def test_9_durations_are_read_as_written(text: str, seconds: int):
    assert microseconds(text) == seconds * 1_000_000


@pytest.mark.parametrize("text", ["", "0s", "5", "1d2"])
def test_9_what_is_no_duration_is_refused(text: str):
    with pytest.raises(ValueError, match="not a duration"):
        microseconds(text)


@pytest.mark.parametrize(
    ("matcher", "expected"),
    [
        ({"event": "view"}, True),
        ({"event": ["add", "view"]}, True),
        ({"event": "*"}, True),
        ({"event": "View"}, False),
        ({"event": ["add"]}, False),
        ({"event": "view", "where": []}, True),
    ],
)
def test_2_1_names_are_one_several_or_all(matcher: dict[str, Any], expected: bool):
    assert matches(matcher, Event("e0", "ann", "view", 0, 0, {})) is expected


def test_2_1_all_conditions_must_hold():
    dear = {"property": "price", "op": "gte", "value": 20}
    red = {"property": "colour", "op": "eq", "value": "red"}
    event = Event("e0", "ann", "view", 0, 0, {"price": "25", "colour": "blue"})

    assert matches({"event": "view", "where": [dear]}, event)
    assert not matches({"event": "view", "where": [dear, red]}, event)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a", {"b": 1, "c": None}),
        ("a.b", 2),  # the property of exactly that name wins
        ("a.c", None),
        ("a.b.c", None),
        ("x.y.z", 3),
        ("x.y.w", None),
        ("l.0", None),
        ("t.b", None),
        ("n.n", 4),  # null under the exact name is missing, so the dots are walked
    ],
)
def test_2_2_a_dotted_path_walks_objects(path: str, expected: Any):
    properties = {
        "a": {"b": 1, "c": None},
        "a.b": 2,
        "x": {"y": {"z": 3}},
        "l": [1],
        "t": "b",
        "n.n": None,
        "n": {"n": 4},
    }

    assert look_up(properties, path) == expected


@pytest.mark.parametrize("text", ["5", " 5 ", "+5", "5.0", "5.", "005", "0.5e1", "50E-1", "\t5\n"])
def test_2_2_these_texts_are_the_number_five(text: str):
    assert number(text) == 5
    assert compares("eq", text, 5)
    assert compares("eq", 5.0, text)


@pytest.mark.parametrize(
    "value",
    [
        *("", " ", "abc", "5 5", "5a", "1_0", "0x5", "1,5", "--5", ".", "e5", "5e"),
        *("NaN", "inf", "1e400", "٥", "５", "\u00a05", float("nan"), float("inf")),
        *(True, False, [5], {"x": 5}, None),
    ],
)
def test_2_2_these_are_no_numbers(value: Any):
    assert number(value) is None
    assert not compares("eq", value, 5)
    assert not compares("lt", value, 10**400)


@pytest.mark.parametrize(
    ("value", "op", "operand", "expected"),
    [
        ("5", "eq", "5.0", False),  # two strings compare as text
        ("5", "ne", "5.0", True),
        ("10", "lt", "9", True),
        ("10", "lt", 9, False),
        (10, "lt", "9", False),
        ("B", "lt", "a", True),
        (5, "gte", 5.0, True),
        (0.1, "eq", "0.10", True),
        (1234567890123456789, "eq", 1234567890123456788, False),
        ("1234567890123456789", "eq", 1234567890123456789, True),
        ("1234567890123456789", "gt", 1234567890123456788, True),
        ("00123", "eq", "123", False),
        ("00123", "eq", 123, True),
        (True, "eq", True, True),
        (True, "ne", False, True),
        ({"x": 5}, "eq", {"x": 5.0}, True),
        ([1, "a"], "eq", [1, "a"], True),
        ([1, "a"], "ne", ["a", 1], True),
        ([True], "eq", [1], False),
        (["5"], "eq", [5], False),
        ([], "eq", [], True),
    ],
)
def test_2_2_comparable_sides_are_compared(value: Any, op: str, operand: Any, expected: bool):
    assert compares(op, value, operand) is expected


@pytest.mark.parametrize(
    ("value", "operand"),
    [
        (True, 1),
        (1, True),
        ("true", True),
        ("abc", 5),
        (5, "abc"),
        ([5], 5),
        ([5], {"x": 5}),
        (0, ""),
    ],
)
def test_2_2_sides_that_cannot_be_compared_make_even_ne_false(value: Any, operand: Any):
    assert equal(value, operand) is None
    assert not compares("eq", value, operand)
    assert not compares("ne", value, operand)
    assert not compares("gt", value, operand)
    assert not compares("lte", value, operand)


@pytest.mark.parametrize(
    ("op", "operand", "expected"),
    [
        ("eq", 5, False),
        ("ne", 5, True),
        ("gt", 5, False),
        ("gte", 5, False),
        ("lt", 5, False),
        ("lte", 5, False),
        ("in", [5], False),
        ("not_in", [5], True),
        ("contains", "5", False),
        ("exists", None, False),
        ("not_exists", None, True),
    ],
)
@pytest.mark.parametrize("properties", [{}, {"p": None}])
def test_2_2_a_missing_or_null_property_satisfies_only_the_three_negations(
    op: str, operand: Any, expected: bool, properties: dict[str, Any]
):
    condition = {"property": "p", "op": op, "value": operand}

    matched = matches({"event": "*", "where": [condition]}, Event("e", "u", "x", 0, 0, properties))

    assert matched is expected


@pytest.mark.parametrize("value", ["", 0, False, [], {}])
def test_2_2_an_empty_value_exists(value: Any):
    assert compares("exists", value, None)
    assert not compares("not_exists", value, None)


@pytest.mark.parametrize(
    ("value", "candidates", "is_in", "is_not_in"),
    [
        ("DE", ["DE", "AT"], True, False),
        ("CH", ["DE", "AT"], False, True),
        ("5", [5], True, False),
        (5, ["a", "5.0"], True, False),
        ("a", [5, 6], False, False),  # comparable with none of them
        ("a", [5, "b"], False, True),
        (True, [1, "true"], False, False),
        (True, [False], False, True),
        ("a", [], False, True),
        ([1], [[1], 2], True, False),
        ([1], [1], False, False),
    ],
)
def test_2_2_in_and_not_in_compare_with_each_of_the_list(
    value: Any, candidates: list[Any], is_in: bool, is_not_in: bool
):
    assert compares("in", value, candidates) is is_in
    assert compares("not_in", value, candidates) is is_not_in


@pytest.mark.parametrize(
    ("value", "operand", "expected"),
    [
        ("running shoes", "shoe", True),
        ("shoe", "Shoe", False),
        ("abc", "", True),
        ("a5", 5, False),  # contains on text needs text
        (55, "5", False),
        (["shoe", "hat"], "shoe", True),
        (["shoes"], "shoe", False),
        (["5"], 5, True),
        ([True], 1, False),
        ([[1]], [1], True),
        ([None], "a", False),
        ({"shoe": 1}, "shoe", False),
    ],
)
def test_2_2_contains_is_a_substring_or_a_member(value: Any, operand: Any, expected: bool):
    assert compares("contains", value, operand) is expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("00123", "00123"),
        ("123.456", "123.456"),
        (" x", " x"),
        ("", ""),
        (5, "5"),
        (5.0, "5"),
        (-0.0, "0"),
        (5.5, "5.5"),
        (True, "true"),
        (False, "false"),
        (1234567890123456789, "1234567890123456789"),
        (None, None),
        (["x"], None),
        ({"x": 1}, None),
    ],
)
def test_2_3_and_2_5_a_key_is_text(value: Any, expected: str | None):
    assert key_text(value) == expected
