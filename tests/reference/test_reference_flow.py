"""Hand-computed examples of SEMANTICS 4.3, 5 and 7; checks and shares have a file of their own.

Times in the examples are hours after midnight (UTC) of Monday, 2 June 2025; the person is ann.
"""

from typing import Any

import pytest

from tests.reference.flow import Told, rehearse
from tests.reference.matching import Event
from tests.reference.sends import assigned

HOUR = 3_600_000_000
MONDAY = 1_748_822_400_000_000
IN_THE_END = 10_000

ADD, BUY = {"event": "add"}, {"event": "buy"}
MAIL = {"id": "mail", "kind": "send", "template": "reminder"}
PAUSE = {"id": "pause", "kind": "delay", "for": "2h"}
WAIT = {"id": "wait", "kind": "wait_for", "event": BUY, "timeout": "4h"}
EXIT = {"id": "out", "kind": "exit"}
HOOK = {"id": "hook", "kind": "webhook", "url": "https://example.org"}


def history(*happenings: tuple[Any, ...]) -> list[Event]:
    """Build ann's events `(hour, name, properties?)` in order of arrival: e0, e1, …"""
    return [
        Event(f"e{seq}", "ann", name, MONDAY + int(hour * HOUR), seq, *(properties or [{}]))
        for seq, (hour, name, *properties) in enumerate(happenings)
    ]


def campaign(*steps: dict[str, Any], **parts: Any) -> dict[str, Any]:
    """Build a campaign that fires at every `add`."""
    return {"name": "c", "trigger": {"kind": "event", "match": ADD}, "steps": [*steps], **parts}


def told(
    campaigns: dict[str, Any] | list[dict[str, Any]],
    events: list[Event],
    until: float = IN_THE_END,
    **how: Any,
) -> Told:
    several = campaigns if isinstance(campaigns, list) else [campaigns]
    return rehearse(several, events, None, MONDAY + int(until * HOUR), **how)


def hour(at: int | None) -> float | None:
    return None if at is None else (at - MONDAY) / HOUR


def trace(result: Told) -> list[tuple[Any, ...]]:
    """List the trace as (step, hour, outcome, reason)."""
    return [(step, hour(at), *said) for _, _, _, step, at, *said in result.trace]


def path(result: Told) -> list[tuple[Any, ...]]:
    """List the trace as (step, hour, outcome)."""
    return [row[:3] for row in trace(result)]


def ends(result: Told) -> list[tuple[Any, ...]]:
    """List the enrolments as (entered, state, ended, goal), in hours."""
    return [
        (hour(entered), state, hour(ended), hour(goal))
        for _, _, entered, state, ended, goal in result.enrolments
    ]


def test_5_10_every_step_leaves_its_rows():
    webhook = {"id": "hook", "kind": "webhook", "url": "https://example.org"}
    update = {"id": "note", "kind": "update_profile", "set": {"seen": True}}
    flow = campaign(PAUSE, webhook, update, {**WAIT, "otherwise": "mail"}, MAIL)

    result = told(flow, history((8, "add")))

    assert trace(result) == [
        ("pause", 8, "waiting", "until 2025-06-02T10:00:00.000000Z"),
        ("pause", 10, "continued", ""),
        ("hook", 10, "recorded", ""),
        ("note", 10, "recorded", ""),
        ("wait", 10, "waiting", "until 2025-06-02T14:00:00.000000Z"),
        ("wait", 14, "timed_out", ""),
        ("mail", 14, "sent", ""),
        ("", 14, "completed", ""),
    ]
    entered, sent = MONDAY + 8 * HOUR, MONDAY + 14 * HOUR
    assert result.firings == [("c", "ann", None, entered, "e0", "enrolled")]
    assert result.messages == [("c", "ann", entered, "mail", "", sent, "sent", "reminder")]
    assert result.enrolments == [("c", "ann", entered, "completed", sent, None)]


def test_a_campaign_without_steps_completes_at_once_and_an_exit_exits():
    result = told(campaign(), history((8, "add")))

    assert (trace(result), ends(result)) == ([], [(8, "completed", 8, None)])
    assert trace(told(campaign(EXIT), history((8, "add")))) == [("out", 8, "exited", "exit")]


def test_1_5_nothing_later_than_the_watermark_is_decided():
    result = told(campaign(PAUSE, MAIL), history((8, "add"), (10, "buy")), until=9.99)

    assert path(result) == [("pause", 8, "waiting")]
    assert ends(result) == [(8, "active", None, None)]
    assert path(told(campaign(PAUSE), history((8, "add")), until=10))[-1] == ("", 10, "completed")


