"""What live adds to the engine: late and old events, outages, pauses, sandboxes, poison."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from core.domain.campaigns import Campaign
from core.domain.errors import UnusableInput
from core.domain.instants import as_microseconds
from core.domain.mail_events import MailEvent
from core.engine.versions import UnderWay
from core.live.evaluator import GRACE
from core.live.outcome_events import MailOutcome, note_outcomes
from core.services.live_events import profile, suppress, try_again
from core.services.live_launches import LaunchMode, launches, pause, publish_version, resume, stop
from core.services.live_questions import dead_letters, late_events, status
from core.services.live_ticks import tick
from core.store import live_outbox
from core.store.database import writing
from core.store.live_events import partition_of
from tests.live.launched import CART, Shop, at


@pytest.fixture
def shop(database: Engine) -> Shop:
    return Shop(database, "ann", "bob")


def test_an_abandoned_cart_leads_to_a_message_in_the_outbox(shop: Shop) -> None:
    shop.launch()
    shop.happen("ann", "add", 1)

    shop.tick(1.9)
    before = shop.sent()
    shop.tick(2)

    assert before == []
    assert shop.firings() == [("ann", "enrolled")]
    assert shop.sent() == [("ann", "reminder", "queued", "")]


def test_1_5_an_event_waits_until_the_watermark_has_passed_it(shop: Shop) -> None:
    shop.launch(trigger={"kind": "event", "match": {"event": "add"}})
    shop.happen("ann", "add", 1)

    early = tick(shop.database, at(1) + timedelta(microseconds=GRACE - 1))
    firings = shop.firings()
    tick(shop.database, at(1) + timedelta(microseconds=GRACE))

    assert (early.event_count, firings) == (0, [])
    assert shop.firings() == [("ann", "enrolled")]


def test_1_3_an_event_that_is_delivered_again_changes_nothing(shop: Shop) -> None:
    shop.launch(trigger={"kind": "event", "match": {"event": "add"}})
    shop.happen("ann", "add", 1)
    shop._numbers = iter([1])  # the same id once more
    shop.happen("ann", "add", 1)

    shop.tick(2)

    assert shop.firings() == [("ann", "enrolled")]
    assert status(shop.database, at(2))["events"]["duplicate"] == 1


def test_a_tick_again_changes_nothing(shop: Shop) -> None:
    shop.launch()
    shop.happen("ann", "add", 1)
    shop.tick(3)
    before = (shop.firings(), shop.sent(), shop.steps())

    again = shop.tick(3)

    assert (shop.firings(), shop.sent(), shop.steps()) == before
    assert (again.event_count, again.firing_count, again.message_count) == (0, 0, 0)


def test_nobody_enters_before_the_launch(shop: Shop) -> None:
    shop.happen("ann", "add", 1)
    shop.happen("bob", "add", 3.5)
    shop.tick(3.9)

    shop.launch(hours=4)
    shop.tick(6)

    assert shop.firings() == [("bob", "enrolled")]


def test_8_1_a_late_purchase_disarms_a_deadline_that_has_not_fired(shop: Shop) -> None:
    shop.launch()
    shop.happen("ann", "add", 1)
    shop.happen("ann", "view", 1.5)
    shop.tick(1.6)
    shop.happen("ann", "buy", 1.2, arriving=1.7)

    shop.tick(3)

    assert shop.firings() == []
    assert [event.event for event in late_events(shop.database)] == ["buy"]
    assert status(shop.database, at(3))["events"]["late"] == 1


def test_8_1_a_purchase_from_before_the_cart_disarms_nothing(shop: Shop) -> None:
    shop.launch()
    shop.happen("ann", "add", 1)
    shop.happen("ann", "view", 1.5)
    shop.tick(1.6)
    shop.happen("ann", "buy", 0.5, arriving=1.7)

    shop.tick(3)

    assert shop.firings() == [("ann", "enrolled")]


def test_8_1_a_late_purchase_ends_an_enrolment_and_retracts_nothing(shop: Shop) -> None:
    shop.launch()
    shop.happen("ann", "add", 1)
    shop.happen("ann", "view", 2.5)
    shop.tick(3)
    shop.happen("ann", "buy", 2.2, arriving=3.1)

    shop.tick(9)

    assert shop.sent() == [("ann", "reminder", "queued", "")]
    assert shop.steps()[-1] == ("pause", "exited", "goal")


def test_an_event_in_its_persons_order_is_not_late_although_others_are_ahead(shop: Shop) -> None:
    shop.launch()
    shop.happen("bob", "add", 2)
    shop.tick(2.1)
    shop.happen("ann", "add", 1.5, arriving=2.2)

    shop.tick(4)

    assert sorted(shop.firings()) == [("ann", "enrolled"), ("bob", "enrolled")]
    assert late_events(shop.database) == []


def test_7_5_what_somebody_did_in_the_past_is_decided_together_in_passes_of_any_size(
    shop: Shop,
) -> None:
    shop.launch()
    (other,) = beside("ann", 1)
    shop.happen(other, "add", 4)
    shop.tick(4.5)
    shop.happen("ann", "add", 1, arriving=5)
    shop.happen("ann", "buy", 1.5, arriving=5)

    tick(shop.database, at(4.6), events_at_once=1)

    assert shop.firings() == []
    assert late_events(shop.database) == []


def beside(user_id: str, count: int) -> list[str]:
    """Name people who belong to somebody's share."""
    names = (f"p{number}" for number in range(1_000))
    return [n for n in names if partition_of(n) == partition_of(user_id)][:count]


