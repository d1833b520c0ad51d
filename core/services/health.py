"""Whether this installation can work just now."""

from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from core.store.database import reading


def answers(database: Engine) -> bool:
    """Say whether the database answers."""
    try:
        with reading(database) as session:
            session.connection().execute(text("SELECT 1"))
    except DBAPIError:
        return False
    return True