def test_4_3_an_active_enrolment_refuses_and_leaves_no_mark():
    events = history((8, "add"), (9, "add"), (10, "add"), (10.5, "add"))

    def outcomes(**parts: Any) -> list[tuple[Any, ...]]:
        firings = told(campaign(PAUSE, **parts), events).firings
        return [(hour(row[3]), row[5]) for row in firings]

    # At 10 the event comes before the timer that would end the first enrolment.
    assert outcomes() == [(8, "enrolled"), (9, "active"), (10, "active"), (10.5, "enrolled")]
    assert [outcome for _, outcome in outcomes(concurrent=True)] == ["enrolled"] * 4
    cooldown = outcomes(reentry={"cooldown": "90m"})
    assert cooldown == [(8, "enrolled"), (9, "reentry"), (10, "active"), (10.5, "enrolled")]


def test_4_3_other_campaigns_do_not_refuse():
    result = told([campaign(PAUSE), campaign(PAUSE, name="d")], history((8, "add")))

    assert [(row[0], row[5]) for row in result.firings] == [("c", "enrolled"), ("d", "enrolled")]


def test_5_8_a_goal_frees_the_way_for_the_trigger_of_its_own_event():
    flow = campaign(PAUSE, goal={"event": ADD, "within": "7d"})

    result = told(flow, history((8, "add"), (9, "add")), until=9)

    assert ends(result) == [(8, "exited", 9, 9), (9, "active", None, None)]


def test_5_1_until_is_local_and_takes_listed_weekdays():
    nine = {"id": "nine", "kind": "delay", "until": "09:00", "on": ["tue"]}

    result = told(campaign(nine, timezone="Europe/Berlin"), history((8, "add")))

    assert trace(result)[0] == ("nine", 8, "waiting", "until 2025-06-03T07:00:00.000000Z")
    assert path(result)[1] == ("nine", 31, "continued")


@pytest.mark.parametrize(
    ("bought", "outcome", "at"),
    [(8.5, "matched", 8.5), (12, "matched", 12), (12.1, "timed_out", 12), (7, "timed_out", 12)],
)
def test_5_2_a_match_up_to_the_timeout_itself_ends_a_wait(bought: float, outcome: str, at: float):
    flow = campaign({**WAIT, "then": "out", "otherwise": "hook"}, EXIT, HOOK)

    assert path(told(flow, history((8, "add"), (bought, "buy")))) == [
        ("wait", 8, "waiting"),
        ("wait", at, outcome),
        ("out", at, "exited") if outcome == "matched" else ("hook", at, "recorded"),
        *([] if outcome == "matched" else [("", at, "completed")]),
    ]


def test_5_2_an_event_at_the_instant_of_arrival_counts_only_if_it_is_later_in_the_order():
    before = history((8, "buy"), (8, "add"))
    after = history((8, "add"), (8, "buy"))

    assert path(told(campaign(WAIT), before))[1] == ("wait", 12, "timed_out")
    assert path(told(campaign(WAIT), after))[1] == ("wait", 8, "matched")
    # The delay's timer runs after all events of its instant.
    at_arrival = history((8, "add"), (10, "buy"))
    assert path(told(campaign(PAUSE, WAIT), at_arrival))[3] == ("wait", 14, "timed_out")


def test_5_2_one_event_ends_one_wait_of_an_enrolment():
    flow = campaign(WAIT, {**WAIT, "id": "again"})

    result = told(flow, history((8, "add"), (9, "buy"), (10, "buy")))

    assert path(result) == [
        ("wait", 8, "waiting"),
        ("wait", 9, "matched"),
        ("again", 9, "waiting"),
        ("again", 10, "matched"),
        ("", 10, "completed"),
    ]


def test_5_2_since_entry_counts_what_happened_after_the_firing_and_up_to_now():
    again = {**WAIT, "id": "again", "since": "entry"}

    at_once = told(campaign(WAIT, again), history((8, "add"), (9, "buy")))
    only_before = told(campaign(PAUSE, again), history((7, "buy"), (8, "add")))

    assert trace(at_once)[2] == ("again", 9, "matched", "since_entry")
    assert path(only_before)[2:4] == [("again", 10, "waiting"), ("again", 14, "timed_out")]


def test_5_8_the_event_that_fired_is_not_since_entry():
    flow = campaign({**WAIT, "event": ADD, "since": "entry"}, goal={"event": ADD, "within": "7d"})

    assert ends(told(flow, history((8, "add")))) == [(8, "completed", 12, None)]


