"""The engine equals the plain reading of SEMANTICS 1 to 4, however its events are batched (7.5)."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from core.domain.campaigns import Campaign
from core.domain.triggers import Trigger
from tests.engine.batching import LONG_AGO, Feeder, run, run_campaign
from tests.reference.admission import admit
from tests.reference.histories import KINDS, campaign_cases, splits, trigger_cases
from tests.reference.matching import Event, in_order
from tests.reference.triggers import Firing, raw_firings

HISTORIES_PER_KIND = 400  # times six kinds, plus the campaigns: over 2,000

TRIGGER = TypeAdapter(Trigger)
thorough = settings(
    max_examples=HISTORIES_PER_KIND,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.mark.parametrize("kind", KINDS)
@thorough
@given(data=st.data())
def test_firings_equal_the_plain_reading_in_one_batch_and_in_many(
    kind: str, data: st.DataObject
) -> None:
    case = data.draw(trigger_cases((kind,)))
    events = _until(case.events, case.watermark)
    feeder = _feeder(events)
    trigger = TRIGGER.validate_python(case.trigger)
    batches = data.draw(splits(events)) if len(events) > 1 else [events]
    expected = [_plain(f) for f in raw_firings(case.trigger, events, case.watermark)]

    in_one = run(trigger, feeder, [events], [case.watermark])
    in_many = run(trigger, feeder, batches, _watermarks(data, batches, case.watermark))

    assert in_one == expected
    assert in_many == expected


@thorough
@given(data=st.data())
def test_admissions_equal_the_plain_reading_in_one_batch_and_in_many(data: st.DataObject) -> None:
    case = data.draw(campaign_cases())
    events = _until(case.events, case.watermark)
    feeder = _feeder(events)
    campaign = Campaign.model_validate(case.campaign)
    batches = data.draw(splits(events)) if len(events) > 1 else [events]
    firings = raw_firings(case.campaign["trigger"], events, case.watermark)
    outcomes = admit(case.campaign, firings, case.profiles)
    expected = [(_plain(f), outcome) for f, outcome in zip(firings, outcomes, strict=True)]

    in_one = run_campaign(campaign, feeder, [events], [case.watermark], case.profiles)
    in_many = run_campaign(
        campaign, feeder, batches, _watermarks(data, batches, case.watermark), case.profiles
    )

    assert in_one == expected
    assert in_many == expected


def _watermarks(data: st.DataObject, batches: list[list[Event]], last: int) -> list[int]:
    """Draw how far time is known to have come after each batch: short of what follows it."""
    marks = []
    for following in batches[1:]:
        newest = min(min(e.timestamp for e in following) - 1, last)
        marks.append(data.draw(st.sampled_from((LONG_AGO, newest, newest - 1_000_000))))
    return [*marks, last]


def _until(events: list[Event], watermark: int) -> list[Event]:
    return in_order([event for event in events if event.timestamp <= watermark])


def _feeder(events: list[Event]) -> Feeder:
    return Feeder(users=sorted({event.user_id for event in events}), events=events)


def _plain(firing: Firing) -> tuple[Any, ...]:
    return (firing.user_id, firing.key, firing.fired_at, firing.event_id)
