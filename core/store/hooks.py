"""Systems that call us: who they are, what became of their calls, and what came already."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, func, select, update
from sqlalchemy.orm import Session

from core.domain.hooks import HookDelivery, HookMapping, HookOutcome, HookSource, Preset
from core.store.hooks_tables import HookDeliveryRow, HookSeenRow, HookSourceRow
from core.store.live_sets import add_all, among, insert_into, table_of
from core.store.live_tables import ProfileRow

KEPT_COUNT = 200

_SOURCES, _DELIVERIES = table_of(HookSourceRow), table_of(HookDeliveryRow)
_SEEN, _PROFILES = table_of(HookSeenRow), table_of(ProfileRow)


def add_source(
    session: Session,
    *,
    name: str,
    preset: Preset,
    secret: str,
    organization: str,
    mapping: HookMapping,
    created_at: datetime,
) -> HookSource | None:
    """Keep a source; None if there is one of that name."""
    statement = insert_into(session, _SOURCES).on_conflict_do_nothing()
    values = {
        "name": name,
        "preset": preset.value,
        "secret": secret,
        "organization": organization,
        "mapping": _written(mapping),
        "created_at": created_at,
    }
    added = session.connection().execute(statement.values(**values).returning(*_SOURCES.c))
    row = added.first()
    return None if row is None else _source(row)


def sources(session: Session) -> list[HookSource]:
    """List the sources by name."""
    rows = session.connection().execute(select(_SOURCES).order_by(_SOURCES.c.name))
    return [_source(row) for row in rows]


def source_named(session: Session, name: str) -> HookSource | None:
    """Give the source of a name."""
    found = session.connection().execute(select(_SOURCES).where(_SOURCES.c.name == name)).first()
    return None if found is None else _source(found)


def change_source(session: Session, source_id: int, **values: Any) -> HookSource | None:
    """Change what is kept of a source; None if it is gone."""
    if "mapping" in values:
        values["mapping"] = _written(values["mapping"])
    changed = session.connection().execute(
        update(_SOURCES).where(_SOURCES.c.id == source_id).values(**values).returning(*_SOURCES.c)
    )
    row = changed.first()
    return None if row is None else _source(row)


def remove_source(session: Session, source_id: int) -> bool:
    """Take a source away with all that is kept of it; False if it is gone already."""
    for table in (_SEEN, _DELIVERIES):
        session.connection().execute(delete(table).where(table.c.source_id == source_id))
    gone = session.connection().execute(
        delete(_SOURCES).where(_SOURCES.c.id == source_id).returning(_SOURCES.c.id)
    )
    return gone.first() is not None


def note_new(
    session: Session, source_id: int, digests: Iterable[str], *, seen_at: datetime
) -> set[str]:
    """Note what a source tells, and give what of it is new."""
    new = set()
    statement = insert_into(session, _SEEN).on_conflict_do_nothing().returning(_SEEN.c.digest)
    for digest in sorted(set(digests)):  # in one order, so that no two wait for each other
        row = {"source_id": source_id, "digest": digest, "seen_at": seen_at}
        if session.connection().execute(statement.values(**row)).first() is not None:
            new.add(digest)
    return new


def add_delivery(session: Session, source_id: int, delivery: HookDelivery) -> None:
    """Note what became of a call; only the latest are kept."""
    row = {
        "source_id": source_id,
        "received_at": delivery.received_at,
        "outcome": delivery.outcome.value,
        "reason": delivery.reason,
        "topic": delivery.topic,
        "item_count": delivery.item_count,
        "event_count": delivery.event_count,
    }
    add_all(session, _DELIVERIES, [row])
    own = _DELIVERIES.c.source_id == source_id
    kept = select(_DELIVERIES.c.id).where(own).order_by(_DELIVERIES.c.id.desc())
    oldest = kept.offset(KEPT_COUNT).limit(1).scalar_subquery()
    session.connection().execute(delete(_DELIVERIES).where(own, _DELIVERIES.c.id <= oldest))


def deliveries(session: Session, source_id: int, limit: int) -> list[HookDelivery]:
    """List a source's calls, the latest first."""
    rows = session.connection().execute(
        select(_DELIVERIES)
        .where(_DELIVERIES.c.source_id == source_id)
        .order_by(_DELIVERIES.c.id.desc())
        .limit(limit)
    )
    return [
        HookDelivery(
            received_at=row.received_at,
            outcome=HookOutcome(row.outcome),
            reason=row.reason,
            topic=row.topic,
            item_count=row.item_count,
            event_count=row.event_count,
        )
        for row in rows
    ]


def last_deliveries(session: Session) -> dict[int, datetime]:
    """Give when each source called last."""
    latest = select(_DELIVERIES.c.source_id, func.max(_DELIVERIES.c.id).label("id"))
    found = latest.group_by(_DELIVERIES.c.source_id).subquery()
    rows = session.connection().execute(
        select(_DELIVERIES.c.source_id, _DELIVERIES.c.received_at).join(
            found, found.c.id == _DELIVERIES.c.id
        )
    )
    return {row[0]: row[1] for row in rows}


def people_by_email(session: Session, addresses: Iterable[str]) -> dict[str, list[str]]:
    """Name the people who have an address, by the address in lower case."""
    rows = session.connection().execute(
        select(_PROFILES.c.email_key, _PROFILES.c.user_id)
        .where(among(session, _PROFILES.c.email_key, addresses))
        .order_by(_PROFILES.c.user_id)
    )
    found: dict[str, list[str]] = {}
    for address, user_id in rows:
        found.setdefault(address, []).append(user_id)
    return found


def _written(mapping: HookMapping) -> str:
    return json.dumps(mapping.model_dump(mode="json"))


def _source(row: Row[Any]) -> HookSource:
    return HookSource(
        id=row.id,
        name=row.name,
        preset=Preset(row.preset),
        secret=row.secret,
        former_secret=row.former_secret,
        former_until=row.former_until,
        organization=row.organization,
        mapping=HookMapping.model_validate_json(row.mapping),
        created_at=row.created_at,
    )
