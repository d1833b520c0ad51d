"""Near misses are exact: what was lacking, and not a microsecond less, would have caught them."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.rehearsal.history import History
from core.rehearsal.near_misses import LISTED, Miss, NearMiss, NearMisses, near_misses
from tests.engine.batching import Feeder
from tests.reference.histories import trigger_cases
from tests.reference.matching import Event, in_order, key_text, look_up, matches
from tests.reference.triggers import addend, raw_firings
from tests.rehearsal.worlds import TRIGGER, World, brief, is_caught, thorough, window, worlds

KINDS = ("event", "count", "sum", "absence", "inactivity", "sequence")
FOREVER = 10**15  # µs, longer than any drawn history
HOUR = 3_600_000_000
START = 1_700_000_000_000_000


def looked_at(trigger: dict[str, Any], world: World, audience: list[str] | None) -> NearMisses:
    firings = raw_firings(trigger, world.events, world.history.watermark)
    caught = world.flags({firing.user_id for firing in firings})
    flags = None if audience is None else world.flags(audience)
    return near_misses(TRIGGER.validate_python(trigger), world.history, caught, flags)


def drawn(data: st.DataObject, kind: str) -> tuple[dict[str, Any], World]:
    case = data.draw(trigger_cases((kind,)))
    return case.trigger, data.draw(worlds(case.events, case.watermark))


def uncaught(trigger: dict[str, Any], world: World) -> list[str]:
    firings = raw_firings(trigger, world.events, world.history.watermark)
    return sorted(set(world.users) - {firing.user_id for firing in firings})


def listed(found: NearMisses, world: World) -> dict[str, NearMiss]:
    """Give the entries by user id, each person at most once."""
    by_user = {world.users[entry.user]: entry for entry in found.nearest}
    assert len(by_user) == len(found.nearest)
    return by_user


def listed_as(found: NearMisses, world: World, miss: Miss) -> dict[str, NearMiss]:
    return {user_id: e for user_id, e in listed(found, world).items() if e.miss is miss}


def lane(trigger: dict[str, Any], world: World, user_id: str, key: str | None) -> list[Event]:
    """Give a user's events, of one key where state is per key (2.3)."""
    own = world.own(user_id)
    if trigger.get("key") is None:
        return own
    return [e for e in own if key_text(look_up(e.properties, trigger["key"])) == key]


def lanes(trigger: dict[str, Any], world: World, user_id: str) -> list[list[Event]]:
    if trigger.get("key") is None:
        return [world.own(user_id)]
    keys = {key_text(look_up(e.properties, trigger["key"])) for e in world.own(user_id)}
    return [lane(trigger, world, user_id, key) for key in keys - {None}]


@pytest.mark.parametrize("kind", KINDS)
@brief
@given(data=st.data())
def test_nobody_who_was_caught_or_is_outside_the_audience_is_listed(
    kind: str, data: st.DataObject
) -> None:
    trigger, world = drawn(data, kind)
    members = st.lists(st.sampled_from(world.users), unique=True) if world.users else st.just([])
    audience = data.draw(members)

    everybody = looked_at(trigger, world, None)
    members_only = looked_at(trigger, world, audience)

    people = {world.users[entry.user] for entry in everybody.nearest}
    assert people <= set(uncaught(trigger, world))
    wanted = [entry for entry in everybody.nearest if world.users[entry.user] in audience]
    assert members_only.nearest == wanted


@pytest.mark.parametrize("kind", KINDS)
@brief
@given(data=st.data())
def test_people_are_counted_by_kind_and_the_nearest_comes_first(
    kind: str, data: st.DataObject
) -> None:
    trigger, world = drawn(data, kind)

    found = looked_at(trigger, world, None)

    for miss in Miss:
        assert len(listed_as(found, world, miss)) == found.count_by_miss.get(miss, 0)
    # Those who were one event short come last: one event is no number of microseconds.
    order = [(entry.miss is Miss.TOO_FEW, entry.by) for entry in found.nearest]
    assert order == sorted(order)