def test_8_2_an_event_that_arrives_too_old_enrols_nobody(shop: Shop) -> None:
    shop.launch(max_event_age="24h")
    shop.happen("ann", "add", 1, arriving=26)
    shop.happen("bob", "add", 25.5, arriving=26)

    shop.tick(27)

    assert sorted(shop.firings()) == [("ann", "too_old"), ("bob", "enrolled")]


def test_8_3_after_an_outage_what_is_stale_is_withheld_and_listed(shop: Shop) -> None:
    shop.launch(stale_after="24h")
    shop.happen("ann", "add", 1)
    shop.happen("bob", "add", 25)

    shop.tick(28)

    assert sorted(shop.sent()) == [
        ("ann", "reminder", "withheld", "stale"),
        ("ann", "second", "queued", ""),
        ("bob", "reminder", "queued", ""),
    ]


def test_8_3_a_stale_message_does_not_count_towards_the_cap(shop: Shop) -> None:
    shop.launch(stale_after="24h", frequency_cap={"max": 1, "per": "7d"})
    shop.happen("ann", "add", 1)

    shop.tick(28)

    assert [row[2:] for row in shop.sent()] == [("withheld", "stale"), ("queued", "")]


def test_the_cap_spans_launches(shop: Shop) -> None:
    shop.launch(name="First", frequency_cap={"max": 1, "per": "7d"})
    shop.launch(name="Second", frequency_cap={"max": 1, "per": "7d"})
    shop.happen("ann", "add", 1)

    shop.tick(2)

    assert [row[2:] for row in shop.sent()] == [("queued", ""), ("withheld", "frequency_cap")]


@pytest.mark.parametrize(
    ("traits", "reason"),
    [
        ({"unsubscribed": True}, "unsubscribed"),
        ({"email": None}, "no_address"),
        ({"suppressed": True}, "suppressed"),
        ({"consent": False}, "unsubscribed"),
    ],
)
def test_5_5_who_cannot_be_reached_gets_nothing(
    shop: Shop, traits: dict[str, object], reason: str
) -> None:
    shop.launch()
    shop.know({"ann": traits})
    shop.happen("ann", "add", 1)

    shop.tick(2)

    assert shop.sent() == [("ann", "reminder", "withheld", reason)]


def test_a_suppressed_address_gets_nothing_whatever_its_case(shop: Shop) -> None:
    shop.launch()
    suppress(shop.database, ["Ann@Example.org"], reason="bounce", source="dsn", at=at(0))
    shop.happen("ann", "add", 1)

    shop.tick(2)

    assert shop.sent() == [("ann", "reminder", "withheld", "suppressed")]


def test_a_paused_launch_goes_on_deciding_and_keeps_its_messages(shop: Shop) -> None:
    launch = shop.launch(stale_after="3h")
    pause(shop.database, launch.id, at=at(0.5))
    shop.happen("ann", "add", 1)
    shop.happen("bob", "add", 4)
    shop.tick(2)
    shop.tick(5)

    kept = claimed(shop, 5.5)
    resume(shop.database, launch.id, at=at(5.5))
    let_go = claimed(shop, 5.5)

    assert kept == []
    assert let_go == [("bob", "reminder")]
    assert ("ann", "reminder", "withheld", "stale") in shop.sent()


