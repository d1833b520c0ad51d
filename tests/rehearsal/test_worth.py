"""What a trigger is worth equals counting by hand: every person, every instant (SEMANTICS 7)."""

from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from itertools import pairwise
from math import sqrt
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from core.domain.campaigns import Campaign
from core.domain.matchers import Matcher
from core.rehearsal.history import History
from core.rehearsal.replay import replay
from core.rehearsal.worth import HORIZONS, Converted, Worth, worth_of
from tests.engine.batching import Feeder
from tests.reference.admission import admit
from tests.reference.matching import Event, in_order, key_text, look_up, matches
from tests.reference.triggers import BY_TIMER, Firing, addend, raw_firings
from tests.rehearsal.worlds import World, thorough, window, worlds

HOUR = 3_600_000_000
DAY = 24 * HOUR
MEMBERS = {"segment": "members"}
PATHS = ("k", "n")
TRIGGERS: tuple[dict[str, Any], ...] = (
    {"kind": "event", "match": {"event": "add"}},
    {"kind": "event", "match": {"event": "buy"}, "key": "k"},
    {"kind": "count", "match": {"event": "view"}, "at_least": 2, "within": "24h"},
    {"kind": "count", "match": {"event": "view"}, "at_least": 2, "within": "48h", "key": "k"},
    {
        "kind": "sum",
        "match": {"event": "*"},
        "property": "n",
        "at_least": 3,
        "within": "48h",
    },
    {"kind": "absence", "start": {"event": "add"}, "unless": {"event": "buy"}, "within": "24h"},
    {
        "kind": "absence",
        "start": {"event": "view"},
        "unless": {"event": ["add", "buy"]},
        "within": "12h",
        "anchor": "first",
        "key": "k",
    },
    {"kind": "inactivity", "for": "48h"},
    {"kind": "sequence", "steps": [{"event": "view"}, {"event": "add"}], "within": "24h"},
)
GOALS: tuple[dict[str, Any], ...] = (
    {"event": "buy"},
    {"event": "buy", "where": [{"property": "n", "op": "gte", "value": 2}]},
    {"event": "*"},
    {"event": "never"},
)


@dataclass(frozen=True, kw_only=True)
class Shop:
    """A drawn history with a campaign, its goal and its audience (None: everybody)."""

    world: World
    campaign: dict[str, Any]
    goal: dict[str, Any]
    audience: list[str] | None

    @property
    def trigger(self) -> dict[str, Any]:
        found: dict[str, Any] = self.campaign["trigger"]
        return found

    @property
    def until(self) -> int:
        return self.world.history.watermark

    def worth(self) -> Worth:
        campaign = Campaign.model_validate(self.campaign)
        flags = None if self.audience is None else self.world.flags(self.audience)
        replays = replay(
            [campaign], self.world.history.batches, watermark=self.until, audiences=[flags]
        )
        return worth_of(replays[0], Matcher.model_validate(self.goal), self.world.history, flags)

    def firings(self) -> list[tuple[Firing, str]]:
        """Give all raw firings with their outcome by the plain reading."""
        firings = raw_firings(self.trigger, self.world.events, self.until)
        members = self.world.users if self.audience is None else self.audience
        profiles = {user_id: {"segments": ["members"]} for user_id in members}
        outcomes = admit({**self.campaign, "audience": MEMBERS}, firings, profiles)
        return list(zip(firings, outcomes, strict=True))

    def first_starts(self) -> dict[str, Event]:
        """Give the first start event of everybody in the audience who has one."""
        found: dict[str, Event] = {}
        for event in self.world.events:
            wanted = self.audience is None or event.user_id in self.audience
            if wanted and is_start(self.trigger, event):
                found.setdefault(event.user_id, event)
        return found


def is_start(trigger: dict[str, Any], event: Event) -> bool:
    """Say whether an event is what the trigger begins with; one without the key is none (2.3)."""
    first = trigger.get("match") or trigger.get("start") or trigger.get("of") or {"event": "*"}
    if "steps" in trigger:
        first = trigger["steps"][0]
    if trigger.get("key") and key_text(look_up(event.properties, trigger["key"])) is None:
        return False
    if trigger["kind"] == "sum" and addend(look_up(event.properties, trigger["property"])) is None:
        return False
    return matches(first, event)


