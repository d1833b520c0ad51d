"""A shop on SQLite, and databases of both kinds where that could make a difference."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from core.store.database import migrate, open_database
from tests.api.asking import Shop
from tests.api.mailing import Mailing, mailing_of, send_mail
from tests.store.conftest import (  # noqa: F401 - fixtures
    database,
    database_url,
    empty,
    opened,
    postgresql_server,
    postgresql_url,
)


@pytest.fixture(scope="session")
def _migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("ingest") / "shop.sqlite"
    engine = open_database(f"sqlite:///{file}")
    migrate(engine)
    engine.dispose()
    return file


@pytest.fixture
def own_database(_migrated: Path, tmp_path: Path) -> Iterator[Engine]:
    """Give a SQLite file with all tables."""
    engine = open_database(f"sqlite:///{shutil.copy(_migrated, tmp_path)}")
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def _mailed(_migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mailed")
    file = Path(shutil.copy(_migrated, folder))
    engine = open_database(f"sqlite:///{file}")
    send_mail(engine)
    engine.dispose()
    return file


@pytest.fixture
def mailing(_mailed: Path, tmp_path: Path) -> Iterator[Mailing]:
    """Give an installation of its own that has sent its mail."""
    engine = open_database(f"sqlite:///{shutil.copy(_mailed, tmp_path)}")
    yield mailing_of(engine, tmp_path)
    engine.dispose()


@pytest.fixture
def shop(own_database: Engine) -> Shop:
    """Give a shop that receives events."""
    return Shop(own_database)


@pytest.fixture
def shop_with(own_database: Engine) -> Callable[..., Shop]:
    """Make a shop with limits or a store of its own."""

    def make(**choices: Any) -> Shop:
        return Shop(own_database, **choices)

    return make
