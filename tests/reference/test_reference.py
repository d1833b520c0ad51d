"""Hand-computed examples of SEMANTICS 1.6, 2.3 and 3.

Times in the examples are whole hours after the epoch, `MOMENT` is a microsecond.
"""

from fractions import Fraction
from typing import Any

import pytest

from tests.reference.matching import Event
from tests.reference.triggers import BY_EVENT, BY_TIMER, Firing, addend, raw_firings

HOUR = 3_600_000_000
MOMENT = Fraction(1, HOUR)
NEVER_ENDING = 10_000

VIEW = {"event": "view"}
ADD = {"event": "add"}
BUY = {"event": "buy"}


def history(*happenings: tuple[Any, ...]) -> list[Event]:
    """Build one user's events `(hour, name, properties?)` in order of arrival: e0, e1, …"""
    return [
        Event(f"e{seq}", "ann", name, int(hour * HOUR), seq, properties[0] if properties else {})
        for seq, (hour, name, *properties) in enumerate(happenings)
    ]


def fired(
    trigger: dict[str, Any], events: list[Event], until: Fraction | int = NEVER_ENDING
) -> list[tuple[Fraction, str]]:
    """List the firings as (hour, event_id of the cause)."""
    firings = raw_firings(trigger, events, int(until * HOUR))
    return [(Fraction(firing.fired_at, HOUR), firing.event_id) for firing in firings]


def count_of(at_least: int) -> dict[str, Any]:
    return {"kind": "count", "match": VIEW, "at_least": at_least, "within": "48h"}


def sum_of(at_least: float) -> dict[str, Any]:
    return {
        "kind": "sum",
        "match": BUY,
        "property": "price",
        "at_least": at_least,
        "within": "24h",
    }


def absence(**changes: Any) -> dict[str, Any]:
    return {"kind": "absence", "start": ADD, "unless": BUY, "within": "24h", **changes}


def sequence(*steps: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"kind": "sequence", "steps": list(steps), "within": "24h", **changes}


def test_1_2_events_are_handled_by_time_and_then_by_arrival():
    events = history((5, "buy"), (3, "add"), (3, "buy"), (5, "add"))

    assert fired(absence(), events) == [(29, "e3")]


def test_1_5_an_event_after_the_watermark_decides_nothing():
    events = history((1, "view"), (2, "view"), (2 + MOMENT, "view"))

    assert fired({"kind": "event", "match": VIEW}, events, until=2) == [(1, "e0"), (2, "e1")]


def test_1_6_timers_at_one_instant_run_in_the_order_their_starts_were_handled():
    events = history((1, "add", {"cart": "z"}), (1, "add", {"cart": "a"}))

    firings = raw_firings(absence(key="cart"), events, NEVER_ENDING * HOUR)

    assert firings == [
        Firing("ann", "z", 25 * HOUR, "e0", BY_TIMER),
        Firing("ann", "a", 25 * HOUR, "e1", BY_TIMER),
    ]


def test_5_8_a_deadline_that_was_moved_counts_as_created_by_the_start_that_moved_it():
    events = history(
        (0, "add", {"cart": "a"}), (1, "add", {"cart": "b"}), (1, "add", {"cart": "a"})
    )

    assert fired(absence(key="cart"), events) == [(25, "e1"), (25, "e2")]


def test_1_3_users_with_the_same_event_ids_do_not_meet():
    events = [
        Event("e0", "bea", "view", 2 * HOUR, 0, {}),
        Event("e0", "ann", "view", 3 * HOUR, 1, {}),
        Event("e1", "ann", "view", 3 * HOUR, 2, {}),
    ]

    firings = raw_firings(count_of(2), events, NEVER_ENDING * HOUR)

    assert firings == [Firing("ann", None, 3 * HOUR, "e1", BY_EVENT)]


def test_2_3_a_count_with_a_key_counts_each_value_alone():
    items = ("a", "b", "b", "a")
    events = history(*[(hour, "view", {"item": item}) for hour, item in enumerate(items)])

    firings = raw_firings({**count_of(2), "key": "item"}, events, NEVER_ENDING * HOUR)

    assert [(firing.key, firing.event_id) for firing in firings] == [("b", "e2"), ("a", "e3")]


@pytest.mark.parametrize("properties", [{}, {"cart": None}, {"cart": ["c"]}, {"cart": {"id": "c"}}])
def test_2_3_an_event_without_the_key_neither_starts_nor_disarms(properties: dict[str, Any]):
    events = history((0, "add", {"cart": "c"}), (1, "buy", properties), (2, "add", properties))

    assert fired(absence(key="cart"), events) == [(24, "e0")]


