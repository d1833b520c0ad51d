"""Statements about many rows at once, on SQLite and on PostgreSQL."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Table,
    Text,
    any_,
    bindparam,
    func,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

Rows = Sequence[Mapping[str, Any]]


def among(session: Session, column: Any, values: Iterable[Any]) -> ColumnElement[bool]:
    """Ask for a column's value among many, all in one parameter: text, or whole numbers."""
    listed = list(values)
    if is_sqlite(session):
        members = func.json_each(json.dumps(listed)).table_valued("value")
        found: ColumnElement[bool] = column.in_(select(members.c.value))
        return found
    kind = BigInteger() if isinstance(column.type, Integer) else Text()
    wanted = bindparam(None, listed, postgresql.ARRAY(kind))
    equal: ColumnElement[bool] = column == any_(wanted)
    return equal


def insert_into(session: Session, table: Table) -> Any:
    """Begin an insert that knows what to do about conflicts."""
    insert = sqlite.insert if is_sqlite(session) else postgresql.insert
    return insert(table)


def add_all(session: Session, table: Table, rows: Rows) -> None:
    """Insert rows; each of them must be new."""
    if rows:
        session.connection().execute(table.insert(), list(rows))


def upsert(session: Session, table: Table, rows: Rows) -> None:
    """Insert rows, or replace what the rows of the same primary key say."""
    if not rows:
        return
    statement = insert_into(session, table)
    key = [column.name for column in table.primary_key]
    changed = {name: statement.excluded[name] for name in rows[0] if name not in key}
    statement = statement.on_conflict_do_update(index_elements=key, set_=changed)
    session.connection().execute(statement, list(rows))


def is_sqlite(session: Session) -> bool:
    """Say whether the database is a SQLite file."""
    return session.get_bind().dialect.name == "sqlite"


def table_of(row: Any) -> Table:
    """Give the table behind a row's class, for statements without objects."""
    table: Table = row.__table__
    return table
