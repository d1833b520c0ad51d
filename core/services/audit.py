"""The audit log: who changed what and when, noted by whoever changes something."""

import csv
import io
from datetime import datetime

from sqlalchemy import Engine

from core.domain.instants import as_microseconds, iso
from core.store import audit_log
from core.store.audit_log import AuditEntry
from core.store.database import reading, writing

MOST_ROWS = 200
_LONGEST = 2_000
# A table program takes a cell that begins so for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def note(
    database: Engine, *, actor: str, action: str, subject: str, detail: str = "", at: datetime
) -> None:
    """Note that somebody changed something; `detail` says in words what was and what is now."""
    with writing(database) as session:
        audit_log.add_entry(
            session,
            actor=actor,
            action=action,
            subject=subject[:_LONGEST],
            detail=detail[:_LONGEST],
            at=as_microseconds(at),
        )


def entries(
    database: Engine,
    *,
    actor: str | None = None,
    action: str | None = None,
    text: str = "",
    since: datetime | None = None,
    before_id: int | None = None,
    limit: int | None = MOST_ROWS,
) -> list[AuditEntry]:
    """List changes, the latest first; `text` is looked for in subject and detail."""
    asked = {"actor": actor, "action": action}
    only = {name: value for name, value in asked.items() if value is not None}
    with reading(database) as session:
        return audit_log.entries(
            session,
            only,
            text=text.strip(),
            since=None if since is None else as_microseconds(since),
            before_id=before_id,
            limit=limit,
        )


def actors(database: Engine) -> list[str]:
    """List who changed something."""
    with reading(database) as session:
        return audit_log.values_of(session, "actor")


def actions(database: Engine) -> list[str]:
    """List what was done."""
    with reading(database) as session:
        return audit_log.values_of(session, "action")


def as_csv(listed: list[AuditEntry]) -> str:
    """Write changes as CSV, none of whose cells a table program runs."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(["at", "who", "action", "what", "details"])
    for entry in listed:
        said = (entry.actor, entry.action, entry.subject, entry.detail)
        writer.writerow([iso(entry.at), *map(_harmless, said)])
    return text.getvalue()


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
