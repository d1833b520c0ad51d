"""Bounces and complaints as they were reported, and how often in a row an address bounced."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from core.store.live_sets import among, insert_into, table_of
from core.store.tracking_tables import ReportRow, SoftBounceRow

_REPORTS, _SOFT = table_of(ReportRow), table_of(SoftBounceRow)


class StoredReport(NamedTuple):
    """What was reported of a message, and what came of it; times in µs."""

    digest: str
    source: str
    kind: str
    outcome: str
    address: str
    message_key: str | None
    user_id: str | None
    status: str
    diagnostic: str
    at: int
    received_at: int


_FIELDS = [_REPORTS.c[name] for name in StoredReport._fields]


def add_report(session: Session, report: StoredReport) -> bool:
    """Keep a report; False if it was taken before."""
    statement = insert_into(session, _REPORTS).on_conflict_do_nothing().values(**report._asdict())
    return session.connection().execute(statement.returning(_REPORTS.c.id)).first() is not None


def latest_reports(session: Session, limit: int) -> list[StoredReport]:
    """List the reports received last, the latest first."""
    asked = select(*_FIELDS).order_by(_REPORTS.c.id.desc()).limit(limit)
    return [StoredReport._make(row) for row in session.connection().execute(asked)]


def count_soft(session: Session, address: str, at: int) -> int:
    """Count a bounce of an address that may pass; give how many there are in a row."""
    row = {"address": _plain(address), "bounce_count": 1, "last_at": at}
    statement = insert_into(session, _SOFT).values(**row)
    counted = statement.on_conflict_do_update(
        index_elements=["address"],
        set_={"bounce_count": _SOFT.c.bounce_count + 1, "last_at": at},
    ).returning(_SOFT.c.bounce_count)
    return int(session.connection().execute(counted).scalar_one())


def reached(session: Session, addresses: Iterable[str]) -> None:
    """Forget the bounces of addresses that something reached."""
    plain: Sequence[str] = [_plain(address) for address in addresses]
    if plain:
        session.connection().execute(delete(_SOFT).where(among(session, _SOFT.c.address, plain)))


def _plain(address: str) -> str:
    """Write an address in one way: a domain may be told in ASCII or in letters of its own."""
    name, _, domain = address.strip().lower().rpartition("@")
    try:
        return f"{name}@{domain.encode('idna').decode('ascii')}"
    except UnicodeError:
        return f"{name}@{domain}"
