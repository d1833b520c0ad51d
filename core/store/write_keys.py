"""Write keys: names and digests, when they were used last, and when they were revoked."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import update
from sqlmodel import Session, col, select

from core.domain.errors import UnusableInput
from core.domain.write_keys import KeyKind, Sender, WriteKey
from core.store.claiming import check_text
from core.store.ingest_tables import WriteKeyRow
from core.store.live_sets import insert_into, table_of


def add_key(
    session: Session,
    name: str,
    digest: str,
    *,
    kind: KeyKind,
    origins: Sequence[str],
    created_at: datetime,
) -> None:
    """Keep a new key's digest; a revoked key of that name makes room for it.

    Raises UnusableInput when a key of that name is in use.
    """
    check_text(name, "name of the key")
    table = table_of(WriteKeyRow)
    fresh = {
        "digest": digest,
        "kind": kind.value,
        "origins": "\n".join(origins),
        "created_at": created_at,
        "last_used_at": None,
        "revoked_at": None,
    }
    statement = insert_into(session, table).values(name=name, **fresh)
    added = session.connection().execute(
        statement.on_conflict_do_update(
            index_elements=["name"], set_=fresh, where=table.c.revoked_at.is_not(None)
        ).returning(table.c.id)
    )
    if added.first() is None:
        raise UnusableInput(
            f"there is a write key called {name!r} already; choose another name, or revoke it first"
        )


def revoke(session: Session, name: str, *, revoked_at: datetime) -> WriteKey | None:
    """Take a key out of use; None if none of that name is in use."""
    row = session.exec(
        select(WriteKeyRow).where(WriteKeyRow.name == name, col(WriteKeyRow.revoked_at).is_(None))
    ).first()
    if row is None:
        return None
    row.revoked_at = revoked_at
    session.add(row)
    session.flush()
    return _key(row)


def list_keys(session: Session) -> list[WriteKey]:
    """List all keys, the newest first."""
    rows = session.exec(select(WriteKeyRow).order_by(col(WriteKeyRow.id).desc()))
    return [_key(row) for row in rows]


def active_senders(session: Session) -> Sequence[tuple[str, Sender]]:
    """Give digest and holder of every key in use."""
    rows = session.exec(select(WriteKeyRow).where(col(WriteKeyRow.revoked_at).is_(None)))
    return [
        (
            row.digest,
            Sender(name=row.name, kind=KeyKind(row.kind), origins=frozenset(_origins(row))),
        )
        for row in rows
    ]


def note_use(session: Session, name: str, *, used_at: datetime) -> None:
    """Note that a key was used."""
    session.connection().execute(
        update(table_of(WriteKeyRow))
        .where(col(WriteKeyRow.name) == name, col(WriteKeyRow.revoked_at).is_(None))
        .values(last_used_at=used_at)
    )


def _key(row: WriteKeyRow) -> WriteKey:
    return WriteKey(
        name=row.name,
        kind=KeyKind(row.kind),
        origins=_origins(row),
        created_at=row.created_at.astimezone(UTC),
        last_used_at=_utc(row.last_used_at),
        revoked_at=_utc(row.revoked_at),
    )


def _origins(row: WriteKeyRow) -> tuple[str, ...]:
    return tuple(row.origins.split("\n")) if row.origins else ()


def _utc(instant: datetime | None) -> datetime | None:
    return None if instant is None else instant.astimezone(UTC)
