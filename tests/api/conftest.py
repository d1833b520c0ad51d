"""A shop on SQLite, and one that has sent its mail."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from core.store.database import open_database
from tests.api.asking import Shop
from tests.api.mailing import Mailing, mailing_of, send_mail


@pytest.fixture(scope="session")
def _mailed(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mailed")
    file = Path(shutil.copy(migrated_file, folder))
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
