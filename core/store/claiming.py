"""What tables of named things share: claiming a name, and what text a database can hold."""

from datetime import datetime

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col

from core.domain.errors import UnusableInput
from core.store.experiment_tables import ExperimentRow
from core.store.tables import CampaignRow, EmailRow


def claim(
    session: Session,
    table: type[CampaignRow | EmailRow | ExperimentRow],
    name: str,
    created_at: datetime,
) -> int:
    """Give the id of what has that name, made if need be; nobody else saves it until we commit.

    An update that changes nothing locks the row and answers in one statement, so that neither a
    second maker nor a deletion can come between asking and saving.
    """
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    statement = insert(table).values(name=name, created_at=created_at)
    claimed = session.execute(
        statement.on_conflict_do_update(
            index_elements=["name"], set_={"name": statement.excluded.name}
        ).returning(col(table.id))
    ).scalar_one()
    return int(claimed)


def check_text(text: str, called: str) -> None:
    """Raise UnusableInput for characters that are none, which no database can hold."""
    if any(sign == "\0" or "\ud800" <= sign <= "\udfff" for sign in text):
        raise UnusableInput(f"the {called} holds a character that is no text; type it anew")
