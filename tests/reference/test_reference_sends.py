"""Hand-computed examples of SEMANTICS 5.5 and 6: when a message goes, why not, and who gets which.

Times in the examples are hours after midnight (UTC) of Monday, 2 June 2025; the person is ann.
"""

from typing import Any

import pytest

from tests.reference.flow import rehearse
from tests.reference.matching import Event
from tests.reference.sends import assigned, bucket

HOUR = 3_600_000_000
MONDAY = 1_748_822_400_000_000

MAIL = {"id": "mail", "kind": "send", "template": "reminder"}
REACHABLE = {"email": "ann@example.org"}


def history(*happenings: tuple[float, str]) -> list[Event]:
    return [
        Event(f"e{seq}", "ann", name, MONDAY + int(hour * HOUR), seq, {})
        for seq, (hour, name) in enumerate(happenings)
    ]


def campaign(*steps: dict[str, Any], **parts: Any) -> dict[str, Any]:
    trigger = {"kind": "event", "match": {"event": "add"}}
    return {"name": "c", "trigger": trigger, "steps": [*steps] or [MAIL], **parts}


def messages(
    campaigns: dict[str, Any] | list[dict[str, Any]],
    events: list[Event],
    profiles: dict[str, dict[str, Any]] | None = None,
) -> list[tuple[float, str]]:
    """List the messages as (hour, outcome)."""
    several = campaigns if isinstance(campaigns, list) else [campaigns]
    rows = rehearse(several, events, profiles, MONDAY + 10_000 * HOUR).messages
    return [((row[5] - MONDAY) / HOUR, row[6]) for row in rows]


def outcome(profile: dict[str, Any] | None, *before: str, **parts: Any) -> str:
    """Give what comes of one message to ann, before which those events happened."""
    profiles = {"bea": {}} if profile is None else {"ann": profile}
    events = history(*[(7, name) for name in before], (8, "add"))
    return messages(campaign(**parts), events, profiles)[0][1]


@pytest.mark.parametrize("value", [True, "true", " TRUE ", "yes", "Yes", "1", 1])
def test_5_5_what_means_yes(value: Any):
    assert outcome({**REACHABLE, "consent": value}) == "sent"
    assert outcome({**REACHABLE, "unsubscribed": value}) == "unsubscribed"
    assert outcome({**REACHABLE, "suppressed": value}) == "suppressed"


@pytest.mark.parametrize("value", [False, "false", "no", "", "0", 0, 2, None, "y", [True]])
def test_5_5_everything_else_means_no(value: Any):
    assert outcome({**REACHABLE, "consent": value}) == "unsubscribed"
    assert outcome({**REACHABLE, "unsubscribed": value, "suppressed": value}) == "sent"


def test_5_5_consent_is_asked_where_the_profiles_have_the_column():
    profiles = {"ann": REACHABLE, "bea": {"consent": True}}

    assert messages(campaign(), history((8, "add")), profiles) == [(8, "unsubscribed")]
    assert outcome(REACHABLE) == "sent"


def test_5_5_without_a_profile_there_is_no_address_whatever_was_agreed():
    profiles = {"bea": {"consent": True}}

    assert messages(campaign(), history((8, "add")), profiles) == [(8, "no_address")]
    assert outcome({"country": "DE"}) == "no_address"
    assert outcome({"email": None}) == "no_address"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("email_unsubscribed", "unsubscribed"),
        ("email_bounced", "suppressed"),
        ("email_complained", "suppressed"),
        ("email_opened", "sent"),
    ],
)
def test_5_5_events_before_the_entry_withhold_too(name: str, reason: str):
    assert outcome(REACHABLE, name) == reason


def test_5_5_an_event_at_the_instant_of_the_send_withholds_and_a_later_one_does_not():
    pause = {"id": "pause", "kind": "delay", "for": "2h"}
    flow, profiles = campaign(pause, MAIL), {"ann": REACHABLE}

    at_it = messages(flow, history((8, "add"), (10, "email_bounced")), profiles)
    after_it = messages(flow, history((8, "add"), (10.1, "email_bounced")), profiles)

    assert (at_it, after_it) == ([(10, "suppressed")], [(10, "sent")])


def test_5_5_the_first_reason_that_applies_is_recorded():
    profile: dict[str, Any] = {"unsubscribed": True, "suppressed": True}
    parts = {"holdout": 1}

    reasons = []
    for mended in ({}, {"unsubscribed": False}, {"suppressed": False}, REACHABLE):
        profile = {**profile, **mended}
        reasons.append(outcome(profile, **parts))

    assert reasons == ["unsubscribed", "suppressed", "no_address", "holdout"]
    assert outcome(REACHABLE, frequency_cap={"max": 1, "per": "7d"}) == "sent"


def test_5_5_without_profiles_everybody_counts_as_reachable():
    events = history((6, "email_unsubscribed"), (7, "email_bounced"), (8, "add"))

    assert messages(campaign(), events) == [(8, "sent")]
    assert messages(campaign(holdout=1), events) == [(8, "holdout")]