def test_a_stopped_launch_lets_nobody_in_and_everybody_leaves(shop: Shop) -> None:
    launch = shop.launch()
    shop.happen("ann", "add", 1)
    shop.happen("bob", "add", 1.8)
    shop.tick(2)

    stop(shop.database, launch.id, at=at(2.1))
    shop.tick(9)

    assert shop.firings() == [("ann", "enrolled")]
    assert shop.sent() == [("ann", "reminder", "withheld", "stopped")]
    assert shop.steps()[-1] == ("pause", "exited", "stopped")
    with pytest.raises(UnusableInput, match="was stopped; launch it anew"):
        resume(shop.database, launch.id, at=at(10))


def test_what_a_sandbox_would_have_sent_stays_so_when_it_is_paused_resumed_and_stopped(
    shop: Shop,
) -> None:
    launch = shop.launch(mode=LaunchMode.SANDBOX, stale_after="3h")
    shop.happen("ann", "add", 1)
    shop.tick(2)
    pause(shop.database, launch.id, at=at(2.5))
    shop.happen("bob", "add", 2)
    shop.tick(3)

    resume(shop.database, launch.id, at=at(6.1))
    resumed = shop.sent()
    stop(shop.database, launch.id, at=at(6.2))

    assert resumed == [
        ("ann", "reminder", "queued", ""),
        ("bob", "reminder", "withheld", "stale"),
    ]
    assert shop.sent() == resumed


def test_what_a_paused_sandbox_kept_is_withheld_when_it_is_stopped(shop: Shop) -> None:
    launch = shop.launch(mode=LaunchMode.SANDBOX)
    pause(shop.database, launch.id, at=at(0.5))
    shop.happen("ann", "add", 1)
    shop.tick(2)

    stop(shop.database, launch.id, at=at(2.5))

    assert shop.sent() == [("ann", "reminder", "withheld", "stopped")]


def test_a_sandbox_decides_apart_and_its_messages_never_leave_by_themselves(shop: Shop) -> None:
    capped = {"frequency_cap": {"max": 1, "per": "7d"}}
    shop.launch(name="Trial", mode=LaunchMode.SANDBOX, **capped)
    shop.launch(**capped)
    shop.happen("ann", "add", 1)

    shop.tick(2)

    assert [row[2:] for row in shop.sent()] == [("queued", ""), ("queued", "")]
    assert claimed(shop, 3) == [("ann", "reminder")]
    assert status(shop.database, at(3))["outbox"] == {"sandbox": 1, "sending": 1}


def test_a_campaign_is_launched_once_at_a_time(shop: Shop) -> None:
    shop.launch()

    with pytest.raises(UnusableInput, match="'Cart' is running already"):
        shop.launch()

    assert [launch.name for launch in launches(shop.database)] == ["Cart"]


def test_one_persons_poison_never_stops_the_others(shop: Shop) -> None:
    shop.launch()
    for name in ("ann", "bob", "cid", "dee", "eve"):
        shop.happen(name, "add", 1)
    shop.tick(1.5)
    with shop.database.begin() as connection:
        connection.execute(text("UPDATE live_states SET state = '{broken' WHERE user_id = 'cid'"))

    report = shop.tick(3)
    again = shop.tick(4)

    assert sorted(shop.firings()) == [(n, "enrolled") for n in ("ann", "bob", "dee", "eve")]
    assert (report.dead_count, again.dead_count) == (1, 0)
    (letter,) = dead_letters(shop.database)
    assert letter.user_id == "cid"
    assert "JSONDecodeError" in letter.reason


def test_who_fails_in_a_sandbox_is_decided_once_when_tried_again(shop: Shop) -> None:
    twice = {"kind": "count", "match": {"event": "add"}, "at_least": 2, "within": "9h"}
    shop.launch(trigger=twice)
    shop.launch(trigger=twice, mode=LaunchMode.SANDBOX)
    shop.happen("ann", "add", 0.1)
    shop.tick(0.5)
    change = "UPDATE live_states SET state = :to WHERE user_id = 'ann' AND mode = 'sandbox'"
    with shop.database.begin() as connection:
        known = "SELECT state FROM live_states WHERE user_id = 'ann' AND mode = 'sandbox'"
        former = connection.execute(text(known)).scalar_one()
        connection.execute(text(change), {"to": "{broken"})
    shop.happen("ann", "add", 1)
    shop.tick(2)
    (letter,) = dead_letters(shop.database)
    with shop.database.begin() as connection:
        connection.execute(text(change), {"to": former})

    try_again(shop.database, letter.id)
    shop.tick(3)

    assert shop.firings() == [("ann", "enrolled"), ("ann", "enrolled")]
    assert dead_letters(shop.database) == []