@pytest.mark.parametrize("kind", KINDS)
@brief
@given(data=st.data())
def test_an_entry_points_at_an_event_of_the_person_and_its_key(
    kind: str, data: st.DataObject
) -> None:
    trigger, world = drawn(data, kind)

    found = looked_at(trigger, world, None)

    for entry in found.nearest:
        assert entry.row is not None
        event = world.events[entry.row]
        assert (event.user_id, event.timestamp) == (world.users[entry.user], entry.at)
        keyed = trigger.get("key")
        assert entry.key == (keyed and key_text(look_up(event.properties, keyed)))


@thorough
@given(data=st.data())
def test_count_a_window_wider_by_just_over_what_was_lacking_catches(data: st.DataObject) -> None:
    trigger, world = drawn(data, "count")
    until, within = world.history.watermark, window(trigger)

    late = listed_as(looked_at(trigger, world, None), world, Miss.TOO_LATE)

    # An event exactly `within` ago no longer counts (3.2): the window has to grow past the gap.
    for user_id in uncaught(trigger, world):
        own = world.own(user_id)
        assert (user_id in late) is is_caught(trigger, own, until, FOREVER)
        if user_id in late:
            by = int(late[user_id].by)
            assert by == late[user_id].by
            assert is_caught(trigger, own, until, within + by + 1)
            assert not is_caught(trigger, own, until, within + by)


@thorough
@given(data=st.data())
def test_count_one_more_event_at_that_moment_catches_whoever_was_one_short(
    data: st.DataObject,
) -> None:
    trigger, world = drawn(data, "count")
    until = world.history.watermark

    found = looked_at(trigger, world, None)
    few = listed_as(found, world, Miss.TOO_FEW)

    for user_id, entry in few.items():
        assert entry.by == 1
        assert entry.row is not None
        assert one_more_catches(trigger, world.own(user_id), world.events[entry.row], until)
    for user_id in uncaught(trigger, world):
        own = world.own(user_id)
        if not is_caught(trigger, own, until, FOREVER):
            can_be_caught = any(one_more_catches(trigger, own, e, until) for e in own)
            assert (user_id in few) is can_be_caught


def one_more_catches(trigger: dict[str, Any], own: list[Event], like: Event, until: int) -> bool:
    """Say whether the person is caught once an event is repeated at its own time, after all."""
    again = like._replace(event_id="again", seq=10**9)
    return is_caught(trigger, [*own, again], until)


@pytest.mark.parametrize("kind", ["absence", "inactivity"])
@thorough
@given(data=st.data())
def test_waits_what_was_lacking_is_the_rest_of_the_wait_that_came_furthest(
    kind: str, data: st.DataObject
) -> None:
    trigger, world = drawn(data, kind)

    found = listed(looked_at(trigger, world, None), world)

    expected = {}
    for user_id in uncaught(trigger, world):
        own = lanes(trigger, world, user_id)
        rests = [rest for events in own for rest in waited(trigger, events, world)]
        if rests:
            expected[user_id] = min(rests)
    assert {user_id: entry.by for user_id, entry in found.items()} == expected


def waited(trigger: dict[str, Any], own: list[Event], world: World) -> list[int]:
    """Give how much of the wait was left at each event that ended it, and at the watermark."""
    of = trigger.get("of", {"event": "*"})
    start, unless = trigger.get("start", of), trigger.get("unless", of)
    armed_at, rests = None, []
    for event in own:
        if armed_at is not None and matches(unless, event):
            rests.append(armed_at + window(trigger) - event.timestamp)
            armed_at = None
        if matches(start, event) and (armed_at is None or trigger.get("anchor") != "first"):
            armed_at = event.timestamp
    if armed_at is not None:
        rests.append(armed_at + window(trigger) - world.history.watermark)
    return rests


@pytest.mark.parametrize("kind", ["absence", "inactivity"])
@thorough
@given(data=st.data())
def test_waits_a_deadline_just_before_they_came_back_catches(
    kind: str, data: st.DataObject
) -> None:
    trigger, world = drawn(data, kind)
    until, within = world.history.watermark, window(trigger)

    came = listed_as(looked_at(trigger, world, None), world, Miss.CAME_BACK)

    # What comes at the deadline's instant still ends the wait (3.4): one microsecond more. With a
    # deadline a microsecond later than that, only somebody still waiting as long could be caught.
    for user_id, entry in came.items():
        own, shorter = world.own(user_id), within - int(entry.by) - 1
        if shorter >= 1:
            assert is_caught(trigger, own, until, shorter)
        if kind == "inactivity" or trigger.get("anchor") == "first":
            assert not is_caught(trigger, own, until, shorter + 2)


