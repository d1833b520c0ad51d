"""Nothing is lost, doubled or stuck when versions, launches, people or workers change midway."""

import time

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from core.domain.campaigns import Campaign
from core.domain.instants import as_microseconds
from core.engine.versions import UnderWay
from core.live.evaluator import PassReport, pass_over
from core.services.live_events import try_again
from core.services.live_launches import LaunchMode, publish_version, stop
from core.services.live_questions import dead_letters, decisions
from core.services.live_ticks import LEASE
from core.store import live_launches
from core.store.database import migrate, open_database, writing
from core.store.live_events import PARTITION_COUNT, partition_of
from tests.api.asking import Shop as Door
from tests.live.launched import CART, Shop, at

IN_ONE_SHARE = [name for n in range(99) if partition_of(name := f"p{n}") == 0][:4]


@pytest.fixture
def shop(own_database: Engine) -> Shop:
    """Give a shop on SQLite that knows two people."""
    return Shop(own_database, "ann", "bob")


def test_somebody_refused_under_another_id_is_decided_anew(shop: Shop) -> None:
    door = Door(shop.database)
    shop.launch(
        trigger={"kind": "event", "match": {"event": "add"}},
        audience={"trait": "country", "op": "eq", "value": "DE"},
    )
    door.clock.at = at(1)
    add = {"anonymousId": "x", "event": "add", "messageId": "m", "timestamp": at(1).isoformat()}
    door.post("/v1/track", add)
    shop.tick(2)
    door.clock.at = at(3)
    door.post("/v1/identify", {"anonymousId": "x", "userId": "ann", "traits": {"country": "DE"}})

    shop.tick(4)

    assert shop.firings() == [("anon:x", "audience"), ("ann", "enrolled")]


@pytest.mark.parametrize("choice", [UnderWay.MOVE, UnderWay.LEAVE])
def test_5_7_goals_count_after_a_new_version(shop: Shop, choice: UnderWay) -> None:
    launched = shop.launch(steps=CART["steps"][:1])
    shop.happen("ann", "add", 1)
    shop.tick(3)
    publish(shop, launched.id, 4, choice)
    shop.happen("ann", "buy", 5)

    shop.tick(6)

    assert goals(shop) == [("ann", "completed", True)]


def test_a_version_is_done_with_once_its_goals_are_out_of_time(shop: Shop) -> None:
    launched = shop.launch()
    publish(shop, launched.id, 1, UnderWay.MOVE)
    publish(shop, launched.id, 7 * 24 + 2, UnderWay.MOVE, number=3)

    with writing(shop.database) as session:
        versions = live_launches.stored_launches(session)[0].versions

    assert [version.is_open for version in versions] == [False, True, True]


def test_what_was_due_before_a_new_version_is_decided_by_the_former_one(shop: Shop) -> None:
    launched = shop.launch()
    shop.happen("ann", "add", 1)
    shop.tick(1.5)

    publish(shop, launched.id, 3, UnderWay.STAY, within="90m")
    shop.tick(4)

    assert shop.firings() == [("ann", "enrolled")]
    assert shop.sent() == [("ann", "reminder", "queued", "")]


def test_a_new_version_with_a_longer_wait_fires_no_cart_again(shop: Shop) -> None:
    launched = shop.launch(steps=CART["steps"][:1])
    shop.happen("ann", "add", 1)
    shop.tick(2.1)
    shop.happen("bob", "add", 2.2)

    publish(shop, launched.id, 2.5, UnderWay.STAY, within="2h")
    shop.tick(5)

    assert shop.firings() == [("ann", "enrolled"), ("bob", "enrolled")]


def test_all_that_failed_for_somebody_is_tried_again_together(shop: Shop) -> None:
    shop.launch()
    shop.happen("ann", "add", 1)
    shop.tick(1.1)
    states = rewrite_states(shop, "nonsense")
    for hours, name in ((1.2, "add"), (1.3, "view")):
        shop.happen("ann", name, hours)
        shop.tick(hours)
    rewrite_states(shop, states)
    first = min(letter.id for letter in dead_letters(shop.database))

    try_again(shop.database, first)
    shop.tick(1.4)
    shop.tick(3)

    assert dead_letters(shop.database) == []
    assert [found.fired_at for found in decisions(shop.database)] == [as_microseconds(at(2.2))]