def test_timers_that_failed_are_woken_when_they_are_tried_again(shop: Shop) -> None:
    shop.launch()
    shop.happen("ann", "add", 1)
    shop.tick(1.5)
    change = "UPDATE live_states SET state = :to WHERE user_id = 'ann'"
    with shop.database.begin() as connection:
        former = connection.execute(text("SELECT state FROM live_states")).scalar_one()
        connection.execute(text(change), {"to": "{broken"})
    shop.tick(3)
    (letter,) = dead_letters(shop.database)
    with shop.database.begin() as connection:
        connection.execute(text(change), {"to": former})

    try_again(shop.database, letter.id)
    shop.tick(4)

    assert shop.firings() == [("ann", "enrolled")]


@pytest.mark.parametrize(
    ("choice", "last"),
    [
        (UnderWay.STAY, ("ann", "second", "queued", "")),
        (UnderWay.MOVE, ("ann", "third", "queued", "")),
        (UnderWay.LEAVE, ("ann", "reminder", "queued", "")),
    ],
)
def test_5_9_people_under_way_stay_move_or_leave(
    shop: Shop, choice: UnderWay, last: tuple[str, ...]
) -> None:
    launch = shop.launch()
    shop.happen("ann", "add", 1)
    shop.tick(2)
    steps = [
        *CART["steps"][:1],
        {"id": "pause", "kind": "delay", "for": "6h"},
        {"id": "third", "kind": "send", "template": "cart_survey"},
    ]
    changed = Campaign.model_validate({**CART, "steps": steps})

    publish_version(shop.database, launch.id, changed, under_way=choice, at=at(3), version_number=2)
    shop.happen("bob", "add", 3.5)
    shop.tick(12)

    own = [row for row in shop.sent() if row[0] == "ann"]
    assert own[-1] == last
    assert [row[1] for row in shop.sent() if row[0] == "bob"] == ["reminder", "third"]


def test_5_9_people_move_who_wait_for_one_of_several_values(shop: Shop) -> None:
    wanted = {"event": "pay", "where": [{"property": "by", "op": "in", "value": ["card", 1]}]}
    waiting = {"id": "pause", "kind": "wait_for", "event": wanted, "timeout": "9h"}
    steps = [waiting, *CART["steps"][2:]]
    launch = shop.launch(steps=steps, goal=None)
    shop.happen("ann", "add", 1)
    shop.tick(2.5)
    changed = Campaign.model_validate(
        {**CART, "steps": steps, "goal": None, "description": "better"}
    )

    publish_version(
        shop.database, launch.id, changed, under_way=UnderWay.MOVE, at=at(3), version_number=2
    )
    shop.happen("ann", "pay", 4, by="card")
    shop.tick(5)

    assert shop.sent() == [("ann", "second", "queued", "")]


def test_5_9_a_new_version_does_not_enrol_those_who_are_under_way(shop: Shop) -> None:
    launch = shop.launch()
    shop.happen("ann", "add", 1)
    shop.tick(2)
    changed = Campaign.model_validate({**CART, "description": "better"})
    publish_version(
        shop.database, launch.id, changed, under_way=UnderWay.STAY, at=at(3), version_number=2
    )

    shop.happen("ann", "add", 3.5)
    shop.tick(5)

    assert shop.firings() == [("ann", "enrolled"), ("ann", "active")]


def test_a_new_trigger_remembers_what_happened_before_it(shop: Shop) -> None:
    launch = shop.launch()
    shop.happen("ann", "add", 1)
    shop.tick(1.5)
    trigger = {**CART["trigger"], "within": "3h"}
    changed = Campaign.model_validate({**CART, "trigger": trigger})

    publish_version(
        shop.database, launch.id, changed, under_way=UnderWay.STAY, at=at(1.6), version_number=2
    )
    shop.tick(3.9)
    before = shop.firings()
    shop.tick(4)

    assert before == []
    assert shop.firings() == [("ann", "enrolled")]


