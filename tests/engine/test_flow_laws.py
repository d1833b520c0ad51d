"""What holds of every message of every flow, whatever the history (SEMANTICS 5, 6)."""

from collections import defaultdict
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, assume, event, given, settings

from core.domain.campaigns import ZONES, Campaign
from core.domain.instants import from_microseconds
from tests.engine.batching import Feeder
from tests.engine.flow_batching import walk
from tests.reference.flow import Told
from tests.reference.flows import FlowCase, flow_cases
from tests.reference.matching import in_order, microseconds
from tests.reference.sends import bucket

often = settings(
    max_examples=400,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@often
@given(case=flow_cases())
def test_5_5_no_message_leaves_within_quiet_hours(case: FlowCase) -> None:
    assume(
        not any("timezone" in step.get("set", {}) for c in case.campaigns for step in c["steps"])
    )
    for campaign, row in sent(case):
        quiet = campaign.get("quiet_hours")
        if quiet is not None:
            event("sent under quiet hours")
            clock = local(case, campaign, row[1], row[5]).strftime("%H:%M")
            overnight = quiet["from"] > quiet["to"]
            after_start, before_end = clock >= quiet["from"], clock < quiet["to"]
            assert not ((after_start or before_end) if overnight else (after_start and before_end))


@often
@given(case=flow_cases())
def test_5_5_nobody_gets_more_messages_than_the_cap_allows(case: FlowCase) -> None:
    times: dict[str, list[int]] = defaultdict(list)
    for campaign, row in sent(case):
        cap = campaign.get("frequency_cap")
        if cap is not None:
            event("sent under a cap")
            earlier = [at for at in times[row[1]] if at > row[5] - microseconds(cap["per"])]
            assert len(earlier) < cap["max"]
        times[row[1]].append(row[5])


@often
@given(case=flow_cases())
def test_4_4_nobody_in_the_holdout_gets_a_message(case: FlowCase) -> None:
    for campaign, row in sent(case):
        salt = campaign.get("holdout_salt") or f"holdout:{campaign['name']}"
        if 0 < campaign.get("holdout", 0) < 1:
            event("sent beside a holdout")
        assert bucket(salt, row[1]) / 10_000 >= campaign.get("holdout", 0)


@often
@given(case=flow_cases())
def test_5_7_no_message_is_due_at_or_after_the_goal(case: FlowCase) -> None:
    told = happened(case)
    goals = {row[:3]: row[5] for row in told.enrolments}
    by_name = {campaign["name"]: campaign for campaign in case.campaigns}
    # Enrolments of one person that entered at one instant cannot be told apart in the file.
    entries = [row[:3] for row in told.enrolments]
    for row in told.messages:
        exits = by_name[row[0]].get("exit_on_goal", True)
        if exits and entries.count(row[:3]) == 1 and goals[row[:3]] is not None:
            event("a message before a goal")
            assert row[5] < goals[row[:3]]


@often
@given(case=flow_cases())
def test_5_10_the_trace_tells_of_every_message_and_of_nothing_after_the_end(
    case: FlowCase,
) -> None:
    told = happened(case)

    about_sends = [
        (*row[:3], row[3], row[4], row[6] or row[5])
        for row in told.trace
        if row[5] in ("sent", "withheld")
    ]
    assert sorted(about_sends) == sorted((*r[:3], r[3], r[5], r[6]) for r in told.messages)
    ended = {row[:3]: row[4] for row in told.enrolments if row[4] is not None}
    entries = [row[:3] for row in told.enrolments]
    for row in told.trace:
        if entries.count(row[:3]) == 1 and row[:3] in ended:
            assert row[4] <= ended[row[:3]]


def sent(case: FlowCase) -> list[tuple[dict[str, Any], tuple[Any, ...]]]:
    """Give each message sent, in order of time, with its campaign as written."""
    by_name = {campaign["name"]: campaign for campaign in case.campaigns}
    rows = [row for row in happened(case).messages if row[6] == "sent"]
    return [(by_name[row[0]], row) for row in rows]


def happened(case: FlowCase) -> Told:
    events = in_order([e for e in case.events if e.timestamp <= case.watermark])
    feeder = Feeder(users=sorted({e.user_id for e in events}), events=events)
    campaigns = [Campaign.model_validate(written) for written in case.campaigns]
    return walk(campaigns, feeder, [events], [case.watermark], case.profiles)


def local(case: FlowCase, campaign: dict[str, Any], user_id: str, at: int) -> datetime:
    own = (case.profiles or {}).get(user_id, {}).get("timezone")
    known = isinstance(own, str) and own in ZONES
    zone = own if known else campaign.get("timezone", "UTC")
    return from_microseconds(at).astimezone(ZoneInfo(zone))
