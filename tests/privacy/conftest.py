"""A database of its own for each test: a SQLite file, and where it matters PostgreSQL as well."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine

from core.store.database import migrate, open_database
from tests.store.conftest import opened, postgresql_server, postgresql_url

__all__ = ["opened", "postgresql_server", "postgresql_url"]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run tests that ask for `both_kinds` once on each kind of database."""
    if "database_kind" in metafunc.fixturenames:
        kinds = ["sqlite"]
        if "both_kinds" in metafunc.fixturenames:
            kinds.append("postgresql")
        metafunc.parametrize("database_kind", kinds)


@pytest.fixture
def both_kinds() -> None:
    """Ask for SQLite and PostgreSQL."""


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Migrate one SQLite file, which tests copy."""
    file = tmp_path_factory.mktemp("migrated") / "shop.sqlite"
    engine = open_database(f"sqlite:///{file}")
    migrate(engine)
    engine.dispose()
    return file


@pytest.fixture
def database(
    database_kind: str,
    migrated_file: Path,
    tmp_path: Path,
    opened: Callable[[str], Engine],
    request: pytest.FixtureRequest,
) -> Engine:
    """Give a database with all tables."""
    if database_kind == "sqlite":
        shutil.copy(migrated_file, tmp_path / "shop.sqlite")
        return opened(f"sqlite:///{tmp_path}/shop.sqlite")
    engine = opened(str(request.getfixturevalue("postgresql_url")))
    migrate(engine)
    return engine
