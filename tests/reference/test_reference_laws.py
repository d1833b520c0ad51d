"""Laws of the plain reading, and second, still plainer readings of two rules of SEMANTICS 3."""

from itertools import combinations
from typing import Any

from hypothesis import given, settings

from tests.reference.histories import TriggerCase, trigger_cases
from tests.reference.matching import Event, in_order, matches, microseconds
from tests.reference.triggers import raw_firings


@settings(max_examples=150, deadline=None)
@given(trigger_cases())
def test_1_5_what_was_decided_by_a_watermark_does_not_depend_on_what_comes_later(
    case: TriggerCase,
):
    by_then = raw_firings(case.trigger, case.events, case.watermark)

    in_the_end = raw_firings(case.trigger, case.events, case.watermark * 2)

    assert by_then == [firing for firing in in_the_end if firing.fired_at <= case.watermark]


@settings(max_examples=150, deadline=None)
@given(trigger_cases(("inactivity",)))
def test_3_5_inactivity_fires_for_each_event_without_another_in_time(case: TriggerCase):
    trigger = {name: part for name, part in case.trigger.items() if name != "key"}
    silence = microseconds(trigger["for"])
    of = trigger.get("of", {"event": "*"})
    meant = [e for e in case.events if e.timestamp <= case.watermark and matches(of, e)]

    expected = {
        (e.user_id, e.event_id, e.timestamp + silence)
        for e in meant
        if e.timestamp + silence <= case.watermark and not _has_successor(e, meant, silence)
    }

    firings = raw_firings(trigger, case.events, case.watermark)
    assert {(f.user_id, f.event_id, f.fired_at) for f in firings} == expected
    assert len(firings) == len(expected)


def _has_successor(event: Event, meant: list[Event], silence: int) -> bool:
    place = (event.timestamp, event.seq)
    return any(
        place < (e.timestamp, e.seq) and e.timestamp <= event.timestamp + silence
        for e in meant
        if e.user_id == event.user_id
    )


@settings(max_examples=150, deadline=None)
@given(trigger_cases(("sequence",)))
def test_3_6_sequence_fires_when_any_choice_of_events_since_the_last_firing_fits(
    case: TriggerCase,
):
    trigger = {name: part for name, part in case.trigger.items() if name != "key"}
    own = [event for event in in_order(case.events) if event.user_id == "123"][:12]

    expected, since = [], 0
    for end in range(len(own)):
        if _some_choice_fits(trigger, own[since:end], own[end]):
            expected.append(own[end].event_id)
            since = end + 1

    assert [f.event_id for f in raw_firings(trigger, own, own[-1].timestamp if own else 0)] == (
        expected
    )


def _some_choice_fits(trigger: dict[str, Any], before: list[Event], last: Event) -> bool:
    earliest = last.timestamp - microseconds(trigger["within"])
    return any(
        chosen[0].timestamp >= earliest and all(map(matches, trigger["steps"], (*chosen, last)))
        for chosen in combinations(before, len(trigger["steps"]) - 1)
    )
