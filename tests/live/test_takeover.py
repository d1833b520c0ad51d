"""A worker that is gone is missed: others take over its people within fifteen seconds."""

from datetime import timedelta

from sqlalchemy import Engine

from core.services.live_questions import decisions, status
from tests.live.launched import Shop, at
from tests.live.law_workers import Nursery, settle

WITHIN = timedelta(seconds=15)


def test_the_people_of_a_dead_worker_are_taken_over_within_fifteen_seconds(
    database: Engine, database_url: str, nursery: Nursery
) -> None:
    shop = Shop(database, "ann")
    shop.launch(trigger={"kind": "event", "match": {"event": "add"}})
    nursery.clock.set(at(1))
    shop.happen("ann", "add", 0.5)
    first = nursery.start("decide", url=database_url, name="first")
    settle(database, at(1))
    nursery.kill(first)
    for number in range(30):
        shop.happen(f"p{number}", "add", 0.9)

    nursery.start("decide", url=database_url, name="second")
    nursery.clock.set(at(1) + WITHIN)
    settle(database, at(1) + WITHIN, patience=10)
    nursery.stop_all()

    assert len(decisions(database)) == 31
    assert status(database, at(1) + WITHIN)["events"]["waiting"] == 0
