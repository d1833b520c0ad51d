"""The story of one person agrees with the plain reading, moment by moment."""

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.campaigns import Campaign
from core.domain.instants import from_microseconds
from core.rehearsal.story import MOST_MOMENTS, Mark, Moment, Story, tell
from tests.reference.admission import admit, holds
from tests.reference.histories import CampaignCase, campaign_cases
from tests.reference.matching import Event, in_order, key_text, look_up, matches
from tests.reference.triggers import Firing, addend, raw_firings
from tests.rehearsal.worlds import as_domain, thorough, window

FIRED = (Mark.ENROLLED, Mark.REENTRY, Mark.AUDIENCE)
WAITS = ("absence", "inactivity")
HOUR = 3_600_000_000
START = 1_700_000_000_000_000


@dataclass(frozen=True, kw_only=True)
class Person:
    """One person of a drawn case: their events and the plain reading's firings with outcomes."""

    case: CampaignCase
    user_id: str
    known: list[Event]
    firings: list[tuple[Firing, str]]

    @property
    def trigger(self) -> dict[str, Any]:
        found: dict[str, Any] = self.case.campaign["trigger"]
        return found

    def story(self) -> Story:
        audience = self.case.campaign.get("audience")
        traits = self.case.profiles.get(self.user_id, {})
        own = in_order([e for e in self.case.events if e.user_id == self.user_id])
        return tell(
            Campaign.model_validate(self.case.campaign),
            [as_domain(event) for event in own],
            watermark=self.case.watermark,
            in_audience=audience is None or holds(audience, traits),
        )

    def key(self, event: Event) -> str | None:
        keyed = self.trigger.get("key")
        return None if keyed is None else key_text(look_up(event.properties, keyed))

    def lane_events(self) -> list[Event]:
        """Give the events that have the key where state is per key (2.3)."""
        return [e for e in self.known if self.trigger.get("key") is None or self.key(e) is not None]


def people_of(case: CampaignCase) -> list[Person]:
    known = in_order([e for e in case.events if e.timestamp <= case.watermark])
    firings = raw_firings(case.campaign["trigger"], known, case.watermark)
    outcomes = list(zip(firings, admit(case.campaign, firings, case.profiles), strict=True))
    return [
        Person(
            case=case,
            user_id=user_id,
            known=[event for event in known if event.user_id == user_id],
            firings=[pair for pair in outcomes if pair[0].user_id == user_id],
        )
        for user_id in sorted({event.user_id for event in case.events})
    ]


def cause_of(moment: Moment) -> str:
    """Give the id of the event behind a firing (3.7)."""
    cause = moment.cause if moment.event is None else moment.event
    assert cause is not None
    return cause.event_id


@thorough
@given(case=campaign_cases())
def test_the_firings_told_are_those_of_the_plain_reading_in_order(case: CampaignCase) -> None:
    for person in people_of(case):
        story = person.story()

        told = [(m.key, m.at, cause_of(m), str(m.mark)) for m in story.moments if m.mark in FIRED]
        assert told == [(f.key, f.fired_at, f.event_id, outcome) for f, outcome in person.firings]
        assert story.is_complete


@thorough
@given(case=campaign_cases())
def test_moments_come_in_order_of_time_and_a_deadline_after_the_events_of_its_instant(
    case: CampaignCase,
) -> None:
    for person in people_of(case):
        moments = person.story().moments

        order = [(moment.at, moment.event is None) for moment in moments]
        assert order == sorted(order)
        for moment in moments:
            assert moment.at <= case.watermark
            assert (moment.event is None) is (moment.cause is not None)


@thorough
@given(case=campaign_cases(WAITS))
def test_what_armed_moved_kept_and_disarmed_agrees_with_the_rule(case: CampaignCase) -> None:
    for person in people_of(case):
        moments = person.story().moments

        told = [(cause_of(m), m.key, m.mark, m.due_at) for m in moments if m.mark not in FIRED]
        by_event, waiting = waits_of(person)
        assert [entry for entry in told if entry[2] is not Mark.WAITING] == by_event
        still = [entry for entry in told if entry[2] is Mark.WAITING]
        assert sorted(still, key=repr) == sorted(waiting, key=repr)
        assert [entry[3] for entry in still] == sorted(entry[3] for entry in waiting)


Told = tuple[str, str | None, Mark, int | None]


