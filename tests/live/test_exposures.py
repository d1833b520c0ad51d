"""What experiments read from live: who came to a split, and what they did in their window."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from core.domain.instants import as_microseconds
from core.domain.matchers import Matcher
from core.engine.assignment import bucket
from core.services.live_exposures import events_of, exposures
from core.store import live_outbox
from core.store.database import writing
from tests.live.launched import Shop, at

SPLIT = {
    "steps": [
        {
            "id": "test",
            "kind": "split",
            "salt": "seed",
            "variants": [{"name": "A", "weight": 1}, {"name": "B", "weight": 1}],
        },
        {"id": "mail", "kind": "send", "template": "cart_recovery"},
    ]
}


@pytest.fixture
def shop(database: Engine) -> Shop:
    return Shop(database, "ann", "bob", "cid")


def test_a_person_is_exposed_once_at_their_first_time(shop: Shop) -> None:
    launch = shop.launch(**SPLIT)
    for hours in (1, 5):
        shop.happen("bob", "add", hours)
    shop.happen("ann", "add", 2)

    shop.tick(10)

    found = exposures(shop.database, launch.id, "test")
    assert found.user_ids == ["ann", "bob"]
    assert found.variants == ["A" if bucket("seed", n) < 0.5 else "B" for n in ("ann", "bob")]
    assert found.exposed_at.tolist() == [as_microseconds(at(3)), as_microseconds(at(2))]


def test_their_events_count_from_the_split_to_the_end_of_the_window(shop: Shop) -> None:
    launch = shop.launch(**SPLIT)
    shop.happen("ann", "add", 1)
    for hours, price in ((1.5, 1), (2, 2), (2.5, 3), (4, 4), (4.1, 5)):
        shop.happen("ann", "order", hours, price=price)
    shop.happen("bob", "order", 2.5, price=9)
    shop.tick(10)

    people = exposures(shop.database, launch.id, "test")
    orders = Matcher.model_validate({"event": "order"})
    found = events_of(shop.database, people, orders, within=timedelta(hours=2))
    early = events_of(shop.database, people, orders, within=timedelta(hours=2), until=at(3))

    assert [one["price"] for one in found.properties] == [3, 4]
    assert found.person.tolist() == [0, 0]
    assert [one["price"] for one in early.properties] == [3]


def test_a_message_is_taken_once_and_settled_once(shop: Shop) -> None:
    shop.launch()
    shop.happen("ann", "add", 1)
    shop.tick(3)
    now = as_microseconds(at(3))

    with writing(shop.database) as session:
        (message,) = live_outbox.claim(session, now, 10)
        again = live_outbox.claim(session, now, 10)
        first = live_outbox.settle(session, message.key, live_outbox.SENT, now=now)
        second = live_outbox.settle(session, message.key, live_outbox.FAILED, now=now)

    assert (again, first, second) == ([], True, False)
    assert shop.sent()[0][2] == "sent"


def test_a_message_whose_sender_is_gone_is_unknown_and_not_sent_again(shop: Shop) -> None:
    shop.launch()
    shop.happen("ann", "add", 1)
    shop.tick(3)
    now = as_microseconds(at(3))
    with writing(shop.database) as session:
        (message,) = live_outbox.claim(session, now, 10, sender="gone")
        live_outbox.begin(session, [message.id], "gone", now)

    with writing(shop.database) as session:
        count = live_outbox.give_up_silent(session, now + 1, now + 1)
        again = live_outbox.claim(session, now + 1, 10)

    assert (count, again) == (1, [])
    assert shop.sent()[0][2:] == ("unknown", "sender_gone")