def test_5_8_all_events_at_the_instant_of_a_deadline_lie_before_it():
    left = {"kind": "absence", "start": ADD, "unless": BUY, "within": "2h"}
    did_view = {"if": {"did": {"event": "view"}}, "next": "out"}
    flow = campaign(PAUSE, branch(did_view), EXIT, HOOK, trigger=left)
    flow["steps"][1]["otherwise"] = "hook"

    at_it = told(flow, history((8, "add"), (10, "view")))
    after_it = told(flow, history((8, "add"), (10.1, "view")))

    assert (path(at_it)[2], ends(at_it)[0][0]) == (("branch", 12, "took"), 10)
    assert [trace(result)[2][3] for result in (at_it, after_it)] == ["otherwise", "cases[0]"]


def branch(*cases: dict[str, Any], **parts: Any) -> dict[str, Any]:
    return {"id": "branch", "kind": "branch", "cases": list(cases), **parts}


def taken(condition: dict[str, Any], events: list[Event], **how: Any) -> bool:
    """Say whether a branch two hours after entry takes a case with this condition."""
    flow = campaign(MAIL, PAUSE, branch({"if": condition, "next": "out"}), HOOK, EXIT)
    return ("branch", 10, "took", "cases[0]") in trace(told(flow, events, **how))


def test_5_3_the_first_case_that_holds_is_taken_and_left_out_ways_lead_on():
    true, false = {"not": {"segment": "VIP"}}, {"segment": "VIP"}
    flow = campaign(branch({"if": false}, {"if": true, "next": "out"}, {"if": true}), HOOK, EXIT)

    assert trace(told(flow, history((8, "add")))) == [
        ("branch", 8, "took", "cases[1]"),
        ("out", 8, "exited", "exit"),
    ]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"did": BUY}, True),
        ({"did": {"event": "late"}}, False),
        ({"did": {"event": "early"}}, False),
        ({"all": [{"did": BUY}, {"not": {"did": {"event": "late"}}}]}, True),
        ({"all": [{"did": BUY}, {"did": {"event": "late"}}]}, False),
        ({"any": [{"did": {"event": "late"}}, {"did": BUY}]}, True),
        ({"trait": "country", "op": "not_exists"}, True),
    ],
)
def test_5_3_did_means_since_entry_and_up_to_now(condition: dict[str, Any], expected: bool):
    events = history((7, "early"), (8, "add"), (10, "buy"), (10.1, "late"))

    assert taken(condition, events) is expected


@pytest.mark.parametrize(
    ("name", "named", "opened", "clicked"),
    [
        ("email_opened", {"campaign": "c", "step": "mail"}, True, False),
        ("email_clicked", {"campaign": "c", "step": "mail"}, True, True),
        ("email_opened", {"campaign": "d", "step": "mail"}, False, False),
        ("email_clicked", {"campaign": "c", "step": "other"}, False, False),
        ("email_clicked", {"step": "mail"}, False, False),
    ],
)
def test_5_3_reactions_are_those_to_the_step_of_this_campaign(
    name: str, named: dict[str, str], opened: bool, clicked: bool
):
    events = history((8, "add"), (9, name, named))

    assert taken({"opened": "mail"}, events) is opened
    assert taken({"clicked": "mail"}, events) is clicked
    assert not taken({"opened": "mail"}, history((7, name, named), (8, "add")))


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ([("cart", "eq", "$key")], True),
        ([("cart", "ne", "$key")], False),
        ([("of.item", "eq", "$trigger.of.item")], True),
        ([("of.item", "eq", "$trigger.of.colour")], False),
        ([("of.item", "ne", "$trigger.of.colour")], False),
        ([("of.colour", "ne", "$trigger.of.colour")], True),
        ([("cart", "eq", "$trigger.cart")], True),
    ],
)
def test_2_4_a_matcher_may_ask_for_this_key_and_this_event(
    where: list[tuple[str, str, str]], expected: bool
):
    conditions = [dict(zip(("property", "op", "value"), row, strict=True)) for row in where]
    trigger = {"kind": "event", "match": ADD, "key": "cart"}
    wait = {**WAIT, "event": {"event": "buy", "where": conditions}}
    # The key is text, so that 5 and "5" are one cart (2.3); so the comparison is with a text.
    events = history(
        (8, "add", {"cart": 5, "of": {"item": 7}}), (9, "buy", {"cart": "5", "of": {"item": "7"}})
    )

    result = told(campaign(wait, trigger=trigger), events)

    assert (path(result)[1] == ("wait", 9, "matched")) is expected


