"""Saved e-mails and their versions: every save is a version, and a version never changes."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime

from sqlalchemy import delete, func
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from core.domain.email_sources import EmailSource, EmailVersion
from core.domain.errors import CampaignError, UnusableInput
from core.store.claiming import check_text, claim
from core.store.tables import EmailRow, EmailVersionRow

LONGEST_DOCUMENT = 2_000_000  # characters


def save_version(
    session: Session, source: EmailSource, *, note: str, saved_at: datetime
) -> EmailVersion:
    """Keep the e-mail as its next version, or give the latest one if that has the same content.

    `session` comes from `database.writing`, so that two savers take turns. Raises UnusableInput for
    what no database can hold: characters that are none, infinite numbers, a book.
    """
    check_text(note, "note")
    check_text(source.name, "name")
    document = _document(source)
    email_id = claim(session, EmailRow, source.name, saved_at)
    newest = session.exec(_newest_first(email_id).limit(1)).first()
    if newest is not None and newest.document == document:
        return _version(newest, source.name)
    row = EmailVersionRow(
        email_id=email_id,
        number=1 if newest is None else newest.number + 1,
        document=document,
        note=note,
        saved_at=saved_at,
    )
    session.add(row)
    session.flush()
    kept = _source(document, source.name)
    return EmailVersion(
        source=kept, number=row.number, note=note, saved_at=saved_at.astimezone(UTC)
    )


def latest(session: Session, name: str) -> EmailVersion | None:
    """Give the e-mail's latest version; None if no saved e-mail has that name."""
    return next(iter(_versions(session, name, limit=1)), None)


def versions(session: Session, name: str) -> list[EmailVersion]:
    """List the e-mail's versions, latest first; none if no saved e-mail has that name."""
    return list(_versions(session, name, limit=None))


def version(session: Session, name: str, number: int) -> EmailVersion | None:
    """Give one version of an e-mail; None if there is no such name or number."""
    row = session.exec(
        select(EmailVersionRow)
        .join(EmailRow, col(EmailRow.id) == EmailVersionRow.email_id)
        .where(EmailRow.name == name, EmailVersionRow.number == number)
    ).first()
    return None if row is None else _version(row, name)


def latest_versions(session: Session) -> list[EmailVersion]:
    """List the latest version of every saved e-mail, by name."""
    newest = (
        select(EmailVersionRow.email_id, func.max(EmailVersionRow.number).label("number"))
        .group_by(col(EmailVersionRow.email_id))
        .subquery()
    )
    rows = session.exec(
        select(EmailRow.name, EmailVersionRow)
        .join(newest, newest.c.email_id == EmailRow.id)
        .join(
            EmailVersionRow,
            (col(EmailVersionRow.email_id) == newest.c.email_id)
            & (col(EmailVersionRow.number) == newest.c.number),
        )
    )
    # Sorted here: databases differ in how they sort text.
    return sorted((_version(row, name) for name, row in rows), key=lambda kept: kept.source.name)


def names(session: Session) -> frozenset[str]:
    """Name the saved e-mails."""
    return frozenset(session.exec(select(EmailRow.name)))


def delete_email(session: Session, name: str) -> bool:
    """Forget a saved e-mail and all its versions; say whether there was one."""
    deleted = session.exec(
        delete(EmailRow).where(col(EmailRow.name) == name).returning(col(EmailRow.id))
    )
    return deleted.first() is not None


def _newest_first(email_id: int) -> SelectOfScalar[EmailVersionRow]:
    return (
        select(EmailVersionRow)
        .where(EmailVersionRow.email_id == email_id)
        .order_by(col(EmailVersionRow.number).desc())
    )


def _versions(session: Session, name: str, *, limit: int | None) -> Iterable[EmailVersion]:
    email_id = session.exec(select(EmailRow.id).where(EmailRow.name == name)).first()
    if email_id is None:
        return []
    rows = session.exec(_newest_first(email_id).limit(limit))
    return [_version(row, name) for row in rows]


def _document(source: EmailSource) -> str:
    """Write all but the name as JSON, in which no character needs a place of its own."""
    values = asdict(source)
    del values["name"]
    try:
        document = json.dumps(values, allow_nan=False, ensure_ascii=True)
    except (TypeError, ValueError) as error:
        raise UnusableInput(
            f"the e-mail {source.name!r} holds a value that no file can hold, such as an infinite "
            "number in its sample; give a finite one"
        ) from error
    if len(document) > LONGEST_DOCUMENT:
        raise UnusableInput(
            f"the e-mail {source.name!r} has {len(document):,} characters; "
            f"{LONGEST_DOCUMENT:,} are the most that can be saved"
        )
    return document


def _source(document: str, name: str) -> EmailSource:
    values = json.loads(document)
    return EmailSource(**{**values, "name": name, "requires": tuple(values["requires"])})


def _version(row: EmailVersionRow, name: str) -> EmailVersion:
    try:
        source = _source(row.document, name)
    except (KeyError, TypeError) as error:
        raise CampaignError(
            f"version {row.number} of the e-mail {name!r} cannot be read by this release; "
            "update Rehearsal"
        ) from error
    return EmailVersion(source=source, number=row.number, note=row.note, saved_at=row.saved_at)