def test_2_3_equal_keys_of_different_types_are_one_key_and_ids_are_never_cast():
    keys = ("5", 5, 5.0, "005", "5.0", True, "true")
    events = history(*[(hour, "view", {"k": key}) for hour, key in enumerate(keys)])

    firings = raw_firings({**count_of(2), "key": "k"}, events, NEVER_ENDING * HOUR)

    assert [(firing.key, firing.event_id) for firing in firings] == [
        ("5", "e1"),
        ("5", "e2"),
        ("true", "e6"),
    ]


def test_3_1_event_fires_at_every_match():
    events = history((1, "view"), (1, "view"), (2, "add"), (3, "view"))

    assert fired({"kind": "event", "match": VIEW}, events) == [(1, "e0"), (1, "e1"), (3, "e3")]


def test_3_2_count_fires_at_the_event_that_makes_it_enough_and_at_each_further_one():
    events = history(*[(hour, "view") for hour in (1, 2, 3, 4, 5)])

    assert fired(count_of(4), events) == [(4, "e3"), (5, "e4")]


@pytest.mark.parametrize(
    ("second_at", "expected"), [(48, []), (48 - MOMENT, [(48 - MOMENT, "e1")])]
)
def test_3_2_the_window_is_open_at_its_start(second_at: Fraction, expected: list[Any]):
    events = history((0, "view"), (second_at, "view"))

    assert fired(count_of(2), events) == expected


def test_3_2_of_two_views_at_one_instant_only_the_later_sees_both():
    events = history((1, "view"), (1, "view"))

    assert fired(count_of(2), events) == [(1, "e1")]


def test_3_2_a_single_one_is_enough_when_one_is_asked():
    assert fired(count_of(1), history((1, "view"), (90, "view"))) == [(1, "e0"), (90, "e1")]


def test_3_3_sum_adds_numbers_and_numbers_in_strings():
    events = history((1, "buy", {"price": 20}), (2, "buy", {"price": " 29.5 "}))

    assert fired(sum_of(49.5), events) == [(2, "e1")]


def test_3_3_the_sum_is_exact_where_floats_are_not():
    events = history(*[(hour, "buy", {"price": 0.1}) for hour in (1, 2, 3)])

    assert fired(sum_of(0.3), events) == [(3, "e2")]


@pytest.mark.parametrize("price", [None, True, "", "abc", "NaN", "inf", "1e400", [50], {"x": 50}])
def test_3_3_an_event_without_a_finite_number_does_not_match(price: Any):
    events = history((1, "buy", {"price": 50}), (2, "buy", {"price": price}), (3, "buy"))

    assert fired(sum_of(50), events) == [(1, "e0")]


def test_3_3_a_refund_counts_and_what_left_the_window_does_not():
    prices = ((0, 60), (1, -20), (24, 10), (25, 50))
    events = history(*[(hour, "buy", {"price": price}) for hour, price in prices])

    # 60; 60 − 20; −20 + 10 (the 60 left at hour 24); 10 + 50 (the −20 left at hour 25).
    assert fired(sum_of(60), events) == [(0, "e0"), (25, "e3")]


def test_3_3_a_sum_of_nothing_much_still_needs_a_matching_event():
    events = history((1, "view"), (2, "buy", {"price": -1}), (3, "buy", {"price": 1}))

    assert fired(sum_of(0), events) == [(3, "e2")]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.0000005, "0.000000"),
        ("0.0000015", "0.000002"),
        (0.0000025, "0.000002"),
        ("0.00000051", "0.000001"),
        (5e12, "1000000000000.000000"),
        ("-1234567890123456789", "-1000000000000.000000"),
        (1e300, "1000000000000.000000"),
        (999_999_999_999.9999999, "1000000000000.000000"),
    ],
)
def test_3_3_addends_have_six_decimals_and_at_most_a_million_millions(value: Any, expected: str):
    assert str(addend(value)) == expected


def test_3_3_many_of_the_largest_addends_still_add_up():
    events = history(*[(1, "buy", {"price": 10**18})] * 20, (2, "buy", {"price": -(10**18)}))

    assert len(fired(sum_of(1e12), events)) == 21


def test_3_4_absence_fires_at_the_deadline_and_names_the_start():
    events = history((1, "add"), (2, "view"))

    assert fired(absence(), events) == [(25, "e0")]


@pytest.mark.parametrize(("bought_at", "expected"), [(25, []), (25 + MOMENT, [(25, "e0")])])
def test_3_4_an_unless_at_the_deadline_still_disarms(bought_at: Fraction, expected: list[Any]):
    events = history((1, "add"), (bought_at, "buy"))

    assert fired(absence(), events) == expected


@pytest.mark.parametrize(("until", "expected"), [(25, [(25, "e0")]), (25 - MOMENT, [])])
def test_3_4_a_deadline_fires_once_the_watermark_reaches_it(until: Fraction, expected: list[Any]):
    assert fired(absence(), history((1, "add")), until=until) == expected


