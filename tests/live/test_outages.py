"""A database that fails is no fault of anybody's events: they wait, and are decided afterwards."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from core.live.evaluator import GRACE
from core.services.live_questions import dead_letters, status
from core.services.live_ticks import tick, work
from core.store.live_events import partition_of
from tests.live.launched import Shop, at

PEOPLE = ("ann", "bob", "cid")
NOW = at(3) + timedelta(microseconds=GRACE)


@pytest.fixture
def shop(database: Engine) -> Shop:
    """Give a shop in which carts were left, whose reminders are due by `NOW`."""
    shop = Shop(database, *PEOPLE)
    shop.launch()
    for person in PEOPLE:
        shop.happen(person, "add", 1)
    return shop


def test_while_profiles_cannot_be_read_nobody_is_called_undecidable(shop: Shop) -> None:
    rename(shop.database, "live_profiles", "elsewhere")

    with pytest.raises(DBAPIError):
        tick(shop.database, NOW)
    rename(shop.database, "elsewhere", "live_profiles")
    waiting = status(shop.database, NOW)["events"]["waiting"]
    tick(shop.database, NOW)

    assert waiting == len(PEOPLE)
    assert dead_letters(shop.database) == []
    assert sorted(shop.firings()) == [(person, "enrolled") for person in PEOPLE]


def test_a_worker_outlives_an_outage_and_decides_what_waited(shop: Shop) -> None:
    rename(shop.database, "live_profiles", "elsewhere")

    rounds(
        shop.database,
        NOW,
        [lambda: None, lambda: rename(shop.database, "elsewhere", "live_profiles"), lambda: None],
    )

    assert dead_letters(shop.database) == []
    assert sorted(shop.firings()) == [(person, "enrolled") for person in PEOPLE]


def test_a_share_that_fails_keeps_nobody_from_the_others(shop: Shop) -> None:
    fail_for(shop, "ann")

    rounds(shop.database, NOW, [lambda: None, lambda: None])

    assert [firing for firing in sorted(shop.firings()) if firing[0] != "ann"] == [
        ("bob", "enrolled"),
        ("cid", "enrolled"),
    ]
    assert status(shop.database, NOW)["events"]["waiting"] == 1


def fail_for(shop: Shop, person: str) -> None:
    """Let the database refuse to note how far somebody's share is decided."""
    share = partition_of(person)
    when = (
        f"BEFORE UPDATE OF watermark ON live_partitions FOR EACH ROW WHEN (NEW.partition={share})"
    )
    statements = {
        "sqlite": [f"CREATE TRIGGER no {when} BEGIN SELECT RAISE(ABORT, 'no'); END"],
        "postgresql": [
            "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql "
            "AS $$ BEGIN RAISE EXCEPTION 'no'; END $$",
            f"CREATE TRIGGER no {when} EXECUTE FUNCTION no()",
        ],
    }
    with shop.database.begin() as connection:
        for statement in statements[shop.database.dialect.name]:
            connection.execute(text(statement))


def rounds(database: Engine, now: datetime, before: list[Callable[[], None]]) -> None:
    """Let a worker do a round after each of these."""
    steps: Iterator[Callable[[], None]] = iter(before)

    def is_stopping() -> bool:
        step = next(steps, None)
        if step is not None:
            step()
        return step is None

    work(
        database,
        worker="ours",
        clock=lambda: now,
        rest=lambda seconds: None,
        is_stopping=is_stopping,
    )


def rename(database: Engine, table: str, name: str) -> None:
    with database.begin() as connection:
        connection.execute(text(f"ALTER TABLE {table} RENAME TO {name}"))
