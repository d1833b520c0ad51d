"""Live decides what the rehearsal showed, however events arrive and whoever decides (7.5)."""

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random

from sqlalchemy import Engine

from core.services.live_launches import launch
from core.services.live_ticks import tick, work
from tests.live.feeding import feed, firing_rows, message_rows, trace_rows
from tests.live.sample import Sample

Files = dict[str, list[list[str]]]


def test_one_worker_decides_what_the_rehearsal_showed(
    database: Engine, shop: Sample, rehearsed: Files
) -> None:
    for campaign in shop.campaigns:
        launch(database, campaign, launched_at=shop.since, history=shop.before)

    feed(database, shop.events, shop.until, Random(1), since=shop.since)

    assert told(database) == rehearsed


def test_small_passes_decide_the_same(database: Engine, shop: Sample, rehearsed: Files) -> None:
    for campaign in shop.campaigns:
        launch(database, campaign, launched_at=shop.since, history=shop.before)

    feed(
        database,
        shop.events,
        shop.until,
        Random(3),
        since=shop.since,
        ticking=small_ticks(database),
    )

    assert told(database) == rehearsed


def test_three_workers_decide_the_same(database: Engine, shop: Sample, rehearsed: Files) -> None:
    for campaign in shop.campaigns:
        launch(database, campaign, launched_at=shop.since, history=shop.before)

    feed(
        database,
        shop.events,
        shop.until,
        Random(4),
        since=shop.since,
        ticking=three_workers(database),
    )

    assert told(database) == rehearsed


def told(database: Engine) -> Files:
    return {
        "firings": firing_rows(database),
        "messages": message_rows(database),
        "trace": trace_rows(database),
    }


def small_ticks(database: Engine) -> Callable[[datetime], object]:
    return lambda now: tick(database, now, events_at_once=7)


def three_workers(database: Engine) -> Callable[[datetime], object]:
    """Let three workers do a round each at a time, sharing the people among them."""

    def run(now: datetime) -> None:
        for seconds in range(3):  # the first rounds settle who looks after whom
            for name in ("one", "two", "three"):
                one_round(database, name, now + timedelta(microseconds=seconds))

    return run


def one_round(database: Engine, name: str, now: datetime) -> None:
    rounds = iter([False, True])
    work(
        database,
        worker=name,
        clock=lambda: now,
        rest=lambda seconds: None,
        is_stopping=lambda: next(rounds),
    )