def test_6_3_the_last_split_before_a_message_names_its_variant():
    def split(step_id: str, name: str) -> dict[str, Any]:
        arms = [{"name": f"{name}{n}", "weight": 1} for n in (1, 2)]
        return {"id": step_id, "kind": "split", "variants": arms}

    first, second = assigned("c", split("one", "a"), "ann"), assigned("c", split("two", "b"), "ann")
    flow = campaign(split("one", "a"), MAIL, split("two", "b"), {**MAIL, "id": "last"})

    result = told(flow, history((8, "add")))

    assert [(row[3], row[4]) for row in result.messages] == [("mail", first), ("last", second)]
    assert trace(result)[0] == ("one", 8, "assigned", first)


GOAL = {"event": BUY, "within": "4h"}


def test_5_7_a_goal_ends_the_enrolment_where_it_rests_and_precedes_a_send_of_its_instant():
    result = told(campaign(PAUSE, MAIL, goal=GOAL), history((8, "add"), (10, "buy")))

    assert trace(result)[1:] == [("pause", 10, "exited", "goal")]
    assert ends(result) == [(8, "exited", 10, 10)]
    # Also of a send on which the enrolment has just arrived.
    at_once = told(campaign(MAIL, goal=GOAL), history((8, "add"), (8, "buy")))
    assert trace(at_once) == [("mail", 8, "exited", "goal")]


def test_5_7_without_exit_the_goal_is_noted_once_and_the_flow_goes_on():
    flow = campaign(PAUSE, MAIL, goal=GOAL, exit_on_goal=False)

    result = told(flow, history((8, "add"), (9, "buy"), (9.5, "buy")))

    assert trace(result)[1:3] == [("pause", 9, "goal", ""), ("pause", 10, "continued", "")]
    assert ends(result) == [(8, "completed", 10, 9)]


@pytest.mark.parametrize(("bought", "goal"), [(12, 12), (12.1, None), (7, None)])
def test_5_7_the_goal_counts_within_its_window_also_after_the_end(
    bought: float, goal: float | None
):
    result = told(campaign(EXIT, goal=GOAL), history((8, "add"), (bought, "buy")))

    assert ends(result) == [(8, "exited", 8, goal)]
    assert len(result.trace) == 1


def test_5_8_at_one_event_goals_come_before_waits_and_waits_before_the_trigger():
    both = {"event": ["add", "buy"]}
    waiting = campaign({**WAIT, "event": both}, HOOK, concurrent=True)

    ended = told({**waiting, "goal": GOAL}, history((8, "add"), (9, "buy")))
    moved = told(waiting, history((8, "add"), (9, "add")), until=9)

    assert path(ended)[-1] == ("wait", 9, "exited")
    assert path(moved) == [
        ("wait", 8, "waiting"),
        ("wait", 9, "matched"),
        ("hook", 9, "recorded"),
        ("", 9, "completed"),
        ("wait", 9, "waiting"),
    ]


def test_5_8_several_campaigns_act_in_the_order_given():
    first, second = campaign(WAIT, HOOK, name="z"), campaign(WAIT, HOOK, name="a")

    result = told([first, second], history((8, "add"), (9, "buy")))

    assert [row[0] for row in result.trace] == ["z", "a", "z", "z", "z", "a", "a", "a"]


def test_1_6_timers_of_one_instant_run_in_the_order_of_their_creation():
    left = {"kind": "absence", "start": ADD, "unless": BUY, "within": "2h"}
    paused, deadline = campaign(PAUSE), campaign(HOOK, name="deadline", trigger=left)
    restarted = campaign({**PAUSE, "for": "1h"}, {**PAUSE, "id": "more", "for": "1h"}, name="late")

    result = told([paused, restarted, deadline], history((8, "add")))

    # The deadline counts as created with its start, before anything a flow created there.
    at_ten = [row[0] for row in result.trace if hour(row[4]) == 10]
    assert at_ten == ["deadline", "deadline", "c", "c", "late", "late"]


def test_7_2_everybody_opens_and_clicks_what_was_sent():
    events = history((8, "add"))
    wait = {**WAIT, "event": {"event": ["email_opened", "email_clicked"]}}

    assert not taken({"clicked": "mail"}, events)
    assert taken({"clicked": "mail"}, events, everybody_reacts=True)
    result = told(campaign(wait, MAIL, {**wait, "id": "again"}), events, everybody_reacts=True)
    assert path(result)[1] == ("wait", 12, "timed_out")
    assert trace(result)[3] == ("again", 12, "matched", "everybody_reacts")
    other = {**wait, "event": {"event": ["email_opened", "buy"]}}
    assert path(told(campaign(MAIL, other), events, everybody_reacts=True))[1][2] == "waiting"