@st.composite
def shops(draw: DrawFn) -> Shop:
    """Draw events on a grid of six hours over up to sixteen days, some a microsecond beside it.

    In a short and busy span many a wait ends in time, in a long one few do.
    """
    moments = st.tuples(
        st.integers(0, draw(st.sampled_from((4, 8, 64)))),
        st.sampled_from((0, 0, 0, -1, 1)),
        st.sampled_from(("ann", "bob", "cid")),
        st.sampled_from(("view", "add", "buy")),
        st.sampled_from(({}, {"k": "x"}, {"k": "y"})),
        st.sampled_from(({}, {"n": 1}, {"n": 2}, {"n": "many"})),
    )
    drawn = draw(st.lists(moments, min_size=draw(st.sampled_from((0, 5, 20))), max_size=40))
    events = [
        Event(f"e{seq}", user_id, name, point * 6 * HOUR + beside, seq, {**keyed, **amount})
        for seq, (point, beside, user_id, name, keyed, amount) in enumerate(drawn)
    ]
    last = max((event.timestamp for event in events), default=0)
    watermark = draw(st.sampled_from((last, 10 * DAY, last + DAY, last + 30 * DAY)))
    trigger = draw(st.sampled_from(TRIGGERS))
    reentry = draw(st.sampled_from(("always", "once", {"cooldown": "2d"})))
    return Shop(
        world=draw(worlds(events, watermark, PATHS)),
        campaign={"name": "drawn", "trigger": trigger, "reentry": reentry},
        goal=draw(st.sampled_from(GOALS)),
        audience=draw(st.sampled_from((None, None, ["ann"], ["ann", "cid"], []))),
    )


def counted(shop: Shop, moments: dict[str, tuple[int, int | None]]) -> list[Converted]:
    """Count by hand who reached the goal after their moment.

    A moment is a time and, where an event made it, that event's place in the history; then a goal
    has to be later in the order, else later than the timer (5.8, 1.6).
    """
    lines = []
    for horizon in (DAY, 3 * DAY, 7 * DAY):
        goals = known = 0
        for user_id, (at, place) in moments.items():
            if at + horizon > shop.until:
                continue
            known += 1
            later = [
                event
                for n, event in enumerate(shop.world.events)
                if event.user_id == user_id
                and matches(shop.goal, event)
                and (event.timestamp > at if place is None else n > place)
            ]
            goals += any(event.timestamp <= at + horizon for event in later)
        lines.append(
            Converted(
                horizon=timedelta(microseconds=horizon),
                goal_count=goals,
                people_count=known,
                censored_count=len(moments) - known,
            )
        )
    return lines


def test_the_horizons_are_a_day_three_and_seven() -> None:
    assert [horizon.days for horizon in HORIZONS] == [1, 3, 7]


@thorough
@given(shop=shops())
def test_the_caught_count_once_from_their_first_enrolment(shop: Shop) -> None:
    place = {(e.user_id, e.event_id): n for n, e in enumerate(shop.world.events)}
    moments: dict[str, tuple[int, int | None]] = {}
    for firing, outcome in shop.firings():
        if outcome == "enrolled":
            by_event = None if firing.order == BY_TIMER else place[firing.user_id, firing.event_id]
            moments.setdefault(firing.user_id, (firing.fired_at, by_event))

    worth = shop.worth()

    assert worth.caught == counted(shop, moments)


@thorough
@given(shop=shops())
def test_who_began_but_was_not_caught_counts_from_the_same_point_after_the_start(
    shop: Shop,
) -> None:
    place = {(e.user_id, e.event_id): n for n, e in enumerate(shop.world.events)}
    caught = {firing.user_id for firing, _ in shop.firings()}
    is_wait = shop.trigger["kind"] in ("absence", "inactivity")
    moments: dict[str, tuple[int, int | None]] = {}
    for user_id, start in shop.first_starts().items():
        if user_id not in caught:
            at = start.timestamp + (window(shop.trigger) if is_wait else 0)
            moments[user_id] = (at, None if is_wait else place[user_id, start.event_id])

    worth = shop.worth()

    assert worth.not_caught == counted(shop, moments)


@thorough
@given(shop=shops())
def test_the_wait_for_the_goal_runs_from_the_first_start_to_the_next_goal_or_the_end(
    shop: Shop,
) -> None:
    expected = []
    for user_id, start in shop.first_starts().items():
        own = shop.world.own(user_id)
        later = [e for e in own[own.index(start) + 1 :] if matches(shop.goal, e)]
        until = later[0].timestamp if later else shop.until
        expected.append(((until - start.timestamp) / HOUR, bool(later)))

    waiting = shop.worth().waiting

    told = zip(waiting.hours.tolist(), waiting.is_goal.tolist(), strict=True)
    assert sorted(told) == sorted(expected)


