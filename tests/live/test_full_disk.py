"""A full disk stops nothing for good: what is not stored is not answered as if it were."""

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from core.store.database import migrate
from tests.api.asking import Shop
from tests.live.feeding import told
from tests.live.launched import START, at
from tests.live.law_disks import Disk, Quota, small_disk
from tests.live.law_stream import (
    HOURS,
    Stream,
    begin,
    cart_events,
    check_nothing_is_lost_or_doubled,
    quiet_run,
)
from tests.live.law_workers import Nursery, SharedClock, decide, settle

TIMES = 2
EVENTS = cart_events(1_200)
SIZE = 30
PATIENCE = 30.0


@pytest.fixture
def growing() -> Iterator[Callable[[Disk], Nursery]]:
    """Make a nursery whose workers live with a disk."""
    grown: list[Nursery] = []

    def grow(disk: Disk) -> Nursery:
        def job(given: Mapping[str, Any], clock: SharedClock) -> None:
            decide(given, clock, prepare=disk.limit)

        grown.append(Nursery({"decide": job}))
        return grown[-1]

    yield grow
    for nursery in grown:
        nursery.close()


@pytest.fixture(params=["small disk", "quota"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Disk]:
    if request.param == "quota":
        yield Quota(tmp_path)
        return
    with small_disk(tmp_path / "disk") as mounted:
        yield mounted


def test_worker_and_api_outlive_a_full_disk_and_nothing_is_lost(
    disk: Disk, growing: Callable[[Disk], Nursery], opened: Callable[[str], Engine], tmp_path: Path
) -> None:
    nursery = growing(disk)
    url = f"sqlite:///{disk.folder}/shop.sqlite"
    database = opened(url)
    migrate(database)
    begin(database)
    disk.limit(database)
    nursery.clock.set(START)
    nursery.start("decide", url=url, name="ours", events_at_once=100)
    stream = Stream(Shop(database), nursery.clock, EVENTS, size=SIZE)
    stream.start()

    for _ in range(TIMES):
        stream.allow(stream.part_count // (2 * TIMES))
        disk.fill()
        stream.allow(stream.part_count // (2 * TIMES))
        wait_for_refusals(stream)
        check_promises(stream, database)
        disk.free()
    stream.finish()
    nursery.clock.set(at(HOURS + 10))
    settle(database, at(HOURS + 10))
    nursery.stop_all()

    check_nothing_is_lost_or_doubled(database, EVENTS)
    assert asked(database, "PRAGMA integrity_check") == "ok"
    assert told(database) == quiet_run(opened(f"sqlite:///{tmp_path}/quiet.sqlite"), EVENTS)


def wait_for_refusals(stream: Stream) -> None:
    last = time.monotonic() + PATIENCE
    wanted = len(stream.refusals) + 2
    while len(stream.refusals) < wanted:
        assert time.monotonic() < last, "nothing was refused, although the disk is full"
        time.sleep(0.01)


def check_promises(stream: Stream, database: Engine) -> None:
    """See that all is stored that was answered by 200, and of the rest no part of a batch."""
    promised = stream.stored_count
    stored = asked(database, "SELECT count(*) FROM live_events")
    assert stored >= promised
    assert stored % SIZE == 0


def asked(database: Engine, question: str) -> Any:
    with database.connect() as connection:
        return connection.execute(text(question)).scalar_one()
