"""Every row about a person, whatever table it stands in: read out, or deleted.

The tables are asked of the database itself, so that none is forgotten that a later release adds: a
row is about somebody if its `user_id` or `person_id` says so, or its `address` is theirs. Profiles
and messages are only about whose id they have: somebody else may share the address.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    MetaData,
    Table,
    and_,
    delete,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session

from core.store.ingest_tables import PersonLinkRow
from core.store.live_events import partition_of
from core.store.live_outbox import QUEUED, SENDING, WITHHELD
from core.store.live_sets import among, table_of
from core.store.live_tables import EventRow, MessageRow, WaitingRow
from core.store.person_links import lock_partitions
from core.store.privacy_tables import AuditRow, SignUpRow
from core.store.tracking_tables import ReportRow

ERASED = "erased"
_IDS, _ADDRESSES = ("user_id", "person_id"), ("address", "email")
_EVENTS, _WAITING = table_of(EventRow), table_of(WaitingRow)
_MESSAGES, _LINKS, _AUDIT = table_of(MessageRow), table_of(PersonLinkRow), table_of(AuditRow)
_SIGN_UPS, _REPORTS = table_of(SignUpRow), table_of(ReportRow)
# What was said of a call that could not be used may quote it.
_MAY_MENTION = ("rejected_calls", "hook_deliveries", "mail_reports", "alert_notices")
_KEPT = ("live_suppressions",)  # its own verb puts a digest in the place of the address

_BY_ID = ("live_profiles", "live_messages")

Mentions = Callable[[str], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """All ids and e-mail addresses (lower case) of one person."""

    user_ids: frozenset[str]
    addresses: frozenset[str]


def ids_of(session: Session, user_id: str) -> frozenset[str]:
    """Give all ids of a person, by any of them."""
    linked = select(_LINKS.c.user_id).where(_LINKS.c.person_id == user_id)
    owner = session.connection().execute(linked).scalar() or user_id
    former = select(_LINKS.c.person_id).where(_LINKS.c.user_id == owner)
    return frozenset({user_id, owner, *session.connection().execute(former).scalars()})


def addresses_of(session: Session, user_ids: Collection[str]) -> set[str]:
    """Give the addresses at which people were written to, or under which they signed up."""
    own = [
        (_MESSAGES, and_(_MESSAGES.c.user_id.in_(user_ids), ~_MESSAGES.c.is_sandbox)),
        *((table, table.c.user_id.in_(user_ids)) for table in (_SIGN_UPS, _REPORTS)),
    ]
    told = [select(table.c.address).where(about) for table, about in own]
    found = (session.connection().execute(asked).scalars() for asked in told)
    return {address for some in found for address in some if address}


def message_keys_of(session: Session, user_ids: Collection[str]) -> list[str]:
    """Give the keys of all messages to people, those of sandboxes included."""
    asked = select(_MESSAGES.c.key).where(_MESSAGES.c.user_id.in_(user_ids))
    return list(session.connection().execute(asked).scalars())


def rows_of(session: Session, names: Names) -> dict[str, list[dict[str, Any]]]:
    """Give all rows about a person by table, each in the order of its key."""
    found = {}
    for table in _tables(session):
        about = _about(session, table, names)
        if about is not None:
            asked = select(table).where(about).order_by(*table.primary_key)
            rows = [dict(row) for row in session.connection().execute(asked).mappings()]
            if rows:
                found[table.name] = rows
    return found


def withhold_queued(session: Session, names: Names, now: int) -> int:
    """Let no message that waits go out any more; give how many there were."""
    held = session.connection().execute(
        update(_MESSAGES)
        .where(among(session, _MESSAGES.c.user_id, names.user_ids), _MESSAGES.c.state == QUEUED)
        .values(state=WITHHELD, reason=ERASED, changed_at=now)
        .returning(_MESSAGES.c.id)
    )
    return len(held.all())


def sending_count(session: Session, names: Names) -> int:
    """Count the messages that are on the wire at this moment."""
    asked = select(func.count()).where(
        among(session, _MESSAGES.c.user_id, names.user_ids), _MESSAGES.c.state == SENDING
    )
    return int(session.connection().execute(asked).scalar_one())


def delete_rows(session: Session, names: Names, mentions: Mentions) -> dict[str, int]:
    """Delete all rows about a person, and give how many by table; workers are waited for."""
    lock_partitions(session, {partition_of(user_id) for user_id in names.user_ids})
    counts: dict[str, int] = {}
    own = select(_EVENTS.c.seq).where(among(session, _EVENTS.c.user_id, names.user_ids))
    session.connection().execute(delete(_WAITING).where(_WAITING.c.seq.in_(own)))
    for table in _tables(session):
        gone = _delete_about(session, table, names)
        if table.name in _MAY_MENTION:
            gone += _delete_mentioning(session, table, mentions)
        if gone:
            counts[table.name] = gone
    _forget_address(session, names)
    return counts


def redact_audit(session: Session, mentions: Mentions, stand_in: str) -> int:
    """Put words in the place of a person's id wherever the log of changes names it."""
    asked = select(_AUDIT.c.id, _AUDIT.c.subject, _AUDIT.c.detail)
    count = 0
    for row in session.connection().execute(asked).all():
        changed = {name: stand_in for name in ("subject", "detail") if mentions(getattr(row, name))}
        if changed:
            same = update(_AUDIT).where(_AUDIT.c.id == row.id)
            session.connection().execute(same.values(**changed))
            count += 1
    return count


def _tables(session: Session) -> list[Table]:
    """Give all tables, those that refer to others before those."""
    found = MetaData()
    found.reflect(session.connection())
    return list(reversed(found.sorted_tables))


def _about(session: Session, table: Table, names: Names) -> ColumnElement[bool] | None:
    """Say which rows of a table are about somebody; None for a table that is about nobody."""
    ids = [among(session, table.c[name], names.user_ids) for name in _IDS if name in table.c]
    named = [] if table.name in _BY_ID else [name for name in _ADDRESSES if name in table.c]
    found = [*ids, *(_same(session, table.c[name], names) for name in named)]
    return or_(*found) if found else None


def _same(session: Session, column: Column[Any], names: Names) -> ColumnElement[bool]:
    return among(session, func.lower(func.trim(column)), names.addresses)


def _delete_about(session: Session, table: Table, names: Names) -> int:
    about = None if table.name in _KEPT else _about(session, table, names)
    if about is None:
        return 0
    return int(session.connection().execute(delete(table).where(about)).rowcount)


def _forget_address(session: Session, names: Names) -> None:
    """Take an address out of messages that are others': those of a sandbox went to a seed list."""
    same = update(_MESSAGES).where(_same(session, _MESSAGES.c.address, names))
    session.connection().execute(same.values(address=None, detail=None))


def _delete_mentioning(session: Session, table: Table, mentions: Mentions) -> int:
    (key,) = table.primary_key
    rows = session.connection().execute(select(table)).mappings()
    keys = [row[key.name] for row in rows if mentions("\n".join(map(str, row.values())))]
    if keys:
        session.connection().execute(delete(table).where(among(session, key, keys)))
    return len(keys)
