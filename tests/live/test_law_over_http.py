"""What comes in by HTTP is decided as the rehearsal showed, by one worker or three at once (7.5).

REHEARSAL_SHARE=1 takes everybody in the sample shop; the everyday run takes some of them.
"""

from random import Random

import pytest
from sqlalchemy import Engine

from core.services.live_launches import launch
from core.services.live_questions import dead_letters, status
from tests.api.asking import Shop
from tests.live.feeding import Files, told
from tests.live.law_feed import Clients, feed_over_http
from tests.live.law_workers import Nursery, settle
from tests.live.sample import Sample


@pytest.mark.parametrize("worker_count", [1, 3])
def test_workers_decide_of_requests_what_the_rehearsal_showed(
    database: Engine,
    database_url: str,
    shop: Sample,
    rehearsed: Files,
    nursery: Nursery,
    worker_count: int,
) -> None:
    for campaign in shop.campaigns:
        launch(database, campaign, launched_at=shop.since, history=shop.before)
    door = Shop(database)
    door.clock.at = shop.since
    clients = Clients(door, Random(worker_count))
    nursery.clock.set(shop.since)
    for number in range(worker_count):
        nursery.start("decide", url=database_url, name=f"worker {number}")

    feed_over_http(
        clients,
        shop.events,
        since=shop.since,
        until=shop.until,
        decide_by=nursery.clock.set,
        wait=lambda: settle(database, nursery.clock()),
    )
    nursery.stop_all()

    assert told(database) == rehearsed
    counted = status(database, shop.until)["events"]
    assert (counted["added"], counted["late"], counted["waiting"]) == (len(shop.events), 0, 0)
    assert dead_letters(database) == []
    assert min(clients.request_count, clients.resent_count, clients.anonymous_count) > 0
