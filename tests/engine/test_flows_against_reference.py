"""Flows equal the plain reading of SEMANTICS 4 to 7, however their events are batched (7.5)."""

from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.domain.campaigns import Campaign
from core.domain.outcomes import Reactions
from tests.engine.batching import Feeder
from tests.engine.flow_batching import by_user, sorted_firings, walk
from tests.engine.test_against_reference import _watermarks
from tests.reference.flow import Told, rehearse
from tests.reference.flows import FlowCase, flow_cases
from tests.reference.matching import Event, in_order

# Twice: as recorded, and with everybody reacting.
HISTORIES = 1_100

thorough = settings(
    max_examples=HISTORIES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.mark.parametrize("reactions", list(Reactions))
@thorough
@given(case=flow_cases(), data=st.data())
def test_flows_equal_the_plain_reading_in_one_batch_and_in_many(
    reactions: Reactions, case: FlowCase, data: st.DataObject
) -> None:
    events = in_order([e for e in case.events if e.timestamp <= case.watermark])
    everybody = reactions is Reactions.EVERYBODY
    campaigns = [Campaign.model_validate(written) for written in case.campaigns]
    feeder = Feeder(users=sorted({e.user_id for e in events}), events=events)
    expected = _comparable(
        rehearse(case.campaigns, events, case.profiles, case.watermark, everybody_reacts=everybody)
    )
    batches = _batches(events, case.cuts)
    marks = _watermarks(data, batches, case.watermark)

    in_one = walk(campaigns, feeder, [events], [case.watermark], case.profiles, reactions)
    in_many = walk(campaigns, feeder, batches, marks, case.profiles, reactions)

    assert _comparable(in_one) == expected
    assert _comparable(in_many) == expected


def _comparable(told: Told) -> Told:
    return sorted_firings(by_user(told))


def _batches(events: list[Event], cuts: list[int]) -> list[list[Event]]:
    bounds = sorted({0, *(cut for cut in cuts if cut < len(events)), len(events)})
    return [events[low:high] for low, high in pairwise(bounds)] or [events]
