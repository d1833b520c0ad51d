"""Opening the database, bringing its tables up to date, and its transactions."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar, cast

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError
from sqlmodel import Session

from core.domain.errors import UnusableInput

Answer = TypeVar("Answer")

_MIGRATIONS = Path(__file__).parent / "migrations"
_BUSY_MILLISECONDS = 30_000
_BEGIN = "sqlite_begin"
_MIGRATION_LOCK_NUMBER = 7_364_190_215
# Alembic keeps the running migration in module variables: one at a time in a process.
_migrating = threading.Lock()


def open_database(url: str) -> Engine:
    """Prepare connections to the database at `url`, creating the folder of a SQLite file.

    Raises UnusableInput when the URL cannot be read, its folder cannot be made, or the PostgreSQL
    driver is missing. Nothing is connected yet.
    """
    try:
        # Asks whether a connection still lives before it is used: the server may have restarted.
        engine = create_engine(url, pool_pre_ping=True)
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        raise UnusableInput(
            "REHEARSAL_DATABASE_URL is no database URL; write it as "
            "postgresql://USER:PASSWORD@HOST:5432/DATABASE or sqlite:///FILE"
        ) from error
    except ModuleNotFoundError as error:
        raise UnusableInput(
            f"REHEARSAL_DATABASE_URL needs the Python package {error.name!r}, which is not "
            "installed; install psycopg[binary], or unset the variable to use SQLite"
        ) from error
    if engine.dialect.name == "sqlite":
        _make_folder(engine)
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """Give a session for questions; what it is told to change is not kept."""
    with Session(engine) as session:
        yield session
        session.rollback()


@contextmanager
def writing(engine: Engine) -> Iterator[Session]:
    """Give a session for one transaction: all of it is kept, or after an exception nothing.

    On SQLite writers queue up from their first statement. One that read first and wrote later
    could not wait, because what it had read would be out of date: SQLite then fails at once.
    """
    with Session(engine.execution_options(**{_BEGIN: "BEGIN IMMEDIATE"})) as session:
        yield session
        session.commit()


@contextmanager
def one_transaction(engine: Engine) -> Iterator[Engine]:
    """Let verbs that each write in a transaction of their own share one; none may only read.

    A connection is an engine to them: it gives sessions, which join the transaction that it is in,
    so that what they commit is kept with the whole, and lost with it.
    """
    with writing(engine) as session:
        yield cast(Engine, session.connection())


def once_more(deed: Callable[[], Answer]) -> Answer:
    """Do what has a transaction of its own; once more where the database ended that.

    PostgreSQL ends one of two that wait for each other, and SQLite who waited for too long. For
    what nobody would try again, such as a mail program that unsubscribes its user.
    """
    try:
        return deed()
    except OperationalError:
        return deed()


def migrate(engine: Engine) -> None:
    """Bring the tables up to date, in one transaction; safe in several processes at once.

    Raises UnusableInput when the database cannot be reached, is no database, or was written by a
    newer release.
    """
    writer = engine.execution_options(**{_BEGIN: "BEGIN IMMEDIATE"})
    try:
        with _migrating, writer.begin() as connection:
            _lock_out_others(connection)
            command.upgrade(_alembic(connection), "head")
    except DBAPIError as error:
        raise UnusableInput(f"the database {_shown(engine)} {_reason(error)}") from error
    except CommandError as error:
        raise UnusableInput(
            f"the database {_shown(engine)} was written by a newer release ({error}); "
            "update Rehearsal, or give it another database"
        ) from error


def _alembic(connection: Connection) -> Config:
    config = Config()
    # Alembic's own syntax gives % a meaning, which a folder's name may contain.
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _lock_out_others(connection: Connection) -> None:
    """Wait for another process that migrates. On SQLite the transaction itself does."""
    if connection.dialect.name == "postgresql":
        connection.execute(
            text("SELECT pg_advisory_xact_lock(:number)"), {"number": _MIGRATION_LOCK_NUMBER}
        )


def _set_up_sqlite(connection: Any, _record: object) -> None:
    connection.execute(f"PRAGMA busy_timeout = {_BUSY_MILLISECONDS}")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA journal_mode = WAL")


def _begin_sqlite(connection: Connection) -> None:
    # Left alone, the driver begins a transaction neither for reading nor for changing tables.
    connection.exec_driver_sql(connection.get_execution_options().get(_BEGIN, "BEGIN"))


def _make_folder(engine: Engine) -> None:
    folder = Path(engine.url.database or "").parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise UnusableInput(
            f"the folder {str(folder)!r} for the database cannot be made "
            f"({getattr(error, 'strerror', None) or error}); choose another REHEARSAL_HOME"
        ) from error


def _shown(engine: Engine) -> str:
    if engine.dialect.name == "sqlite":
        return str(engine.url.database)
    return engine.url.set(query={}).render_as_string(hide_password=True)


def _reason(error: DBAPIError) -> str:
    said = " ".join(str(error.orig).split())
    return f"cannot be used ({said}); check REHEARSAL_HOME and REHEARSAL_DATABASE_URL"