@pytest.mark.parametrize("kind", ["absence", "inactivity"])
@thorough
@given(data=st.data())
def test_waits_more_time_catches_whoever_was_still_waiting(kind: str, data: st.DataObject) -> None:
    trigger, world = drawn(data, kind)
    until = world.history.watermark

    found = listed(looked_at(trigger, world, None), world)

    for user_id in uncaught(trigger, world):
        own = world.own(user_id)
        if is_caught(trigger, own, until + FOREVER):
            assert user_id in found
        if user_id in found and found[user_id].miss is Miss.STILL_WAITING:
            by = int(found[user_id].by)
            assert is_caught(trigger, own, until + by)
            assert not is_caught(trigger, own, until + by - 1)


@pytest.mark.parametrize("kind", ["absence", "inactivity"])
@thorough
@given(data=st.data())
def test_waits_only_what_ends_a_wait_is_said_to_have_come_in_time(
    kind: str, data: st.DataObject
) -> None:
    trigger, world = drawn(data, kind)
    unless = trigger.get("unless", trigger.get("of", {"event": "*"}))

    came = listed_as(looked_at(trigger, world, None), world, Miss.CAME_BACK)

    for entry in came.values():
        assert entry.row is not None
        assert matches(unless, world.events[entry.row])


@thorough
@given(data=st.data())
def test_sequence_a_window_wider_by_what_was_lacking_catches(data: st.DataObject) -> None:
    trigger, world = drawn(data, "sequence")
    until, within = world.history.watermark, window(trigger)

    late = listed_as(looked_at(trigger, world, None), world, Miss.TOO_LATE)

    for user_id in uncaught(trigger, world):
        own = world.own(user_id)
        assert (user_id in late) is is_caught(trigger, own, until, FOREVER)
        if user_id in late:
            by = int(late[user_id].by)
            assert is_caught(trigger, own, until, within + by)
            assert not is_caught(trigger, own, until, within + by - 1)


@thorough
@given(data=st.data())
def test_sequence_one_short_are_those_who_did_all_but_the_last_step_in_time(
    data: st.DataObject,
) -> None:
    trigger, world = drawn(data, "sequence")
    until = world.history.watermark

    few = listed_as(looked_at(trigger, world, None), world, Miss.TOO_FEW)

    for user_id in uncaught(trigger, world):
        own = world.own(user_id)
        if not is_caught(trigger, own, until, FOREVER):
            assert (user_id in few) is is_caught(all_but_the_last(trigger), own, until)
    for entry in few.values():
        assert entry.by == 1
        assert entry.row is not None
        assert matches(trigger["steps"][-2], world.events[entry.row])


def all_but_the_last(trigger: dict[str, Any]) -> dict[str, Any]:
    steps = trigger["steps"][:-1]
    if len(steps) == 1:
        return {"kind": "event", "match": steps[0], "key": trigger.get("key")}
    return {**trigger, "steps": steps}


@thorough
@given(data=st.data())
def test_sum_what_was_lacking_is_the_distance_to_the_largest_sum(data: st.DataObject) -> None:
    trigger, world = drawn(data, "sum")
    wanted = Decimal(repr(trigger["at_least"]))

    little = listed_as(looked_at(trigger, world, None), world, Miss.TOO_LITTLE)

    for user_id in uncaught(trigger, world):
        sums = [s for own in lanes(trigger, world, user_id) for s in windowed_sums(trigger, own)]
        largest = max(sums, default=None)
        slack = max(abs(wanted), abs(largest or 0)) * Decimal("1e-12")
        if largest is not None and abs(largest - wanted / 2) > slack:
            assert (user_id in little) is (largest > wanted / 2)
        if user_id in little:
            assert largest is not None
            lacking = Decimal(little[user_id].by)
            assert lacking > 0
            assert abs(lacking - (wanted - largest)) <= slack


