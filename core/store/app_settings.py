"""What the marketer set for the whole installation: one JSON value per name."""

import json
from datetime import datetime

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session
from sqlmodel import col, select

from core.domain.errors import UnusableInput
from core.domain.values import JsonValue
from core.store.tables import SettingRow


def keep_setting(session: Session, name: str, value: JsonValue, *, changed_at: datetime) -> None:
    """Keep a value under a name, in place of the former.

    Raises UnusableInput for a number that is infinite or none, which JSON has no word for.
    """
    try:
        # Escaped, because no database holds every character that a text of Python may.
        document = json.dumps(value, allow_nan=False, ensure_ascii=True)
    except ValueError as error:
        raise UnusableInput(
            f"the setting {name!r} holds an infinite number; give it a finite one"
        ) from error
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    statement = insert(SettingRow).values(name=name, document=document, changed_at=changed_at)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["name"],
            set_={
                "document": statement.excluded.document,
                "changed_at": statement.excluded.changed_at,
            },
        )
    )


def setting(session: Session, name: str) -> JsonValue:
    """Give the value kept under a name; None if nothing was."""
    asked = select(SettingRow.document).where(col(SettingRow.name) == name)
    document: str | None = session.connection().execute(asked).scalar()
    return None if document is None else json.loads(document)
