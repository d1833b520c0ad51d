"""What the drawn campaigns with flows promise: sound, small, and with something to find in them."""

import random
from collections import Counter
from functools import cache

import pytest
from hypothesis import given, settings

from core.domain.campaigns import Campaign
from core.domain.steps import Step
from tests.reference.flow import Told, rehearse
from tests.reference.flows import CHOICES, FlowCase, case_of, flow_cases
from tests.reference.matching import in_order

CASES = 500
STEP_KINDS = {
    *("delay", "wait_for", "branch", "split", "send", "update_profile", "webhook", "exit"),
}


@cache
def _rehearsed() -> list[tuple[FlowCase, Told, Told]]:
    """Draw cases by plain chance and rehearse them, also as if everybody reacted."""
    chance = random.Random(5)
    cases = [case_of(chance.randbytes(CHOICES)) for _ in range(CASES)]
    return [(case, _told(case, False), _told(case, True)) for case in cases]


def _told(case: FlowCase, everybody_reacts: bool) -> Told:
    about = (case.campaigns, case.events, case.profiles, case.watermark)
    return rehearse(*about, everybody_reacts=everybody_reacts)


def _is_common(share: float, cases_with_it: int) -> bool:
    return cases_with_it >= share * CASES


@settings(max_examples=150, deadline=None)
@given(flow_cases())
def test_every_drawn_campaign_is_one_that_the_model_accepts(case: FlowCase):
    steps: list[Step] = []
    for campaign in case.campaigns:
        steps += Campaign.model_validate(campaign).steps

    assert len(steps) <= 7 * len(case.campaigns)
    assert len({campaign["name"] for campaign in case.campaigns}) == len(case.campaigns)


@settings(max_examples=50, deadline=None)
@given(flow_cases())
def test_a_drawn_history_is_small_and_its_ids_are_unique_per_user(case: FlowCase):
    by_user = Counter(event.user_id for event in case.events)

    assert max(by_user.values()) <= 15
    assert len(by_user) <= 3
    assert len({(e.user_id, e.event_id) for e in case.events}) == len(case.events)
    assert [event.seq for event in case.events] == list(range(len(case.events)))
    assert all(0 <= cut <= len(in_order(case.events)) for cut in case.cuts)


@pytest.mark.parametrize("outcome", ["enrolled", "reentry", "audience", "active"])
def test_every_outcome_of_admission_is_common(outcome: str):
    cases = [told for _, told, _ in _rehearsed() if any(r[5] == outcome for r in told.firings)]

    assert _is_common(0.05, len(cases))


@pytest.mark.parametrize(
    "outcome",
    ["sent", "unsubscribed", "suppressed", "no_address", "holdout", "frequency_cap"],
)
def test_every_outcome_of_a_message_is_common(outcome: str):
    cases = [told for _, told, _ in _rehearsed() if any(r[6] == outcome for r in told.messages)]

    assert _is_common(0.05, len(cases))


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        *(("continued", ""), ("deferred", "quiet_hours"), ("matched", ""), ("timed_out", "")),
        *(("matched", "since_entry"), ("took", "cases[0]"), ("took", "otherwise"), ("goal", "")),
        *(("exited", "goal"), ("exited", "exit"), ("recorded", ""), ("completed", "")),
    ],
)
def test_every_outcome_of_a_step_is_common(outcome: str, reason: str):
    cases = [t for _, t, _ in _rehearsed() if any(r[5:] == (outcome, reason) for r in t.trace)]

    assert _is_common(0.04, len(cases))


def test_every_kind_of_step_is_carried_out_in_many_cases():
    seen: Counter[str] = Counter()
    for case, told, _ in _rehearsed():
        kinds = {(c["name"], s["id"]): s["kind"] for c in case.campaigns for s in c["steps"]}
        seen.update({kinds[row[0], row[3]] for row in told.trace if row[3]})

    assert {kind for kind, count in seen.items() if _is_common(0.05, count)} == STEP_KINDS


def test_campaigns_often_act_and_send_at_one_instant():
    def meet(rows: list[tuple[str, str, int]]) -> bool:
        """Say whether two campaigns have a row of one person at one time."""
        places = {(user_id, at) for _, user_id, at in rows}
        return len({*rows}) > len(places)

    acting = [meet([(r[0], r[1], r[4]) for r in told.trace]) for _, told, _ in _rehearsed()]
    sending = [meet([(r[0], r[1], r[5]) for r in told.messages]) for _, told, _ in _rehearsed()]

    assert _is_common(0.2, sum(acting))
    assert _is_common(0.03, sum(sending))


def test_it_often_matters_how_people_react():
    assert _is_common(0.05, sum(observed != everybody for _, observed, everybody in _rehearsed()))