def test_3_4_the_last_start_moves_the_deadline_and_the_first_keeps_it():
    events = history((1, "add"), (20, "add"))

    assert fired(absence(), events) == [(44, "e1")]
    assert fired(absence(anchor="last"), events) == [(44, "e1")]
    assert fired(absence(anchor="first"), events) == [(25, "e0")]


def test_3_4_a_start_at_the_deadline_comes_before_it():
    events = history((1, "add"), (25, "add"))

    # Still armed at 25 when the start is handled (1.6): moved by `last`, ignored by `first`.
    assert fired(absence(anchor="last"), events) == [(49, "e1")]
    assert fired(absence(anchor="first"), events) == [(25, "e0")]


def test_3_4_after_firing_a_start_arms_anew():
    events = history((1, "add"), (25 + MOMENT, "add"))

    expected = [(25, "e0"), (49 + MOMENT, "e1")]
    assert fired(absence(anchor="first"), events) == expected
    assert fired(absence(anchor="last"), events) == expected


def test_3_4_an_unless_before_the_start_disarms_nothing():
    assert fired(absence(), history((1, "buy"), (1, "add"))) == [(25, "e1")]
    assert fired(absence(), history((1, "add"), (1, "buy"))) == []


def test_3_4_an_event_that_is_both_disarms_first_and_then_arms_even_with_anchor_first():
    trigger = absence(start={"event": ["add", "both"]}, unless={"event": "both"}, anchor="first")

    assert fired(trigger, history((1, "add"), (20, "both"))) == [(44, "e1")]


def test_3_5_inactivity_fires_once_per_silence_of_any_event():
    trigger = {"kind": "inactivity", "for": "24h"}
    events = history((0, "view"), (24, "add"), (49, "buy"))

    # Hour 24 is not silence yet: the event at that instant comes first.
    assert fired(trigger, events) == [(48, "e1"), (73, "e2")]


def test_3_5_inactivity_may_be_about_some_events_only():
    trigger = {"kind": "inactivity", "of": BUY, "for": "24h"}

    assert fired(trigger, history((0, "buy"), (1, "view"), (2, "view"))) == [(24, "e0")]


def test_3_6_sequence_fires_at_the_event_that_completes_it():
    events = history((1, "view"), (2, "buy"), (3, "add"), (4, "buy"), (5, "buy"))

    assert fired(sequence(VIEW, ADD, BUY), events) == [(4, "e3")]


@pytest.mark.parametrize(("added_at", "expected"), [(25, [(25, "e1")]), (25 + MOMENT, [])])
def test_3_6_the_window_is_closed_at_both_ends(added_at: Fraction, expected: list[Any]):
    events = history((1, "view"), (added_at, "add"))

    assert fired(sequence(VIEW, ADD), events) == expected


def test_3_6_the_chain_with_the_latest_first_event_is_kept():
    events = history((0, "view"), (10, "view"), (30, "add"))

    assert fired(sequence(VIEW, ADD), events) == [(30, "e2")]


def test_3_6_a_late_first_event_does_not_spoil_a_longer_chain():
    events = history((0, "view"), (1, "add"), (2, "view"), (3, "buy"))

    assert fired(sequence(VIEW, ADD, BUY), events) == [(3, "e3")]


def test_3_6_a_newer_chain_overtakes_an_older_one_of_the_same_length():
    events = history((0, "view"), (1, "add"), (20, "view"), (21, "add"), (40, "buy"))

    assert fired(sequence(VIEW, ADD, BUY), events) == [(40, "e4")]


def test_3_6_steps_are_distinct_events():
    assert fired(sequence(VIEW, VIEW), history((1, "view"))) == []
    assert fired(sequence(VIEW, VIEW), history((1, "view"), (1, "view"))) == [(1, "e1")]


def test_3_6_one_event_advances_each_chain_by_one_step_only():
    either = {"event": ["view", "add"]}

    assert fired(sequence(either, either, BUY), history((1, "view"), (2, "buy"))) == []


def test_3_6_after_a_firing_all_chains_are_cleared_and_the_last_event_is_used_up():
    events = history(*[(hour, "view") for hour in (1, 2, 3, 4, 5)])

    assert fired(sequence(VIEW, VIEW), events) == [(2, "e1"), (4, "e3")]


def test_3_6_an_event_too_late_to_complete_may_start_a_new_chain():
    events = history((0, "view"), (30, "view"), (31, "view"))

    assert fired(sequence(VIEW, VIEW), events) == [(31, "e2")]


def test_3_6_chains_of_another_key_survive_a_firing():
    carts = (("view", "a"), ("view", "b"), ("add", "a"), ("add", "b"))
    events = history(*[(1, name, {"cart": cart}) for name, cart in carts])

    assert fired(sequence(VIEW, ADD, key="cart"), events) == [(1, "e2"), (1, "e3")]