@thorough
@given(shop=shops())
def test_the_base_rate_is_the_share_of_all_instants_that_a_goal_follows(shop: Shop) -> None:
    history = shop.world.history

    rates = shop.worth().everybody

    for rate, horizon in zip(rates, (DAY, 3 * DAY, 7 * DAY), strict=True):
        begin, end = history.first_at, history.watermark - horizon
        people = history.user_count
        assert rate.people_count == people
        if end <= begin or people < 2:
            assert (rate.rate, rate.standard_error) == (None, None)
            continue
        shares = [
            covered(goal_times(shop, user_id), begin, end, horizon) for user_id in shop.world.users
        ]
        mean = sum(shares) / people
        variance = sum((s - mean) ** 2 for s in shares) / (people - 1)
        assert rate.rate == pytest.approx(float(mean), abs=1e-12)
        assert rate.standard_error == pytest.approx(sqrt(variance / people), abs=1e-8)


def goal_times(shop: Shop, user_id: str) -> list[int]:
    return [e.timestamp for e in shop.world.own(user_id) if matches(shop.goal, e)]


def covered(goals: list[int], begin: int, end: int, horizon: int) -> Fraction:
    """Give the share of [begin, end) in which a goal lies within the horizon ahead.

    Between two neighbouring cuts nothing changes, so one instant in each stretch answers for all.
    """
    cuts = {begin, end, *goals, *(goal - horizon for goal in goals)}
    inside = sorted(cut for cut in cuts if begin <= cut <= end)
    total = 0
    for low, high in pairwise(inside):
        if any(low < goal <= low + horizon for goal in goals):
            total += high - low
    return Fraction(total, end - begin)


def shop_of(*events: tuple[str, str, float], until: float, trigger: dict[str, Any]) -> Shop:
    """Hold events (user, name, hour) in memory; the goal is to buy."""
    known = in_order(
        [
            Event(f"e{n}", user_id, name, int(hour * HOUR), n, {})
            for n, (user_id, name, hour) in enumerate(events)
        ]
    )
    feeder = Feeder(users=sorted({event.user_id for event in known}), events=known)
    history = History(
        batches=[feeder.batch(known, PATHS)],
        first_at=known[0].timestamp,
        watermark=int(until * HOUR),
        user_count=len(feeder.users),
    )
    return Shop(
        world=World(events=known, feeder=feeder, history=history),
        campaign={"name": "drawn", "trigger": trigger},
        goal={"event": "buy"},
        audience=None,
    )


CART = TRIGGERS[5]


def line(worth: Worth, days: int) -> Converted:
    return next(c for c in worth.caught if c.horizon == timedelta(days=days))


def test_a_horizon_that_ends_at_the_watermark_is_known_and_a_microsecond_later_censored() -> None:
    known = shop_of(("ann", "add", 0), until=48, trigger=CART).worth()
    censored = shop_of(("ann", "add", 0), until=48 - 1e-9, trigger=CART).worth()

    assert (line(known, 1).people_count, line(known, 1).censored_count) == (1, 0)
    assert (line(censored, 1).people_count, line(censored, 1).censored_count) == (0, 1)


def test_a_censored_person_is_in_no_count_even_if_the_goal_came_already() -> None:
    worth = shop_of(("ann", "add", 0), ("ann", "buy", 25), until=30, trigger=CART).worth()

    assert (line(worth, 1).goal_count, line(worth, 1).people_count) == (0, 0)
    assert line(worth, 1).censored_count == 1


@pytest.mark.parametrize(("hour", "goals"), [(24, 0), (48, 1), (48 + 1e-9, 0)])
def test_a_goal_counts_after_the_deadline_and_up_to_the_end_of_the_horizon(
    hour: float, goals: int
) -> None:
    # At the deadline itself the purchase comes first (1.6) and nobody is caught.
    worth = shop_of(("ann", "add", 0), ("ann", "buy", hour), until=99, trigger=CART).worth()

    assert line(worth, 1).goal_count == goals


def test_a_purchase_that_ended_the_wait_is_no_conversion_of_who_was_not_caught() -> None:
    worth = shop_of(
        *(("ann", "add", 0), ("ann", "buy", 20), ("bob", "add", 0), ("bob", "buy", 20)),
        ("bob", "buy", 30),
        until=99,
        trigger=CART,
    ).worth()

    # Both clocks start when the mail would have left, 24 hours after the cart: only bob's second
    # purchase comes after.
    day = next(c for c in worth.not_caught if c.horizon == timedelta(days=1))
    assert (day.goal_count, day.people_count) == (1, 2)


def test_the_event_that_fires_is_not_its_own_goal_but_one_at_the_same_instant_after_it_is() -> None:
    bought = {"kind": "event", "match": {"event": "buy"}}

    once = shop_of(("ann", "buy", 0), until=99, trigger=bought).worth()
    twice = shop_of(("ann", "buy", 0), ("ann", "buy", 0), until=99, trigger=bought).worth()

    assert line(once, 1).goal_count == 0
    assert line(twice, 1).goal_count == 1
    assert twice.waiting.hours.tolist() == [0.0]
    assert np.array_equal(twice.waiting.is_goal, [True])
