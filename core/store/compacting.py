"""Making what was deleted unreadable: a database keeps it in its files until it is compacted."""

import sqlite3
from collections.abc import Iterable

from sqlalchemy import Engine, text


def compact(engine: Engine, tables: Iterable[str]) -> bool:
    """Rewrite the files so that nothing deleted is left in them; False if others are reading.

    On SQLite the whole database is written anew, its log is emptied, and writers wait meanwhile;
    on PostgreSQL the space of the tables is given free.
    """
    if engine.dialect.name == "sqlite":
        return _compact_sqlite(engine)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        quote = connection.dialect.identifier_preparer.quote
        for table in sorted(tables):
            connection.execute(text(f"VACUUM {quote(table)}"))
    return True


def _compact_sqlite(engine: Engine) -> bool:
    # Not through a transaction of ours: VACUUM refuses to run in one.
    connection = engine.raw_connection()
    try:
        cursor = connection.cursor()
        cursor.execute("VACUUM")
        found = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return found is not None and not found[0]
    except sqlite3.OperationalError:
        return False  # somebody writes, or there is no room just now
    finally:
        connection.close()