def test_rows_of_one_person_that_are_refused_keep_nobody_from_theirs(shop: Shop) -> None:
    shop.launch(trigger={"kind": "event", "match": {"event": "add"}})
    for name in IN_ONE_SHARE:
        shop.happen(name, "add", 1)
    decide_before(shop, IN_ONE_SHARE[1])

    shop.tick(2)

    others = [name for name in IN_ONE_SHARE if name != IN_ONE_SHARE[1]]
    found = [firing for firing in shop.firings() if firing[0] != "nobody"]
    assert sorted(found) == sorted((name, "enrolled") for name in others)
    assert [letter.user_id for letter in dead_letters(shop.database)] == [IN_ONE_SHARE[1]]


@pytest.mark.parametrize("mode", LaunchMode)
def test_what_a_stopped_launch_waited_for_keeps_nobody_waiting(
    shop: Shop, mode: LaunchMode
) -> None:
    other = next(one for one in LaunchMode if one is not mode)
    stopped = shop.launch(mode=mode)
    for name in IN_ONE_SHARE[:3]:
        shop.happen(name, "add", 1)
    shop.tick(1.5)
    stop(shop.database, stopped.id, at=at(1.6))
    shop.launch(mode=other, hours=1.7)
    shop.happen(IN_ONE_SHARE[3], "add", 2)

    reports = [one_pass(shop, 4, timers_at_once=2) for _ in range(4)]

    assert reports[-1].is_done
    assert (IN_ONE_SHARE[3], "enrolled") in shop.firings()


def test_a_worker_that_stands_still_in_a_pass_loses_its_share(
    postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_launches, "STILL_FOR", 100)
    database = open_database(postgresql_url)
    migrate(database)
    with writing(database) as session:
        live_launches.prepare_partitions(session)
        held = live_launches.claim_shares(session, "old", 0, LEASE, PARTITION_COUNT)

    with Session(database) as standing:
        live_launches.hold(standing, held[0], "old", 0)
        time.sleep(0.3)
        with writing(database) as session:
            taken = live_launches.claim_shares(session, "new", 2 * LEASE, LEASE, PARTITION_COUNT)
        with pytest.raises(DBAPIError, match="timeout"):
            live_launches.move_on(standing, held[0], 1, 0, 0)
    database.dispose()

    assert taken == held


def publish(
    shop: Shop, launch_id: int, hours: float, choice: UnderWay, *, number: int = 2, within: str = ""
) -> None:
    trigger = {**CART["trigger"], "within": within} if within else CART["trigger"]
    publish_version(
        shop.database,
        launch_id,
        Campaign.model_validate({**CART, "trigger": trigger}),
        under_way=choice,
        at=at(hours),
        version_number=number,
    )


def one_pass(shop: Shop, hours: float, *, timers_at_once: int) -> PassReport:
    """Pass once over the share of IN_ONE_SHARE."""
    now = as_microseconds(at(hours))
    with writing(shop.database) as session:
        live_launches.prepare_partitions(session)
        live_launches.claim_shares(session, "test", now, LEASE, PARTITION_COUNT)
        report = pass_over(session, 0, "test", now, timers_at_once=timers_at_once)
    assert report is not None
    return report


def decide_before(shop: Shop, user_id: str) -> None:
    """Let a decision be there already that is about to be made for somebody."""
    wrong = text(
        "INSERT INTO live_decisions (launch_id, version_id, user_id, fired_at, event_id, "
        "cause_seq, outcome, decided_at) "
        "SELECT 99, 1, 'nobody', 0, '', seq, 'enrolled', 0 FROM live_events WHERE user_id = :user"
    )
    with shop.database.begin() as connection:
        connection.execute(wrong, {"user": user_id})


def goals(shop: Shop) -> list[tuple[str, str, bool]]:
    """Give who is in which state, and whether they reached the goal."""
    asked = text("SELECT user_id, state, goal_at FROM live_enrolments ORDER BY user_id")
    with shop.database.connect() as connection:
        return [(row[0], row[1], row[2] is not None) for row in connection.execute(asked)]


def rewrite_states(shop: Shop, state: str) -> str:
    """Let everybody have another state; give the former one."""
    with shop.database.begin() as connection:
        former = connection.execute(text("SELECT state FROM live_states")).scalar()
        connection.execute(text("UPDATE live_states SET state = :state"), {"state": state})
    return str(former)
