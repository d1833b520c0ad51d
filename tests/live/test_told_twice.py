"""What an upload told and comes in live once more is one event to triggers (1.3)."""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from core.domain.campaigns import Campaign
from core.domain.events import Event
from core.history.reading import Dataset, open_dataset
from core.services.live_events import ingest
from core.services.live_launches import launch
from tests.history.datasets import write_events
from tests.live.launched import CART, Shop, at

LAUNCHED = 10.0
MANY_VIEWS = {"kind": "count", "match": {"event": "view"}, "at_least": 4, "within": "48h"}


def event(name: str, hours: float) -> Event:
    return Event(
        event_id=f"{name} at {hours}",
        user_id="ann",
        event=name,
        timestamp=at(hours),
        properties={},
    )


def launched(shop: Shop, home: Path, told: list[Event], **changes: object) -> None:
    write_events(home, "told", told)
    campaign = Campaign.model_validate({**CART, **changes})
    history: Dataset = open_dataset(home, "told")
    launch(shop.database, campaign, launched_at=at(LAUNCHED), history=history)


@pytest.fixture
def shop(own_database: Engine) -> Shop:
    """Give a shop on SQLite that knows ann."""
    return Shop(own_database, "ann")


def test_views_are_counted_once(shop: Shop, tmp_path: Path) -> None:
    views = [event("view", 8), event("view", 9)]
    launched(shop, tmp_path, views, trigger=MANY_VIEWS)
    ingest(shop.database, views, received_at=at(11))
    shop.happen("ann", "view", 11)

    shop.tick(12)

    assert shop.firings() == []


def test_new_views_are_counted_on(shop: Shop, tmp_path: Path) -> None:
    launched(shop, tmp_path, [event("view", 8), event("view", 9)], trigger=MANY_VIEWS)
    shop.happen("ann", "view", 11)
    shop.happen("ann", "view", 12)

    shop.tick(13)

    assert shop.firings() == [("ann", "enrolled")]


def test_a_cart_that_was_bought_is_not_left_again(shop: Shop, tmp_path: Path) -> None:
    told = [event("add", 9.5), event("buy", 9.8)]
    launched(shop, tmp_path, told)
    ingest(shop.database, told[:1], received_at=at(10.1))

    shop.tick(12)

    assert shop.firings() == []


def test_a_cart_of_the_upload_is_left_once(shop: Shop, tmp_path: Path) -> None:
    told = [event("add", 9.3), event("add", 9.5)]
    launched(shop, tmp_path, told)
    ingest(shop.database, told, received_at=at(10.1))

    shop.tick(12)

    assert shop.firings() == [("ann", "enrolled")]


def test_an_upload_of_times_to_come_keeps_live_from_nothing(shop: Shop, tmp_path: Path) -> None:
    launched(shop, tmp_path, [event("view", 8), event("view", 99)], trigger=MANY_VIEWS)
    for hours in (11, 11.1, 11.2, 11.3):
        shop.happen("ann", "view", hours)

    shop.tick(12)

    assert ("ann", "enrolled") in shop.firings()