def waits_of(person: Person) -> tuple[list[Told], list[Told]]:
    """Walk through rule 3.4 by hand: what each event did, and what is armed at the watermark."""
    trigger, within = person.trigger, window(person.trigger)
    of = trigger.get("of", {"event": "*"})
    start, unless = trigger.get("start", of), trigger.get("unless", of)
    is_anchored_first = trigger.get("anchor") == "first"
    armed: dict[str | None, Event] = {}
    told: list[Told] = []
    for event in person.lane_events():
        key = person.key(event)
        if key in armed and armed[key].timestamp + within < event.timestamp:
            del armed[key]
        was_armed = key in armed
        if matches(unless, event):
            armed.pop(key, None)
        if matches(start, event):
            is_kept = key in armed and is_anchored_first
            if not is_kept:
                armed[key] = event
            mark = Mark.KEPT if is_kept else Mark.MOVED if was_armed else Mark.ARMED
            told.append((event.event_id, key, mark, armed[key].timestamp + within))
        elif matches(unless, event) and was_armed:
            told.append((event.event_id, key, Mark.DISARMED, None))
    until = person.case.watermark
    waiting = [
        (event.event_id, key, Mark.WAITING, event.timestamp + within)
        for key, event in armed.items()
        if event.timestamp + within > until
    ]
    return told, waiting


@thorough
@given(case=campaign_cases(("count",)))
def test_a_count_tells_for_each_match_how_many_lie_in_the_window(case: CampaignCase) -> None:
    for person in people_of(case):
        trigger = person.trigger
        matching = [e for e in person.lane_events() if matches(trigger["match"], e)]
        expected = []
        for place, event in enumerate(matching):
            inside = [
                e
                for e in matching[: place + 1]
                if person.key(e) == person.key(event)
                and e.timestamp > event.timestamp - window(trigger)
            ]
            # Once it fires, more than enough is as good as enough.
            expected.append((event.event_id, min(len(inside), trigger["at_least"])))

        told = [(cause_of(m), m.count) for m in person.story().moments]

        assert told == expected


@thorough
@given(case=campaign_cases(("sum",)))
def test_a_sum_tells_for_each_match_what_the_window_adds_up_to(case: CampaignCase) -> None:
    for person in people_of(case):
        trigger = person.trigger
        matching = [
            (event, amount)
            for event in person.lane_events()
            if matches(trigger["match"], event)
            and (amount := addend(look_up(event.properties, trigger["property"]))) is not None
        ]
        expected = []
        for place, (event, _) in enumerate(matching):
            inside = [
                amount
                for e, amount in matching[: place + 1]
                if person.key(e) == person.key(event)
                and e.timestamp > event.timestamp - window(trigger)
            ]
            expected.append((event.event_id, float(sum(inside))))

        moments = person.story().moments

        assert [cause_of(m) for m in moments] == [event_id for event_id, _ in expected]
        totals = [total for _, total in expected]
        assert [m.count for m in moments] == pytest.approx(totals, rel=1e-12, abs=1e-9)


@thorough
@given(case=campaign_cases(("sequence",)))
def test_a_sequence_tells_the_step_that_each_event_took(case: CampaignCase) -> None:
    for person in people_of(case):
        told = [(cause_of(m), m.count) for m in person.story().moments]

        assert told == steps_taken(person)


def steps_taken(person: Person) -> list[tuple[str, int]]:
    """Walk through rule 3.6 by hand: the longest chain that each event made newer."""
    trigger, within = person.trigger, window(person.trigger)
    steps = trigger["steps"]
    chains: dict[str | None, dict[int, int]] = {}
    told = []
    for event in person.lane_events():
        chain = chains.setdefault(person.key(event), {})
        took = 0
        for length in range(len(steps) - 1, 0, -1):
            begun_at = chain.get(length)
            if begun_at is None or event.timestamp - begun_at > within:
                continue
            if not matches(steps[length], event):
                continue
            if length + 1 == len(steps):
                took = len(steps)
                break
            if chain.get(length + 1, begun_at - 1) < begun_at:
                chain[length + 1] = begun_at
                took = max(took, length + 1)
        if took == len(steps):
            chains[person.key(event)] = {}
        elif matches(steps[0], event) and chain.get(1) != event.timestamp:
            chain[1] = event.timestamp
            took = max(took, 1)
        if took:
            told.append((event.event_id, took))
    return told