def test_5_5_the_cap_looks_back_over_its_period_without_the_far_end():
    often = campaign(frequency_cap={"max": 2, "per": "4h"}, concurrent=True)

    assert messages(often, history(*[(hour, "add") for hour in (8, 9, 11, 12, 12, 13, 16)])) == [
        *((8, "sent"), (9, "sent"), (11, "frequency_cap"), (12, "sent"), (12, "frequency_cap")),
        *((13, "sent"), (16, "sent")),
    ]


def test_5_5_the_cap_counts_what_other_campaigns_sent_and_not_what_was_withheld():
    capped = campaign(name="capped", frequency_cap={"max": 1, "per": "4h"})
    events = history((8, "add"))

    assert messages([campaign(), capped], events) == [(8, "sent"), (8, "frequency_cap")]
    assert messages([capped, campaign()], events) == [(8, "sent"), (8, "sent")]
    assert messages([campaign(holdout=1), capped], events) == [(8, "holdout"), (8, "sent")]


def test_people_do_not_influence_one_another_and_stand_in_order():
    events = [Event("e0", user_id, "add", MONDAY, 0, {}) for user_id in ("bea", "ann")]
    capped = campaign(frequency_cap={"max": 1, "per": "7d"})

    result = rehearse([capped], events, None, MONDAY)

    assert [(row[1], row[6]) for row in result.messages] == [("ann", "sent"), ("bea", "sent")]


def test_5_5_quiet_hours_defer_and_the_checks_are_made_at_their_end():
    night = campaign(quiet_hours={"from": "21:00", "to": "08:00"}, timezone="Europe/Berlin")
    events = history((20, "add"), (30, "email_bounced"))

    result = rehearse([night], events, {"ann": REACHABLE}, MONDAY + 100 * HOUR)

    assert messages(night, events, {"ann": REACHABLE}) == [(30, "suppressed")]
    assert [(row[4], *row[5:]) for row in result.trace] == [
        (MONDAY + 20 * HOUR, "deferred", "quiet_hours"),
        (MONDAY + 30 * HOUR, "withheld", "suppressed"),
        (MONDAY + 30 * HOUR, "completed", ""),
    ]


def test_5_5_quiet_hours_are_those_of_the_persons_zone():
    night = campaign(quiet_hours={"from": "21:00", "to": "08:00"}, timezone="Europe/Berlin")
    tokyo = {"ann": {**REACHABLE, "timezone": "Asia/Tokyo"}}

    assert messages(night, history((20, "add")), tokyo) == [(23, "sent")]


def test_5_7_a_goal_during_quiet_hours_ends_the_enrolment_before_the_deferred_send():
    night = {"quiet_hours": {"from": "21:00", "to": "08:00"}}
    goal = {"event": {"event": "buy"}, "within": "24h"}

    assert messages(campaign(**night, goal=goal), history((22, "add"), (32, "buy"))) == []
    assert messages(campaign(**night, goal=goal), history((22, "add"), (32.1, "buy"))) == [
        (32, "sent")
    ]


def test_6_1_buckets_are_those_of_the_published_examples():
    assert (bucket("seed", "a"), bucket("foo", "def")) == (505, 2019)


@pytest.mark.parametrize(
    ("weights", "variant"),
    [
        ((505, 9_495), "second"),
        ((506, 9_494), "first"),
        ((0.0505, 0.9495), "second"),
        ((0.1, 0.9), "first"),
    ],
)
def test_6_1_ranges_are_low_included_and_high_excluded(weights: tuple[float, float], variant: str):
    names = zip(("first", "second"), weights, strict=True)
    variants = [{"name": name, "weight": weight} for name, weight in names]
    step = {"id": "s", "salt": "seed", "variants": variants}

    assert assigned("c", step, "a") == variant


def test_6_1_a_range_ends_where_the_weights_say_to_the_last_digit():
    # The first two weigh exactly three tenths, though 0.1 + 0.2 is more in floating point.
    weights = {"a": 0.1, "b": 0.2, "c": 0.7}
    variants = [{"name": name, "weight": weight} for name, weight in weights.items()]
    user_id = next(f"u{n}" for n in range(100_000) if bucket("seed", f"u{n}") == 3_000)

    assert assigned("c", {"id": "s", "salt": "seed", "variants": variants}, user_id) == "c"


@pytest.mark.parametrize(("share", "expected"), [(0.0505, "sent"), (0.0506, "holdout")])
def test_6_2_the_holdout_is_those_whose_bucket_lies_below_the_share(share: float, expected: str):
    salted = campaign(holdout=share, holdout_salt="seed")
    events = [Event("e0", "a", "add", MONDAY, 0, {})]  # the bucket of seed/a is 0.0505

    assert messages(salted, events) == [(0, expected)]


def test_6_2_without_a_salt_of_its_own_the_campaigns_name_is_the_salt():
    place = bucket("holdout:c", "ann")

    assert outcome(REACHABLE, holdout=place / 10_000) == "sent"
    assert outcome(REACHABLE, holdout=(place + 1) / 10_000) == "holdout"