def windowed_sums(trigger: dict[str, Any], own: list[Event]) -> list[Decimal]:
    amounts = [
        (event.timestamp, amount)
        for event in own
        if matches(trigger["match"], event)
        and (amount := addend(look_up(event.properties, trigger["property"]))) is not None
    ]
    return [
        sum((a for at, a in amounts[: n + 1] if at > amounts[n][0] - window(trigger)), Decimal(0))
        for n in range(len(amounts))
    ]


def world_of(*events: tuple[str, str, float], until: float, keys: str = "") -> World:
    """Hold events (user, name, hour) in memory; `keys` gives each its property k, sign by sign."""
    plain = [
        Event(f"e{n}", user_id, name, START + int(hour * HOUR), n, {"k": keys[n : n + 1]})
        for n, (user_id, name, hour) in enumerate(events)
    ]
    known = in_order(plain)
    feeder = Feeder(users=sorted({event.user_id for event in known}), events=known)
    history = History(
        batches=[feeder.batch(known, ["k"])],
        first_at=known[0].timestamp,
        watermark=START + int(until * HOUR),
        user_count=len(feeder.users),
    )
    return World(events=known, feeder=feeder, history=history)


def test_three_of_four_views_and_the_fourth_forty_minutes_too_late() -> None:
    trigger = {"kind": "count", "match": {"event": "view"}, "at_least": 4, "within": "48h"}
    world = world_of(
        *(("ann", "view", hour) for hour in (0, 10, 20, 48 + 40 / 60)),
        *(("bob", "view", hour) for hour in (0, 1, 2)),
        *(("cid", "view", hour) for hour in (0, 1)),
        until=100,
    )

    found = looked_at(trigger, world, None)

    told = [(world.users[e.user], e.miss, e.by) for e in found.nearest]
    assert told == [("ann", Miss.TOO_LATE, 40 * 60e6), ("bob", Miss.TOO_FEW, 1)]
    assert found.count_by_miss == {Miss.TOO_LATE: 1, Miss.TOO_FEW: 1}


def test_bought_an_hour_before_the_mail_would_have_left() -> None:
    trigger = {
        "kind": "absence",
        "start": {"event": "add"},
        "unless": {"event": "buy"},
        "within": "24h",
    }
    world = world_of(
        ("ann", "add", 0), ("ann", "buy", 23), ("bob", "add", 80), ("cid", "buy", 5), until=100
    )

    found = looked_at(trigger, world, None)

    told = [(world.users[e.user], e.miss, e.by, e.at) for e in found.nearest]
    assert told == [
        ("ann", Miss.CAME_BACK, HOUR, START + 23 * HOUR),
        ("bob", Miss.STILL_WAITING, 4 * HOUR, START + 80 * HOUR),
    ]


def test_the_page_lists_only_the_nearest_but_all_are_counted() -> None:
    trigger = {"kind": "count", "match": {"event": "view"}, "at_least": 2, "within": "24h"}
    people = LISTED + 50
    world = world_of(
        *((f"u{n:03}", "view", 0) for n in range(people)),
        *((f"u{n:03}", "view", 24 + (n * 7 % people) / 60) for n in range(people)),
        until=100,
    )

    found = looked_at(trigger, world, None)

    assert found.count_by_miss[Miss.TOO_LATE] == people
    assert len(found.nearest) == LISTED
    assert [entry.by for entry in found.nearest] == [minute * 60e6 for minute in range(LISTED)]


def test_a_person_stands_in_the_list_with_the_nearest_of_their_keys() -> None:
    trigger = {
        "kind": "count",
        "match": {"event": "view"},
        "key": "k",
        "at_least": 2,
        "within": "24h",
    }
    world = world_of(*(("ann", "view", hour) for hour in (0, 0, 25, 30)), until=99, keys="xyyx")

    found = looked_at(trigger, world, None)

    assert [(entry.key, entry.by) for entry in found.nearest] == [("y", HOUR)]
    assert found.count_by_miss[Miss.TOO_LATE] == 1