@thorough
@given(case=campaign_cases(("event",)))
def test_an_event_trigger_tells_its_firings_and_nothing_else(case: CampaignCase) -> None:
    for person in people_of(case):
        moments = person.story().moments

        assert all(moment.mark in FIRED for moment in moments)
        assert all(moment.event is not None for moment in moments)


@thorough
@given(case=campaign_cases(), data=st.data())
def test_what_comes_after_the_watermark_changes_nothing(
    case: CampaignCase, data: st.DataObject
) -> None:
    for person in people_of(case):
        later = [
            Event(f"later{n}", person.user_id, name, case.watermark + 1 + n, 10**6 + n, {})
            for n, name in enumerate(data.draw(st.lists(st.sampled_from(("view", "buy")))))
        ]
        longer = Person(
            case=CampaignCase(
                campaign=case.campaign,
                events=[*case.events, *later],
                watermark=case.watermark,
                profiles=case.profiles,
            ),
            user_id=person.user_id,
            known=person.known,
            firings=person.firings,
        )

        assert longer.story() == person.story()


def story_of(trigger: dict[str, Any], *events: tuple[str, float], until: float) -> Story:
    """Tell the story of events (name, hour)."""
    plain = [
        Event(f"e{n}", "ann", name, START + int(hour * HOUR), n, {})
        for n, (name, hour) in enumerate(events)
    ]
    return tell(
        Campaign.model_validate({"name": "c", "trigger": trigger, "reentry": {"cooldown": "7d"}}),
        [as_domain(event) for event in plain],
        watermark=START + int(until * HOUR),
        in_audience=True,
    )


CART = {"kind": "absence", "start": {"event": "add"}, "unless": {"event": "buy"}, "within": "24h"}


def test_a_cart_that_was_left_bought_left_again_and_is_waiting_still() -> None:
    story = story_of(
        CART,
        ("add", 0),
        ("add", 10),
        ("add", 40),
        ("buy", 50),
        ("add", 60),
        ("add", 100),
        until=120,
    )

    told = [
        (m.mark, (m.at - START) / HOUR, m.due_at and (m.due_at - START) / HOUR)
        for m in story.moments
    ]
    assert told == [
        (Mark.ARMED, 0, 24),
        (Mark.MOVED, 10, 34),
        (Mark.ENROLLED, 34, None),
        (Mark.ARMED, 40, 64),
        (Mark.DISARMED, 50, None),
        (Mark.ARMED, 60, 84),
        (Mark.REENTRY, 84, None),
        (Mark.ARMED, 100, 124),
        (Mark.WAITING, 120, 124),
    ]


def test_an_expired_chain_is_not_told_as_progress() -> None:
    trigger = {
        "kind": "sequence",
        "steps": [{"event": "view"}, {"event": "add"}, {"event": "buy"}],
        "within": "1h",
    }

    story = story_of(trigger, ("view", 0), ("add", 0.2), ("view", 5), ("buy", 5.1), until=9)

    assert [moment.count for moment in story.moments] == [1, 2, 1]


def test_nothing_is_told_of_somebody_who_did_nothing_that_matters() -> None:
    story = story_of(CART, ("view", 0), ("buy", 1), until=99)

    assert list(story.moments) == []
    assert story.is_complete


def test_nothing_is_told_of_somebody_without_events() -> None:
    assert story_of(CART, until=99) == Story(moments=[], is_complete=True)


def test_a_story_too_long_to_tell_says_so_and_judges_what_it_tells() -> None:
    times = range(MOST_MOMENTS + 1)

    story = story_of(CART, *(("add", n / 100) for n in times), until=99)

    assert not story.is_complete
    assert len(story.moments) == MOST_MOMENTS
    assert {moment.mark for moment in story.moments} == {Mark.ARMED, Mark.MOVED}


def test_a_person_with_two_thousand_different_amounts_is_told_at_once() -> None:
    trigger = {
        "kind": "sum",
        "match": {"event": "view"},
        "property": "n",
        "at_least": 1e9,
        "within": "1h",
    }
    events = [
        as_domain(Event(f"e{n}", "ann", "view", START + n * HOUR, n, {"n": n / 7}))
        for n in range(MOST_MOMENTS)
    ]

    story = tell(
        Campaign.model_validate({"name": "c", "trigger": trigger}),
        events,
        watermark=START + MOST_MOMENTS * HOUR,
        in_audience=True,
    )

    assert len(story.moments) == MOST_MOMENTS
    assert story.moments[7].count == 1
    assert from_microseconds(story.moments[7].at) == events[7].timestamp
