"""Live decides what the rehearsal showed, however few events a pass takes (7.5).

`test_law_over_http` shows the same of whole passes, by one worker and by several at once.
"""

from random import Random

from sqlalchemy import Engine

from core.services.live_launches import launch
from core.services.live_ticks import tick
from tests.live.feeding import Files, feed, told
from tests.live.sample import Sample


def test_small_passes_decide_the_same(database: Engine, shop: Sample, rehearsed: Files) -> None:
    for campaign in shop.campaigns:
        launch(database, campaign, launched_at=shop.since, history=shop.before)

    feed(
        database,
        shop.events,
        shop.until,
        Random(3),
        since=shop.since,
        ticking=lambda now: tick(database, now, events_at_once=7),
    )

    assert told(database) == rehearsed
