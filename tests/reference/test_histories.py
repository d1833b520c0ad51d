"""What the drawn histories promise: valid, nasty, and with something to find in them."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from core.domain.campaigns import Campaign
from core.domain.triggers import Trigger
from tests.reference.admission import admit
from tests.reference.histories import (
    KINDS,
    CampaignCase,
    TriggerCase,
    campaign_cases,
    splits,
    trigger_cases,
)
from tests.reference.matching import in_order, microseconds
from tests.reference.triggers import raw_firings

_TRIGGER: TypeAdapter[Any] = TypeAdapter(Trigger)
# Ends at the first example found: what it looks like at its smallest is of no interest here.
_SEARCH = settings(
    max_examples=2000,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@settings(max_examples=150, deadline=None)
@given(campaign_cases())
def test_every_drawn_campaign_is_one_that_the_model_accepts(case: CampaignCase):
    assert (
        _TRIGGER.validate_python(case.campaign["trigger"]).kind == case.campaign["trigger"]["kind"]
    )
    assert Campaign.model_validate(case.campaign).name == case.campaign["name"]


@settings(max_examples=100, deadline=None)
@given(trigger_cases())
def test_a_drawn_history_is_small_and_its_ids_are_unique_per_user(case: TriggerCase):
    by_user = Counter(event.user_id for event in case.events)

    assert max(by_user.values(), default=0) <= 25
    assert len(by_user) <= 4
    assert len({(e.user_id, e.event_id) for e in case.events}) == len(case.events)
    assert [event.seq for event in case.events] == sorted(event.seq for event in case.events)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_split_cuts_the_timeline_and_loses_nothing(data: st.DataObject):
    events = data.draw(trigger_cases()).events

    batches = data.draw(splits(events))

    assert [event for batch in batches for event in batch] == in_order(events)
    assert all(batches)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_fires_for_several_people_and_several_keys(kind: str):
    def is_rich(case: TriggerCase) -> bool:
        firings = raw_firings(case.trigger, case.events, case.watermark)
        return len({f.user_id for f in firings}) > 1 and len({f.key for f in firings}) > 1

    assert find(trigger_cases((kind,)), is_rich, settings=_SEARCH)


@pytest.mark.parametrize("kind", ["absence", "inactivity"])
def test_events_fall_on_deadlines_and_a_microsecond_beside_them(kind: str):
    def has_boundary(case: TriggerCase, beside: int) -> bool:
        within = microseconds(case.trigger.get("within") or case.trigger["for"])
        times = {event.timestamp for event in case.events}
        return any(time + within + beside in times for time in times)

    for beside in (-1, 0, 1):
        assert find(
            trigger_cases((kind,)), lambda c, b=beside: has_boundary(c, b), settings=_SEARCH
        )


@pytest.mark.parametrize("outcome", ["enrolled", "reentry", "audience"])
@pytest.mark.parametrize("per", ["user", "key"])
def test_every_outcome_of_admission_occurs(outcome: str, per: str):
    def occurs(case: CampaignCase) -> bool:
        firings = raw_firings(case.campaign["trigger"], case.events, case.watermark)
        is_meant = case.campaign.get("reentry_per") == per
        return is_meant and outcome in admit(case.campaign, firings, case.profiles)

    assert find(campaign_cases(), occurs, settings=_SEARCH)