def test_an_unsubscription_counts_before_and_after_entry(shop: Shop) -> None:
    shop.launch()
    shop.happen("bob", "email_unsubscribed", 0.5)
    shop.tick(0.6)
    shop.happen("ann", "add", 1)
    shop.happen("bob", "add", 1)
    shop.tick(2)
    shop.happen("ann", "email_unsubscribed", 3)

    shop.tick(7)

    assert sorted(shop.sent()) == [
        ("ann", "reminder", "queued", ""),
        ("ann", "second", "withheld", "unsubscribed"),
        ("bob", "reminder", "withheld", "unsubscribed"),
        ("bob", "second", "withheld", "unsubscribed"),
    ]


def claimed(shop: Shop, hours: float) -> list[tuple[str, str]]:
    now = int((at(hours) - at(0)).total_seconds() * 1_000_000)
    begin = int(at(0).timestamp()) * 1_000_000
    with writing(shop.database) as session:
        found = live_outbox.claim(session, begin + now, 10)
    return [(message.user_id, message.step) for message in found]


def test_5_6_a_step_changes_the_profile_and_calls_of_others_wait(shop: Shop) -> None:
    steps = [
        {"id": "mark", "kind": "update_profile", "set": {"tier": "gold"}},
        {"id": "tell", "kind": "webhook", "url": "https://example.org/hook"},
    ]
    shop.launch(steps=steps)
    shop.launch(name="Trial", steps=steps, mode=LaunchMode.SANDBOX)
    shop.happen("ann", "add", 1)

    shop.tick(2)

    with shop.database.connect() as connection:
        rows = connection.execute(text("SELECT kind, is_sandbox, state FROM live_effects"))
        effects = sorted((kind, bool(trial), state) for kind, trial, state in rows)
    assert profile(shop.database, "ann") == {"email": "ann@example.org", "tier": "gold"}
    assert effects == [
        ("update_profile", False, "done"),
        ("update_profile", True, "done"),
        ("webhook", False, "queued"),
        ("webhook", True, "queued"),
    ]


SILENCE = {"kind": "inactivity", "for": "10h"}


def test_what_we_send_is_no_sign_of_life_of_a_person(shop: Shop) -> None:
    shop.launch(trigger=SILENCE)
    shop.happen("ann", "view", 1)
    note(shop, MailEvent.SENT, 6)
    note(shop, MailEvent.CLICKED, 7, is_machine=True)

    shop.tick(11.1)

    assert shop.firings() == [("ann", "enrolled")]


def test_a_click_of_a_person_is_a_sign_of_life(shop: Shop) -> None:
    shop.launch(trigger=SILENCE)
    shop.happen("ann", "view", 1)
    note(shop, MailEvent.CLICKED, 7)

    shop.tick(11.1)

    assert shop.firings() == []


def test_what_we_send_counts_where_a_trigger_names_it(shop: Shop) -> None:
    shop.launch(trigger={"kind": "event", "match": {"event": "email_sent"}})
    note(shop, MailEvent.SENT, 6)

    shop.tick(7)

    assert shop.firings() == [("ann", "enrolled")]


def test_what_we_send_puts_nobodys_deeds_behind_it(shop: Shop) -> None:
    shop.launch()
    note(shop, MailEvent.SENT, 6)
    shop.tick(7)
    shop.happen("ann", "add", 5.9, arriving=7.1)

    report = shop.tick(8)

    assert report.late_count == 0
    assert shop.firings() == [("ann", "enrolled")]


def test_an_address_that_bounced_gets_nothing_more(shop: Shop) -> None:
    shop.launch()
    note(shop, MailEvent.BOUNCED, 1, is_hard=True)
    shop.happen("ann", "add", 2)

    shop.tick(4)

    assert [(state, reason) for _, _, state, reason in shop.sent()] == [("withheld", "suppressed")]


def note(shop: Shop, event: MailEvent, hours: float, **details: bool) -> None:
    """Note what became of a mail of another campaign to Ann."""
    outcome = MailOutcome(
        event=event,
        key="1.other",
        user_id="ann",
        at=as_microseconds(at(hours)),
        campaign="Other",
        step="mail",
        template="reminder",
        details=details,
    )
    with writing(shop.database) as session:
        note_outcomes(session, [outcome], now=as_microseconds(at(hours)))
