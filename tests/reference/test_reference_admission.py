"""Hand-computed examples of SEMANTICS 4.1 and 4.2."""

from typing import Any

import pytest

from tests.reference.admission import admit, holds
from tests.reference.triggers import BY_EVENT, Firing

HOUR = 3_600_000_000
COOLDOWN = {"reentry": {"cooldown": "24h"}}


def firings(*moments: tuple[Any, ...]) -> list[Firing]:
    """Build firings `(hour, key?, user?)`."""
    filled = [(*moment, *(None, "ann")[len(moment) - 1 :]) for moment in moments]
    return [
        Firing(user, key, int(hour * HOUR), f"e{number}", BY_EVENT)
        for number, (hour, key, user) in enumerate(filled)
    ]


@pytest.mark.parametrize("campaign", [{}, {"reentry": "always"}])
def test_4_1_always_and_nothing_said_admit_every_firing(campaign: dict[str, Any]):
    assert admit(campaign, firings((1,), (1,), (2,)), {}) == ["enrolled"] * 3


def test_4_1_once_admits_one_per_user():
    fired = firings((1,), (1000,), (2, None, "bea"))

    assert admit({"reentry": "once"}, fired, {}) == ["enrolled", "reentry", "enrolled"]


def test_4_1_a_cooldown_is_over_exactly_after_its_length():
    fired = firings((1,), (1,), (24.9999,), (25,), (48,))

    outcomes = ["enrolled", "reentry", "reentry", "enrolled", "reentry"]
    assert admit(COOLDOWN, fired, {}) == outcomes


def test_4_1_refused_firings_do_not_extend_the_cooldown():
    fired = firings((0,), (20,), (24,), (44,), (48,))

    outcomes = ["enrolled", "reentry", "enrolled", "reentry", "enrolled"]
    assert admit(COOLDOWN, fired, {}) == outcomes


def test_4_1_per_key_each_key_has_its_own_cooldown():
    fired = firings((0, "a"), (1, "b"), (2, "a"), (24, "b"), (25, "b"))

    per_key = {**COOLDOWN, "reentry_per": "key"}
    outcomes = ["enrolled", "enrolled", "reentry", "reentry", "enrolled"]
    assert admit(per_key, fired, {}) == outcomes


def test_4_1_per_user_keys_share_one_cooldown():
    fired = firings((0, "a"), (1, "b"), (24, "b"))

    assert admit(COOLDOWN, fired, {}) == ["enrolled", "reentry", "enrolled"]


def test_4_1_once_per_key_admits_each_key_once():
    fired = firings((0, "a"), (1, "b"), (2, "a"))

    per_key = {"reentry": "once", "reentry_per": "key"}
    assert admit(per_key, fired, {}) == ["enrolled", "enrolled", "reentry"]


def test_4_the_first_reason_that_applies_is_recorded_and_the_audience_starts_no_cooldown():
    adults = {**COOLDOWN, "audience": {"trait": "age", "op": "gte", "value": 18}}
    fired = firings((0,), (1,), (0, None, "bea"), (1, None, "bea"))
    profiles = {"ann": {"age": "18"}, "bea": {"age": 17}}

    outcomes = ["enrolled", "reentry", "audience", "audience"]
    assert admit(adults, fired, profiles) == outcomes


@pytest.mark.parametrize(
    ("op", "value", "expected"),
    [
        ("eq", "DE", "audience"),
        ("ne", "DE", "enrolled"),
        ("not_in", ["DE"], "enrolled"),
        ("exists", None, "audience"),
        ("not_exists", None, "enrolled"),
    ],
)
def test_4_2_without_a_profile_every_trait_is_missing(op: str, value: Any, expected: str):
    campaign = {"audience": {"trait": "country", "op": op, "value": value}}

    assert admit(campaign, firings((1,)), {"bea": {"country": "DE"}}) == [expected]


@pytest.mark.parametrize(
    ("segments", "expected"),
    [
        (["VIP", "New"], True),
        ("VIP", True),
        ("New,VIP", True),
        ("New , VIP ", True),
        ("VIPs", False),
        ("vip", False),
        (["VIP, New"], False),
        ([], False),
        ("", False),
        ({"VIP": True}, False),
        (5, False),
        (None, False),
    ],
)
def test_4_2_a_segment_is_named_by_the_trait_segments(segments: Any, expected: bool):
    assert holds({"segment": "VIP"}, {"segments": segments}) is expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"all": [{"segment": "VIP"}, {"trait": "country", "op": "eq", "value": "DE"}]}, True),
        ({"all": [{"segment": "VIP"}, {"trait": "country", "op": "eq", "value": "AT"}]}, False),
        ({"any": [{"segment": "New"}, {"trait": "country", "op": "eq", "value": "DE"}]}, True),
        ({"any": [{"segment": "New"}, {"trait": "country", "op": "eq", "value": "AT"}]}, False),
        ({"not": {"segment": "New"}}, True),
        ({"not": {"trait": "country", "op": "gt", "value": 5}}, True),
        ({"not": {"all": [{"segment": "VIP"}, {"not": {"segment": "VIP"}}]}}, True),
    ],
)
def test_4_2_conditions_combine(condition: dict[str, Any], expected: bool):
    assert holds(condition, {"country": "DE", "segments": ["VIP"]}) is expected
