from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError, OperationalError, StatementError
from sqlmodel import col, select

from core.store.database import migrate, once_more, reading, writing
from core.store.tables import CampaignRow, CampaignVersionRow

INSTANT = datetime(2025, 3, 30, 1, 30, 0, 123_457, tzinfo=UTC)


def names(engine: Engine) -> list[str]:
    with reading(engine) as session:
        return list(session.exec(select(CampaignRow.name).order_by(col(CampaignRow.id))))


def test_an_instant_comes_back_aware_in_utc_to_the_microsecond(database: Engine) -> None:
    india = timezone(timedelta(hours=5, minutes=30))
    with writing(database) as session:
        session.add(CampaignRow(name="a", created_at=INSTANT.astimezone(india)))

    with reading(database) as session:
        found = session.exec(select(CampaignRow.created_at)).one()

    assert found == INSTANT
    assert found.utcoffset() == timedelta(0)


def test_an_instant_is_found_by_comparison(database: Engine) -> None:
    with writing(database) as session:
        session.add(CampaignRow(name="a", created_at=INSTANT))

    with reading(database) as session:
        at = session.exec(select(CampaignRow.name).where(CampaignRow.created_at <= INSTANT)).all()
        before = session.exec(select(CampaignRow.name).where(CampaignRow.created_at < INSTANT))

        assert (list(at), list(before)) == (["a"], [])


def test_a_naive_instant_is_refused(database: Engine) -> None:
    with pytest.raises(StatementError, match="timezone"), writing(database) as session:
        session.add(CampaignRow(name="a", created_at=INSTANT.replace(tzinfo=None)))

    assert names(database) == []


def test_an_exception_undoes_the_whole_transaction(database: Engine) -> None:
    def add_and_fail() -> None:
        with writing(database) as session:
            session.add(CampaignRow(name="a", created_at=INSTANT))
            session.flush()
            raise LookupError

    with pytest.raises(LookupError):
        add_and_fail()

    assert names(database) == []


def test_what_a_reading_session_is_told_is_not_kept(database: Engine) -> None:
    with reading(database) as session:
        session.add(CampaignRow(name="a", created_at=INSTANT))
        session.flush()

    assert names(database) == []


def test_a_version_needs_its_campaign(database: Engine) -> None:
    orphan = CampaignVersionRow(campaign_id=7, number=1, document="{}", note="", saved_at=INSTANT)

    with pytest.raises(IntegrityError), writing(database) as session:
        session.add(orphan)


def test_writers_that_read_first_take_turns(database: Engine) -> None:
    """Each adds one to what it read: a lost turn would show in the last number."""
    with writing(database) as session:
        session.add(CampaignRow(name="0", created_at=INSTANT))

    def add_one(_: int) -> None:
        with writing(database) as session:
            row = session.exec(select(CampaignRow).with_for_update()).one()
            row.name = str(int(row.name) + 1)
            session.add(row)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add_one, range(40)))

    assert names(database) == ["40"]


def test_a_reader_neither_waits_for_a_writer_nor_sees_half_of_it(database: Engine) -> None:
    with writing(database) as session:
        session.add(CampaignRow(name="a", created_at=INSTANT))
        session.flush()

        seen_meanwhile = names(database)

    assert seen_meanwhile == []
    assert names(database) == ["a"]


def test_sqlite_checks_foreign_keys_writes_ahead_and_waits(
    tmp_path: Path, opened: Callable[[str], Engine]
) -> None:
    engine = opened(f"sqlite:///{tmp_path}/a b/shop.sqlite")
    migrate(engine)

    with engine.connect() as connection:
        found = [
            connection.execute(text(f"PRAGMA {name}")).scalar_one()
            for name in ("foreign_keys", "journal_mode", "busy_timeout")
        ]

    assert found == [1, "wal", 30_000]


def test_what_the_database_ended_is_done_once_more_and_not_for_ever() -> None:
    tries = []

    def deed(failing: int) -> str:
        tries.append(failing)
        if len(tries) <= failing:
            raise OperationalError("UPDATE", {}, Exception("deadlock detected"))
        return "done"

    assert once_more(lambda: deed(1)) == "done"
    tries.clear()
    with pytest.raises(OperationalError):
        once_more(lambda: deed(2))
