"""Erasures that were asked for: who, until it is done; afterwards only a receipt."""

import json
from typing import Any, NamedTuple

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from core.domain.values import JsonValue
from core.store.live_sets import table_of
from core.store.personal_rows import Names
from core.store.privacy_tables import ErasureRow

_ERASURES = table_of(ErasureRow)


class StoredErasure(NamedTuple):
    """An erasure; `names` is None once the rows are gone, `done_at` (µs) set when all is."""

    id: int
    digest: str
    names: Names | None
    actor: str
    asked_at: int
    done_at: int | None
    receipt: dict[str, JsonValue]


def add_erasure(session: Session, names: Names, digest: str, actor: str, at: int) -> int:
    """Note that somebody is to be erased; give its number."""
    written = {"user_ids": sorted(names.user_ids), "addresses": sorted(names.addresses)}
    added = session.connection().execute(
        _ERASURES.insert()
        .values(digest=digest, names=json.dumps(written), actor=actor, asked_at=at, receipt="{}")
        .returning(_ERASURES.c.id)
    )
    return int(added.scalar_one())


def erasure(session: Session, erasure_id: int) -> StoredErasure | None:
    """Give an erasure by its number."""
    asked = select(_ERASURES).where(_ERASURES.c.id == erasure_id)
    row = session.connection().execute(asked).mappings().first()
    return None if row is None else _stored(dict(row))


def erasures(session: Session, *, only_open: bool = False, limit: int = 100) -> list[StoredErasure]:
    """List erasures, the latest first: so many, or all that are open."""
    asked = select(_ERASURES).order_by(_ERASURES.c.id.desc())
    is_open = _ERASURES.c.done_at.is_(None)
    asked = asked.where(is_open) if only_open else asked.limit(limit)
    return [_stored(dict(row)) for row in session.connection().execute(asked).mappings()]


def done_at(session: Session, digest: str) -> int | None:
    """Give when (µs) somebody was erased last, by the digest of their id; None if never."""
    asked = select(func.max(_ERASURES.c.done_at)).where(_ERASURES.c.digest == digest)
    found: int | None = session.connection().execute(asked).scalar_one()
    return found


def keep_receipt(
    session: Session, erasure_id: int, receipt: dict[str, JsonValue], *, forget_names: bool = False
) -> None:
    """Keep what was done so far; with `forget_names` nothing of the person stays."""
    values: dict[str, Any] = {"receipt": json.dumps(receipt)}
    if forget_names:
        values["names"] = ""
    same = update(_ERASURES).where(_ERASURES.c.id == erasure_id)
    session.connection().execute(same.values(**values))


def finish(session: Session, erasure_id: int, at: int) -> None:
    """Note that an erasure is done."""
    same = update(_ERASURES).where(_ERASURES.c.id == erasure_id)
    session.connection().execute(same.values(done_at=at))


def _stored(row: dict[str, Any]) -> StoredErasure:
    said = json.loads(row["names"]) if row["names"] else None
    names = None
    if said is not None:
        names = Names(user_ids=frozenset(said["user_ids"]), addresses=frozenset(said["addresses"]))
    return StoredErasure(
        id=row["id"],
        digest=row["digest"],
        names=names,
        actor=row["actor"],
        asked_at=row["asked_at"],
        done_at=row["done_at"],
        receipt=json.loads(row["receipt"]),
    )
